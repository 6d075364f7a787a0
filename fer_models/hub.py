"""A checkpoint's name -> the folder that holds it: in `checkpoints/`, in the Hub's cache, or fetched from the Hub."""

import hashlib
import json
import os
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from huggingface_hub import HfApi, constants, get_token, hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import tqdm, validate_repo_id

from fer_models.errors import CheckpointError
from fer_models.hub_requests import Patience, patient
from fer_models.paths import CHECKPOINTS, IN_REPOSITORY
from fer_models.places import FILES, checkpoint_name, local_checkpoints, local_folder

REVISIONS = Path(__file__).with_name("revisions.json")  # Hub repo -> the commit that is loaded by default
OPTIONAL = ("average_maps.npz",)  # fetched where a repo has them; `fer_models/average_maps.py` says what they are
ANSWER_SECONDS = 4.0  # the client itself tries for half a minute, or for ever
TRANSFER_SECONDS = 15.0  # without a byte, once it has answered; the client asks again after 10


def checkpoint_folder(source: str | Path) -> Path:
    """The folder of a checkpoint.

    Args:
        source: a folder; or `NAME`, which is looked for in the repository's `checkpoints/`, then among the Hub repos of
            the account that the variable `FER_HUB_ORG` names; or `ORG/NAME`, a Hub repo. `NAME@REVISION` asks for a
            commit, branch or tag of the repo; without it the commit that `revisions.json` gives is taken, or `main`. A
            repo that is in the Hub's cache is not asked for again: `hf download ORG/NAME` renews it.

    Raises:
        CheckpointError: there is none, the Hub does not give it (after `ANSWER_SECONDS` at most when it is down), or it
            arrived damaged.
    """
    here = local_folder(source)
    if here is not None:
        return here
    name, _, revision = str(source).partition("@")
    repo = _repo_id(name)
    revision = revision or _pinned(repo)
    folder = _cached(repo, revision or constants.DEFAULT_REVISION)
    if folder:
        damaged = [file for file, wanted in _hashes_in_cache(folder).items() if not has_hash(folder / file, wanted)]
        if not damaged:
            return folder
        _forget(folder, damaged)
    try:
        return _fetch(repo, revision)
    except Exception as error:  # every layer of the client raises its own
        reason = str(error) if isinstance(error, CheckpointError) else hub_reason(error, repo)
        missing = f"there is no folder {Path(source).expanduser()}"
        if "/" not in name and IN_REPOSITORY:
            missing = f"{name} is not in {CHECKPOINTS}"
        if folder:
            missing = f"the copy of {repo} in the cache is damaged ({', '.join(damaged)})"
        raise CheckpointError(f"{missing}, and {repo} cannot be fetched: {reason}") from error


