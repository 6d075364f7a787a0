"""Send a checkpoint folder to the Hub as one commit, and check that what the Hub then has is what was sent."""

import argparse
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from huggingface_hub import CommitOperationAdd, HfApi, ModelInfo, RepoCard, SpaceInfo, constants, set_client_factory
from huggingface_hub.errors import LocalTokenNotFoundError, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils._http import default_client_factory

from fer_models import hub as names
from fer_models.files import write_text
from fer_models.hub import has_hash, hub_reason
from fer_models.hub_requests import Patience, hooks

NEEDED = (*names.FILES, "README.md")
KEPT = ".gitattributes"  # the Hub's own
REQUEST_SECONDS = 60.0  # for each answer of the Hub; its client would wait for ever
LONGEST_PAUSE = 600.0  # that the Hub may ask for, when it was asked too often
STATE_SECONDS = 5.0  # to ask what the Hub has, after a push that stopped


class PushError(RuntimeError):
    """A push cannot be done or did not finish; the message says what to do."""


@dataclass(frozen=True)
class Pushed:
    """What the Hub has now. url: of the commit, or of the pull request. changed: whether there was anything to send.
    others: files of the repo that were not among those sent, left as they were."""

    url: str
    commit: str
    changed: bool
    others: list[str]


def add_push_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of a command that sends a checkpoint folder to the Hub."""
    group = parser.add_argument_group("the Hub")
    group.add_argument("--push", action="store_true", help="send the finished folder to the Hub, as one commit")
    group.add_argument("--push-only", type=Path, metavar="FOLDER", help="send this checkpoint folder, train nothing")
    group.add_argument("--org", help="account that owns the repo (default: FER_HUB_ORG, or your own)")
    group.add_argument("--private", action="store_true", help="a new repo is private")
    group.add_argument("--revision", help="branch to push to; made from main where it is new (default: main)")
    group.add_argument("--create-pr", action="store_true", help="open a pull request instead of changing main")
    group.add_argument("--pin", action="store_true", help="let names load this very commit from now on")
    group.add_argument("--dry-run", action="store_true", help="list what would be sent, and do nothing else")


def check_push_arguments(options: argparse.Namespace) -> None:
    """Whether the options of `add_push_arguments` go together.

    Raises:
        PushError: they do not.
    """
    if options.create_pr and options.revision:
        raise PushError("--create-pr always goes against main; leave out --revision")
    if options.pin and (options.create_pr or options.revision):
        raise PushError("--pin is for commits of main; leave out --create-pr and --revision")


def account(org: str | None, create_pr: bool = False) -> str:
    """The account that a push goes to: `org`, else `FER_HUB_ORG`, else the user's own.

    Args:
        create_pr: a pull request needs no rights of its own on that account.

    Raises:
        PushError: not logged in, or not allowed to write there.
    """
    settings = f"{constants.ENDPOINT}/settings/tokens"
    with _time_limits():
        try:
            user = HfApi().whoami()
        except LocalTokenNotFoundError:
            raise PushError(
                f"you are not logged in to the Hub: make a token that may write at {settings}, run `hf auth login` or "
                "set HF_TOKEN to it, and start this command again"
            ) from None
        except Exception as error:  # every layer of the client raises its own
            raise PushError(f"cannot log in: {hub_reason(error, '')}") from error
    if user.get("auth", {}).get("accessToken", {}).get("role") == "read":
        raise PushError(f"your token may only read; make one that may write at {settings} and log in with it")
    org = org or os.environ.get("FER_HUB_ORG") or user["name"]
    roles = {member["name"]: member.get("roleInOrg") for member in user.get("orgs", [])} | {user["name"]: "admin"}
    if not create_pr and roles.get(org, "read") == "read":
        able = ", ".join(name for name, role in roles.items() if role != "read")
        raise PushError(f"{user['name']} may not write to {org}; --org can be: {able}; or propose it by --create-pr")
    return org


def files_to_send(folder: Path) -> dict[str, Path]:
    """Path in the repo -> file, for every file of a checkpoint folder but hidden ones and Python's caches.

    Raises:
        PushError: the folder is no complete checkpoint.
    """
    for name in NEEDED:
        if not (folder / name).is_file():
            raise PushError(f"{folder} is no complete checkpoint folder, it has no {name}; train it first")
    files = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        name.as_posix(): path
        for name, path in files.items()
        if not any(part.startswith(".") or part == "__pycache__" for part in name.parts)
    }


def listing(files: Mapping[str, Path], repo: str) -> str:
    """What a push to `repo` would send, a line per file with its size in bytes."""
    sizes = {name: path.stat().st_size for name, path in files.items()}
    lines = [f"{size:>13,}  {name}" for name, size in sizes.items()]
    return "\n".join([f"to {repo}, as one commit:", *lines, f"{sum(sizes.values()):>13,}  in {len(sizes)} files"])


def push_files(
    files: Mapping[str, Path],
    repo: str,
    message: str,
    kind: str = "model",
    private: bool = False,
    revision: str | None = None,
    create_pr: bool = False,
    space_sdk: str | None = None,
) -> Pushed:
    """One commit with these files; the repo is made if it is new. Whatever happens, the repo has all of them or none.

    Args:
        files: path in the repo -> file; must hold a `README.md`.
        repo: `org/name`. kind: `model` or `space`.
        private: of a new repo.
        revision: branch, made from main where it is new; or `refs/pr/N`.
        create_pr: open a pull request against main.

    Raises:
        PushError: the push stopped, or what arrived is not what was sent.
    """
    before: ModelInfo | SpaceInfo | None = None
    try:
        with _time_limits():
            _check_card(files["README.md"], kind)
            api = HfApi()
            api.create_repo(repo, repo_type=kind, private=private or None, exist_ok=True, space_sdk=space_sdk)
            before = cast(ModelInfo | SpaceInfo, api.repo_info(repo, repo_type=kind))
            if private and not before.private:
                raise PushError(f"{repo} is public; make it private in its settings first, or leave out --private")
            if revision and not revision.startswith("refs/"):
                api.create_branch(repo, repo_type=kind, branch=revision, exist_ok=True)
            # not `upload_folder`: it makes several commits when it uploads by Xet
            commit = api.create_commit(
                repo,
                repo_type=kind,
                operations=[CommitOperationAdd(name, str(path)) for name, path in files.items()],
                commit_message=message,
                revision=revision,
                create_pr=create_pr,
            )
            there = {
                file.path: file.lfs.sha256 if file.lfs else file.blob_id
                for file in api.list_repo_tree(repo, recursive=True, revision=commit.oid, repo_type=kind)
                if isinstance(file, RepoFile)
            }
    except PushError:
        raise
    except (Exception, KeyboardInterrupt) as error:  # every layer of the client raises its own
        why = "it was stopped" if isinstance(error, KeyboardInterrupt) else hub_reason(error, repo)
        raise PushError(
            f"the push to {repo} did not finish: {why} ({_state(repo, kind, revision, before)}; pushing again sends "
            "what is missing)"
        ) from error
    wrong = [name for name, path in files.items() if name not in there or not has_hash(path, there[name])]
    if wrong:
        raise PushError(f"{repo} has another {', '.join(wrong)} in commit {commit.oid[:8]} than was sent; push again")
    return Pushed(
        url=commit.pr_url or commit.commit_url,
        commit=commit.oid,
        changed=commit.oid != before.sha,
        others=sorted(set(there) - set(files) - {KEPT}),
    )


def _state(repo: str, kind: str, revision: str | None, before: ModelInfo | SpaceInfo | None) -> str:
    """What the Hub has after a push that stopped: all of it or nothing."""
    try:
        with _time_limits(STATE_SECONDS, pause=0):
            now = HfApi().repo_info(repo, repo_type=kind, revision=revision, timeout=STATE_SECONDS).sha or ""
    except RepositoryNotFoundError:
        return "the Hub has no such repo"
    except Exception:  # what stopped the push may well stop this
        return "what the Hub has now could not be asked; the repo has all of it or nothing"
    if before is not None and not revision and now == before.sha:
        return f"nothing arrived, the repo is as it was, at commit {now[:8]}"
    return f"the repo is at commit {now[:8]}, which has all of it or nothing"


def push_folder(
    folder: Path,
    org: str,
    private: bool = False,
    revision: str | None = None,
    create_pr: bool = False,
    pinned: bool = False,
) -> Pushed:
    """Send a checkpoint folder to the repo of its name, say what was done, and pin the commit if that is wanted.

    Args:
        private, revision, create_pr: as in `push_files`.
        pinned: let names load this very commit from now on.

    Raises:
        PushError: as `push_files`, or the folder is no complete checkpoint.
    """
    repo, files = f"{org}/{folder.resolve().name}", files_to_send(folder)
    message = f"{folder.resolve().name}: weights, code, card and results"
    pushed = push_files(files, repo, message, private=private, revision=revision, create_pr=create_pr)
    print(f"{pushed.url}: {len(files)} files, checksums compared" if pushed.changed else f"{repo} has all this already")
    if pushed.others:
        print(f"also there, left as they are: {', '.join(pushed.others)}")
    if pinned:
        pin(repo, pushed.commit)
        print(f"{repo} is loaded at {pushed.commit} from now on ({names.REVISIONS.name}, to be committed)")
    return pushed


def pin(repo: str, commit: str) -> None:
    """Let `names.checkpoint_folder` load this commit of a repo where no other is asked for."""
    pins = json.loads(names.REVISIONS.read_text(encoding="utf-8")) if names.REVISIONS.is_file() else {}
    write_text(names.REVISIONS, json.dumps(dict(sorted((pins | {repo: commit}).items())), indent=1) + "\n")


def _check_card(card: Path, kind: str) -> None:
    """Ask the Hub's validator, before anything is made there."""
    try:
        RepoCard(card.read_text(encoding="utf-8")).validate(repo_type=kind)
    except (ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise PushError(f"the metadata of {card} is not valid, nothing was sent: {reason}") from error


@contextmanager
def _time_limits(seconds: float | None = None, pause: float = LONGEST_PAUSE) -> Generator[None]:
    """Requests of the Hub's client, of all threads that it uses, get a time limit; most of them have none."""
    patience = Patience(seconds or REQUEST_SECONDS, pause)

    def limited() -> Any:  # a client of whichever HTTP library huggingface_hub uses
        client = default_client_factory()
        for kind, hook in hooks(lambda: patience).items():
            client.event_hooks[kind].append(hook)
        return client

    set_client_factory(limited)
    try:
        yield
    finally:
        set_client_factory(default_client_factory)
