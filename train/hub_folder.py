"""Write a checkpoint folder's config and card again, and put the folder of its Hub repo together.

    python train/hub_folder.py checkpoints/pattlite-ferplus
    python train/hub_folder.py checkpoints/pattlite-ferplus --out hub/ --verify

The first after new results or a new sentence in the hub config; the weights stay as they are. The second also writes
`hub/pattlite-ferplus`: weights, config, card, and with them code, results and confusion matrix. Every push sends such a
folder, put together anew.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from fer_models.checkpoint import CheckpointError, load_network
from fer_models.files import write_faults_told
from fer_models.paths import HUB_CONFIGS, RESULTS
from fer_models.results import ResultError
from train.config.recipe import ConfigError, load_config
from train.hub.assemble import assemble
from train.hub.folder import HubFolderError, verify_hub_folder, write_card, write_network


@write_faults_told()
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="+", help="checkpoint folder")
    parser.add_argument("--out", type=Path, metavar="HUB", help="put the folder of the Hub repo together as HUB/NAME")
    parser.add_argument("--config", help="default: hub_configs/NAME.yaml")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--verify", action="store_true", help="also load what is put together without this repository")
    options = parser.parse_args(arguments)
    try:
        for folder in options.folder:
            name = folder.resolve().name
            config = load_config(options.config or HUB_CONFIGS / f"{name}.yaml")
            model, processor = load_network(folder)
            write_network(folder, model, processor, config.half_precision)
            write_card(folder, model, processor, config, options.results)
            with tempfile.TemporaryDirectory() as elsewhere:
                whole = (options.out or Path(elsewhere)) / name
                if options.out or options.verify:
                    assemble(folder, whole, config, options.results)
                if options.verify:
                    verify_hub_folder(whole)
    except (CheckpointError, ConfigError, HubFolderError, ResultError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