def require_architecture(config: Path) -> None:
    """Nothing, if a `config.json` is of an architecture of this library; the code of any other is never loaded.

    Raises:
        CheckpointError: it is of another one, or cannot be read.
    """
    from fer_models.architectures import ARCHITECTURES  # brings torch, which names alone do not need

    try:
        kind = json.loads(config.read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError("its config.json cannot be read or names no architecture; fetch it again") from error
    ours = [architecture.model_type for architecture, _ in ARCHITECTURES]
    if kind not in ours:
        raise CheckpointError(
            f"its architecture is {kind!r}, and this library loads no code but its own; choose one of {', '.join(ours)}"
        )


def available(sources: Sequence[str | Path]) -> tuple[list[str | Path], dict[str | Path, str]]:
    """Those checkpoints that can be had, and for each of the others a sentence that says why not.

    All are asked for at once, so a Hub that is down costs its time limit once.
    """

    def fault(source: str | Path) -> str:
        try:
            checkpoint_folder(source)
        except CheckpointError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(max(len(sources), 1)) as pool:
        faults = dict(zip(sources, pool.map(fault, sources), strict=True))
    return [source for source in faults if not faults[source]], {s: text for s, text in faults.items() if text}


def hub_reason(error: BaseException | None, repo: str) -> str:
    """Why a call of the Hub's client failed, in words for its user."""
    hub = f"the Hub ({constants.ENDPOINT})"
    while error is not None:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if isinstance(error, GatedRepoError):
            return f"its conditions must be accepted first, at {constants.ENDPOINT}/{repo}"
        if isinstance(error, RepositoryNotFoundError):
            why = "your token may not see it" if get_token() else "you are not logged in (`hf auth login`)"
            return f"{hub} has no repo {repo}, or it is private and {why}"
        if isinstance(error, RevisionNotFoundError):
            return "it has no such revision"
        if isinstance(error, HfHubHTTPError):
            return f"{hub} {_status_reason(error)}"
        if isinstance(error, OfflineModeIsEnabled):
            return "HF_HUB_OFFLINE is set, so the Hub is not asked"
        # by name, because the client has changed its HTTP library more than once
        if "TimeoutException" in kinds:
            return f"{hub} does not answer; try again later"
        if "TransportError" in kinds:
            return f"{hub} cannot be reached, or broke off; check the connection and try again"
        if isinstance(error, OSError) and error.errno:
            return f"{error.filename or constants.HF_HUB_CACHE} cannot be written: {error.strerror}"
        if isinstance(error, ValueError | KeyError):
            return f"what answers is not {hub}; perhaps the network wants you to log in"
        error = error.__cause__
    return f"{hub} sent less than it said, or something else; try again later"


def _status_reason(error: HfHubHTTPError) -> str:
    status, headers = error.response.status_code, error.response.headers
    if status == 401:
        return "refuses your token; log in again (`hf auth login`), or correct HF_TOKEN"
    if status == 403:
        return f"does not let your token do that: {headers.get('X-Error-Message', 'forbidden')}"
    if status == 429:
        wait = headers.get("Retry-After", "")
        return f"was asked too often (HTTP 429); try again {f'in {wait} s' if wait.isdigit() else 'later'}"
    if status >= 500:
        return f"has a fault of its own (HTTP {status}); try again later"
    return f"answers HTTP {status}: {headers.get('X-Error-Message', 'no reason given')}"


def _repo_id(name: str) -> str:
    org = os.environ.get("FER_HUB_ORG")
    if "/" not in name and not org:
        missing = f"the installed package brings no checkpoints, and there is no folder {name}; give a folder"
        if IN_REPOSITORY:
            missing = f"no checkpoint {name!r} in {CHECKPOINTS} (there: {', '.join(local_checkpoints()) or 'none'})"
        raise CheckpointError(f"{missing}; for the Hub, give ORG/{name} or set FER_HUB_ORG")
    repo = name if "/" in name else f"{org}/{name}"
    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise CheckpointError(f"{name!r} is neither a folder with a checkpoint nor the name of a Hub repo") from error
    return repo


def _pinned(repo: str) -> str | None:
    return json.loads(REVISIONS.read_text(encoding="utf-8")).get(repo) if REVISIONS.is_file() else None


def _cached(repo: str, revision: str) -> Path | None:
    """The cached snapshot of a revision, if it has all files."""
    found = [try_to_load_from_cache(repo, file, revision=revision) for file in FILES]
    there = [file for file in found if isinstance(file, str)]
    return Path(there[0]).parent if len(there) == len(FILES) else None


def _hashes_in_cache(folder: Path) -> dict[str, str]:
    """What the files of a snapshot must hash to: the cache names its blobs so. Where the system has no links there are
    no blobs, and only a fresh download is checked."""
    return {file: (folder / file).readlink().name for file in FILES if (folder / file).is_symlink()}


def has_hash(file: Path, expected: str | None) -> bool:
    """Whether a file is what the Hub means by a hash: SHA-256 for a file in LFS, git's own SHA-1 for one in git."""
    data = file.read_bytes()
    git = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
    return (hashlib.sha256(data) if len(expected or "") == 64 else git).hexdigest() == expected


def _forget(folder: Path, files: list[str]) -> None:
    """Take files out of the cache, so that they are fetched anew."""
    for file in files:
        link = folder / file
        if link.is_symlink():
            (folder / link.readlink()).unlink(missing_ok=True)
        link.unlink(missing_ok=True)


def _fetch(repo: str, revision: str | None) -> Path:
    """Download a checkpoint into the Hub's cache and check it.

    Raises:
        CheckpointError: no sign of life, no checkpoint, or damaged.
        Exception: of the client.
    """
    signs: queue.SimpleQueue[Path | Exception | None] = queue.SimpleQueue()
    patience = Patience(TRANSFER_SECONDS, TRANSFER_SECONDS)

    def work() -> None:
        try:
            with patient(patience):
                signs.put(_download(repo, revision, lambda: signs.put(None)))
        except Exception as error:
            signs.put(error)

    # not every request of the client takes a time limit, so it works in a thread that can be left alone
    threading.Thread(target=work, daemon=True).start()
    limit = ANSWER_SECONDS
    while True:
        try:
            sign = signs.get(timeout=limit)
        except queue.Empty:
            patience.left.set()  # so that it soon lets go of the cache's lock
            raise CheckpointError(
                f"the Hub ({constants.ENDPOINT}) sent nothing for {limit:g} s; try again later"
            ) from None
        if isinstance(sign, Path):
            return sign
        if sign is not None:
            raise sign
        limit = TRANSFER_SECONDS


def _download(repo: str, revision: str | None, alive: Callable[[], None]) -> Path:
    class Bar(tqdm):
        def update(self, n: float | None = 1) -> bool | None:
            alive()
            return super().update(n)

    info = HfApi().model_info(repo, revision=revision, timeout=ANSWER_SECONDS, files_metadata=True)
    alive()
    there = {file.rfilename: file.lfs.sha256 if file.lfs else file.blob_id for file in info.siblings or ()}
    absent = [file for file in FILES if file not in there]
    if absent:
        raise CheckpointError(f"it is no checkpoint of this library, it has no {absent[0]}")
    # by its own name first: the cache then notes which commit that is
    config = Path(hf_hub_download(repo, FILES[0], revision=revision, etag_timeout=ANSWER_SECONDS, tqdm_class=Bar))
    if has_hash(config, there[FILES[0]]):
        require_architecture(config)
    wanted = [*FILES, *(file for file in OPTIONAL if file in there)]
    for file in wanted:
        path = hf_hub_download(repo, file, revision=info.sha, etag_timeout=ANSWER_SECONDS, tqdm_class=Bar)
        alive()
    folder = Path(path).parent
    damaged = [file for file in wanted if not has_hash(folder / file, there[file])]
    if damaged:
        _forget(folder, damaged)
        raise CheckpointError(f"{', '.join(damaged)} arrived damaged (its checksum is not the Hub's); try again")
    return folder


__all__ = [
    "CHECKPOINTS",
    "FILES",
    "REVISIONS",
    "CheckpointError",
    "available",
    "checkpoint_folder",
    "checkpoint_name",
    "has_hash",
    "hub_reason",
    "local_checkpoints",
    "require_architecture",
]
