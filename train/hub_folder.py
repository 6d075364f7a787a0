"""Write what stands beside a checkpoint's weights again.

    python train/hub_folder.py checkpoints/pattlite-ferplus

Code, config, card, results, confusion matrix: after new results, a new sentence in the hub config, or a change of the
code. The weights stay as they are.
"""

import argparse
import sys
from pathlib import Path

from fer_models.checkpoint import CheckpointError, load_network
from fer_models.paths import RESULTS, ROOT
from fer_models.results import ResultError
from train.config.recipe import ConfigError, load_config
from train.hub.folder import HubFolderError, verify_hub_folder, write_hub_folder


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="+", help="checkpoint folder")
    parser.add_argument("--config", help="default: hub_configs/NAME.yaml")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--verify", action="store_true", help="also load it without this repository")
    options = parser.parse_args(arguments)
    try:
        for folder in options.folder:
            config = load_config(options.config or ROOT / "hub_configs" / f"{folder.resolve().name}.yaml")
            model, processor = load_network(folder)
            write_hub_folder(folder, model, processor, config, options.results)
            if options.verify:
                verify_hub_folder(folder)
    except (CheckpointError, ConfigError, HubFolderError, ResultError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
