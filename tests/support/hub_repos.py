"""What the stand-in for the Hub keeps: repos with their commits and branches, files in git or LFS, and users."""

import hashlib
import json
import re
from dataclasses import dataclass, field

LFS_FROM = 10_000_000  # bytes; the Hub takes no larger file into git itself
LFS_NAMES = re.compile(r".*\.(safetensors|bin|onnx|pt|npz|zip)$")
GITATTRIBUTES = b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"


def git_hash(data: bytes) -> str:
    """The name that git gives these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass(frozen=True)
class Blob:
    """A file's content, and whether LFS stores it."""

    data: bytes
    lfs: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def pointer(self) -> bytes:
        """What git holds instead of a file that LFS stores."""
        return b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
            self.sha256.encode(),
            len(self.data),
        )

    @property
    def git_oid(self) -> str:
        return git_hash(self.pointer if self.lfs else self.data)

    @property
    def etag(self) -> str:
        return self.sha256 if self.lfs else self.git_oid


Files = dict[str, Blob]


@dataclass
class Repo:
    """commits: the files of each commit. branches: branch, tag or `refs/pr/N` -> commit."""

    id: str
    kind: str = "model"
    private: bool = False
    commits: dict[str, Files] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, files: Files, branch: str, message: str) -> str:
        content = json.dumps([message, len(self.commits), {path: blob.etag for path, blob in files.items()}])
        sha = hashlib.sha1(f"{self.id}{content}".encode()).hexdigest()
        self.commits[sha], self.branches[branch] = files, sha
        self.messages.append(message)
        return sha

    def files(self, revision: str = "main") -> Files:
        return self.commits[self.branches.get(revision, revision)]


@dataclass(frozen=True)
class User:
    """orgs: name -> role (`read`, `write`). role: of the token."""

    name: str
    orgs: dict[str, str] = field(default_factory=dict)
    role: str = "write"

    def may_read(self, namespace: str) -> bool:
        return namespace == self.name or namespace in self.orgs

    def may_write(self, namespace: str) -> bool:
        return self.role == "write" and (namespace == self.name or self.orgs.get(namespace) == "write")


def is_lfs(name: str, size: int) -> bool:
    """Whether a file goes by LFS."""
    return size > LFS_FROM or bool(LFS_NAMES.match(name))
