"""The Space: upload a photo or turn on the webcam, see what each model answers and where it looked."""

import os
import socket
import sys

from space.private_folder import end, make_private_folder

os.environ["GRADIO_TEMP_DIR"] = str(make_private_folder(own_process=__name__ == "__main__"))  # before Gradio looks
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # nothing leaves the machine
if "--models" not in sys.argv and not os.environ.get("FER_MODELS"):
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the models come from checkpoints/

import argparse
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from fer_models.analyzer import CHECKPOINTS, Analyzer, CheckpointError
from fer_models.engines import ENGINES
from fer_models.side_by_side import cores
from space.api import add_api
from space.cameras import Cameras
from space.gate import Gate
from space.health import Health
from space.image.answers import ImageAnswers
from space.image.maps import colormap_filters
from space.image.tab import photo_tab
from space.jobs import JobPage, watch
from space.limits import LimitError, Limits, read_limits
from space.live.live_tab import live_tab
from space.live.video_tab import video_tab
from space.log import start_log
from space.memory import share_memory_pools
from space.numbers.limits_tab import limits_tab
from space.numbers.measured import measured
from space.numbers.models_tab import models_tab
from space.open_models import notice_html, open_models
from space.page.first_screen import middleware
from space.page.style import HEAD, THEME, plain
from space.traffic import Places, Traffic
from space.uploaded import MOST_BYTES
from space.uploads import EVERY, MAX_AGE, SESSIONS, forget_sessions, keep_tidy, sweep
from space.visitor import current_session

INTRO = """<header class="fer intro"><h1>Which expression do models see in this face, and where did they look?</h1>
<p>A face’s expression is not a person’s feeling. Photos are deleted within an hour.</p>
<p class="notice" id="page-notice" role="alert" hidden></p></header>"""

LAUNCH = {
    "theme": THEME,
    "max_file_size": MOST_BYTES,
    "allowed_paths": [str(Path(__file__).resolve().parent / "examples")],  # from wherever the Space is started
    "show_error": False,
    "state_session_capacity": SESSIONS,
    "run_history": False,  # or the browser would keep what was uploaded
    "mcp_server": True,
    "footer_links": ["api"],
}


def build(analyzer: Analyzer, missing: Sequence[str] = (), limits: Limits | None = None) -> tuple[gr.Blocks, dict]:
    """The page, wired to an analyzer, which says which models are `missing`; and how it is launched."""
    limits, traffic = limits or Limits(), Traffic()
    cameras = Cameras(limits.cameras, limits.cameras_of_one)
    streams = Places(limits.streams, limits.streams_of_one)
    found = measured(analyzer)
    answers = ImageAnswers(
        analyzer, agreement=found.agreement, best=found.best_methods, session=current_session, worth=found.worth
    )
    fastest = found.fastest
    title = "Which expression, and where did the models look?"
    with JobPage(limits, traffic, title=title, fill_width=True, delete_cache=(EVERY, MAX_AGE)) as page:
        plain(INTRO + notice_html(missing) + colormap_filters(), elem_id="intro")
        with gr.Tabs():
            photo_tab(answers)
            live_tab(analyzer, fastest, cameras)
            video_tab(analyzer, fastest, limits.clip_seconds)
            models_tab(found)
            limits_tab(found)
        add_api(answers)
    page.queue(max_size=limits.waiting, api_open=False)
    watch({network for one in analyzer.checkpoints.values() for network in one.networks})
    health = Health(
        lambda: page._queue, analyzer.checkpoints, missing, traffic, streams, cameras, metrics=bool(limits.metrics)
    )
    gate = Middleware(Gate, limits=limits, traffic=traffic, streams=streams, own=health)
    here = ["127.0.0.1", "localhost"]  # Gradio asks itself, as it starts
    hosts = [Middleware(TrustedHostMiddleware, allowed_hosts=[*limits.hosts.split(), *here])] if limits.hosts else []
    return page, LAUNCH | {"app_kwargs": {"middleware": [gate, *hosts, *middleware(HEAD)]}}


def port_is_free(port: int) -> bool:
    """Whether this program may listen there, on any of the machine's own addresses."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just left is free
        try:
            listener.bind((os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), port))
        except (OSError, OverflowError):
            return False
    return True


def main() -> None:
    share_memory_pools()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder of checkpoint folders")
    parser.add_argument("--port", type=int, help="default: the first free one from 7860 on")
    parser.add_argument(
        "--models",
        nargs="+",
        default=os.environ.get("FER_MODELS", "").split(),
        help="names or folders, from the Hub where they are not here (default: FER_MODELS, else all of --checkpoints)",
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda, mps (default: a GPU, if there is one)")
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="auto",
        help="onnx is faster on a CPU and makes what it needs the first time, which takes minutes (default: onnx where "
        "that is there)",
    )
    options = parser.parse_args()
    if options.port is not None and not port_is_free(options.port):
        sys.exit(f"error: port {options.port} cannot be used, perhaps another program has it; choose another --port")
    try:
        limits = read_limits()
        analyzer, missing = open_models(options.models, options.checkpoints, options.device, options.engine)
    except (CheckpointError, LimitError) as error:
        sys.exit(f"error: {error}")
    start_log(limits.log)
    if "torch" in sys.modules:  # by itself torch takes a machine's cores for those of its container
        sys.modules["torch"].set_num_threads(cores())
    page, launch = build(analyzer, missing, limits)
    folder = Path(os.environ["GRADIO_TEMP_DIR"])
    keep_tidy([partial(sweep, folder), partial(forget_sessions, page)])
    with suppress(KeyboardInterrupt):
        page.launch(server_port=options.port, prevent_thread_lock=True, **launch)
        threading.Event().wait()
    end(folder)


if __name__ == "__main__":
    main()
