"""A stand-in for the Hugging Face Hub on the loopback, for the real client: repos with branches and pull requests, LFS,
tokens, and faults on demand."""

import base64
import contextlib
import datetime
import hashlib
import itertools
import json
import re
import socket
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from tests.support.hub_repos import GITATTRIBUTES, Blob, Files, Repo, User, is_lfs


@dataclass
class Fault:
    """What happens to the next `times` requests whose "METHOD /path" matches.

    kind: a status code; a number of seconds to wait, as a float; `hang` (no answer, ever); `reset` (the connection
    closes without an answer); `cut` (half of the body, then the connection closes); `flip` (one byte of the body, or
    of the first regular file of a commit, is another); `garbage` (a body of the right length with nothing in it);
    `html` (a page, as a login page of a network sends it).
    """

    pattern: str
    kind: int | float | str
    times: float


class Refusal(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str, code: str = "", **more):
        super().__init__(message)
        self.status, self.code, self.more = status, code, more


class HubServer:
    """The server. `with HubServer() as hub:` starts it; `url` is what `HF_ENDPOINT` must hold.

    repos: by kind and id, `model/org/name`. users: by token. requests: every "METHOD /path" so far.
    """

    def __init__(self):
        self.repos: dict[str, Repo] = {}
        self.users: dict[str, User] = {}
        self.lfs: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self.lock = threading.RLock()
        self.stopped = threading.Event()
        self.connections: list[socket.socket] = []
        self.lfs_bytes_sent = 0

    def __enter__(self) -> "HubServer":
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # a client that hangs up is what some tests are about
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.storage = f"http://localhost:{self._server.server_port}"  # another host, as the Hub's storage is
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        """From now on connections are refused, and those that are open are closed."""
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def fail(self, pattern: str, kind: int | float | str, times: float = float("inf")) -> None:
        """Let the requests that match go wrong, the one named last first (see `Fault`)."""
        self.faults.insert(0, Fault(pattern, kind, times))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self.faults.clear()

    def add(self, repo_id: str, folder: Path, kind: str = "model", private: bool = False) -> Repo:
        """A repo that holds the files of a folder; a file that LFS would store is stored so."""
        repo = self.repos[f"{kind}/{repo_id}"] = Repo(repo_id, kind, private)
        files = {".gitattributes": Blob(GITATTRIBUTES)}
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            data = path.read_bytes()
            files[name] = Blob(data, is_lfs(name, len(data)))
        repo.commit(files, "main", "initial commit")
        return repo

    def count(self, pattern: str) -> int:
        """How many requests matched so far."""
        return sum(bool(re.search(pattern, line)) for line in self.requests)


ID = r"(?P<id>[^/]+/[^/]+)"
ROUTES: dict[str, str] = {  # "METHOD path" -> the handler's method
    r"GET /api/whoami-v2": "whoami",
    r"POST /api/repos/create": "create",
    r"POST /api/validate-yaml": "validate",
    rf"POST /api/(?P<kind>model|space)s/{ID}/preupload/(?P<revision>[^/]+)": "preupload",
    rf"POST /api/(?P<kind>model|space)s/{ID}/commit/(?P<revision>[^/]+)": "commit",
    rf"POST /api/(?P<kind>model|space)s/{ID}/branch/(?P<revision>[^/]+)": "branch",
    rf"GET /api/(?P<kind>model|space)s/{ID}/tree/(?P<revision>[^/]+)": "tree",
    rf"GET /api/(?P<kind>model|space)s/{ID}/refs": "refs",
    rf"GET /api/(?P<kind>model|space)s/{ID}(/revision/(?P<revision>[^/]+))?": "info",
    rf"POST /(?P<kind>spaces/)?{ID}\.git/info/lfs/objects/batch": "lfs_batch",
    r"PUT /lfs/(?P<oid>[0-9a-f]{64})": "lfs_put",
    r"POST /lfs/(?P<oid>[0-9a-f]{64})/verify": "lfs_verify",
    r"GET /lfs/(?P<oid>[0-9a-f]{64})": "lfs_get",
    rf"(HEAD|GET) /(?P<kind>spaces/)?{ID}/resolve/(?P<revision>[^/]+)/(?P<path>.+)": "resolve",
}


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    hub: HubServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.hub.connections.append(self.connection)

    def log_message(self, *_) -> None:
        pass

    def _answer(self) -> None:
        url = urlsplit(self.path)
        line = f"{self.command} {url.path}"
        self.query = parse_qs(url.query)
        with self.hub.lock:
            self.hub.requests.append(line)
            fault = next((f for f in self.hub.faults if f.times > 0 and re.search(f.pattern, line)), None)
            if fault:
                fault.times -= 1
        self.fault = fault.kind if fault else None
        if self.fault == "hang":
            self.hub.stopped.wait()
        if self.fault in ("hang", "reset"):
            return self._hang_up()
        if isinstance(self.fault, float):
            time.sleep(self.fault)
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if type(self.fault) is int:
            return self._refuse(_as_the_hub_says_it(self.fault))
        if self.fault == "html":
            return self._send(200, b"<html>Please log in to this network</html>", {"Content-Type": "text/html"})
        try:
            with self.hub.lock:
                self.user = self._user()
                for pattern, method in ROUTES.items():
                    match = re.fullmatch(pattern, line)
                    if match:
                        found = {key: unquote(value) for key, value in match.groupdict().items() if value}
                        status, body, headers = getattr(self, method)(**found)
                        break
                else:
                    raise Refusal(404, f"the stand-in knows no {line}")
        except Refusal as refusal:
            return self._refuse(refusal)
        self._send(status, body, headers)

    do_GET = do_HEAD = do_POST = do_PUT = _answer

    def _refuse(self, refusal: Refusal) -> None:
        headers = {"X-Error-Message": str(refusal)}
        if refusal.code:
            headers["X-Error-Code"] = refusal.code
        if refusal.status == 429:
            headers["Retry-After"] = "300"
        plain = self.headers.get("Accept") == "text/plain"
        body = (str(refusal) if plain else json.dumps({"error": str(refusal), **refusal.more})).encode()
        self._send(refusal.status, body, {"Content-Type": "application/json", **headers})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        size, sent = len(body), body
        if self.fault == "flip" and self.command == "GET":
            sent = body[: size // 2] + bytes([body[size // 2] ^ 1]) + body[size // 2 + 1 :]
        if self.fault == "garbage":
            sent = bytes(size)
        if self.fault == "cut":
            sent = body[: size // 2]
        self.send_response(status)
        for name, value in {"Content-Length": str(size), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(sent)
            self.hub.lfs_bytes_sent += len(sent) if self.path.startswith("/lfs/") else 0
        if self.fault == "cut":
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    # What the Hub knows

    def _user(self) -> User | None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and token not in self.hub.users:
            raise Refusal(401, "Invalid credentials in Authorization header")
        return self.hub.users.get(token)

    def _repo(self, kind: str, id: str, write: bool = False) -> Repo:
        repo = self.hub.repos.get(f"{'space' if kind.startswith('space') else 'model'}/{id}")
        namespace = id.partition("/")[0]
        if repo is None or (repo.private and not (self.user and self.user.may_read(namespace))):
            # to somebody who is not logged in, the Hub says of a missing repo what it says of a private one
            raise Refusal(404 if self.user else 401, "Repository not found", "RepoNotFound")
        if write:
            self._needs_write(namespace)
        return repo

    def _needs_write(self, namespace: str) -> None:
        if self.user is None:
            raise Refusal(401, "Invalid username or password.")
        if not self.user.may_write(namespace):
            raise Refusal(403, f"You don't have the rights to write to the namespace {namespace!r}")

    def _files(self, repo: Repo, revision: str) -> tuple[str, Files]:
        sha = repo.branches.get(revision, revision)
        if sha not in repo.commits:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return sha, repo.commits[sha]

    # Endpoints: each returns status, body and headers

    def whoami(self) -> tuple[int, bytes, dict[str, str]]:
        if self.user is None:
            raise Refusal(401, "Invalid username or password.")
        orgs = [{"name": name, "roleInOrg": role} for name, role in self.user.orgs.items()]
        token = {"displayName": "token", "role": self.user.role}
        content = {"type": "user", "name": self.user.name, "orgs": orgs}
        return _json(content | {"auth": {"type": "access_token", "accessToken": token}})

    def create(self) -> tuple[int, bytes, dict[str, str]]:
        wanted = json.loads(self.body)
        namespace = wanted.get("organization") or (self.user.name if self.user else "")
        self._needs_write(namespace)
        kind, repo_id = wanted.get("type", "model"), f"{namespace}/{wanted['name']}"
        url = f"{self.hub.url}/{'spaces/' if kind == 'space' else ''}{repo_id}"
        if f"{kind}/{repo_id}" in self.hub.repos:
            raise Refusal(409, f"You already created this {kind} repo", url=url)
        private = wanted.get("private", wanted.get("visibility") == "private")
        repo = self.hub.repos[f"{kind}/{repo_id}"] = Repo(repo_id, kind, bool(private))
        repo.commit({".gitattributes": Blob(GITATTRIBUTES)}, "main", "initial commit")
        return _json({"url": url, "name": repo_id})

    def validate(self) -> tuple[int, bytes, dict[str, str]]:
        front = re.match(r"---\n(.*?)\n---", json.loads(self.body)["content"], re.DOTALL)
        try:
            content = yaml.safe_load(front.group(1)) if front else None
        except yaml.YAMLError as error:
            reason = " ".join(str(error).split())
            raise Refusal(400, reason, errors=[{"message": reason}], warnings=[]) from error
        warnings = [] if content else [{"message": "empty or missing yaml metadata in repo card"}]
        return _json({"errors": [], "warnings": warnings})

    def preupload(self, kind: str, id: str, revision: str) -> tuple[int, bytes, dict[str, str]]:
        repo = self._repo(kind, id, write="create_pr" not in self.query)
        _, there = self._files(repo, revision)
        files = []
        for file in json.loads(self.body)["files"]:
            path = file["path"]
            mode = "lfs" if is_lfs(path, file["size"]) else "regular"
            files.append({"path": path, "uploadMode": mode, "shouldIgnore": False})
            if path in there:
                files[-1]["oid"] = there[path].etag
        return _json({"files": files})

    def lfs_batch(self, id: str, kind: str = "model") -> tuple[int, bytes, dict[str, str]]:
        self._repo(kind, id)
        if self.user is None:  # whoever may open a pull request may upload for it
            raise Refusal(401, "Invalid username or password.")
        objects = []
        for wanted in json.loads(self.body)["objects"]:
            place = f"{self.hub.storage}/lfs/{wanted['oid']}"
            actions = {"upload": {"href": place}, "verify": {"href": f"{self.hub.url}/lfs/{wanted['oid']}/verify"}}
            objects.append(wanted | ({} if wanted["oid"] in self.hub.lfs else {"actions": actions}))
        return _json({"transfer": "basic", "objects": objects})

    def lfs_put(self, oid: str) -> tuple[int, bytes, dict[str, str]]:
        if self.headers.get("Authorization"):
            raise Refusal(400, "Only one auth mechanism allowed")  # the token must not leave the Hub
        self.hub.lfs[oid] = self.body
        return 200, b"", {"ETag": f'"{oid}"'}

    def lfs_verify(self, oid: str) -> tuple[int, bytes, dict[str, str]]:
        if hashlib.sha256(self.hub.lfs.get(oid, b"")).hexdigest() != oid:
            self.hub.lfs.pop(oid, None)
            raise Refusal(422, "the object that arrived has another hash")
        return _json({})

    def commit(self, kind: str, id: str, revision: str) -> tuple[int, bytes, dict[str, str]]:
        pull_request = "create_pr" in self.query
        repo = self._repo(kind, id, write=not pull_request)
        _, there = self._files(repo, revision)
        files, message, flip = dict(there), "", self.fault == "flip"
        for line in self.body.decode().splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "header":
                message = value["summary"]
            elif entry["key"] == "file":
                data = base64.b64decode(value["content"])
                if flip and data:
                    data, flip = bytes([data[0] ^ 1]) + data[1:], False
                files[value["path"]] = Blob(data)
            elif entry["key"] == "lfsFile":
                if value["oid"] not in self.hub.lfs:
                    raise Refusal(400, f"LFS object {value['oid']} was not uploaded")
                files[value["path"]] = Blob(self.hub.lfs[value["oid"]], lfs=True)
            elif entry["key"] == "deletedFile":
                files.pop(value["path"])
        numbers = (f"refs/pr/{n}" for n in itertools.count(1))
        branch = next(name for name in numbers if name not in repo.branches) if pull_request else revision
        sha = repo.commit(files, branch, message)
        answer = {"success": True, "commitOid": sha, "commitUrl": f"{self.hub.url}/{id}/commit/{sha}"}
        if pull_request:
            answer["pullRequestUrl"] = f"{self.hub.url}/{id}/discussions/{branch.rpartition('/')[2]}"
        return _json(answer)

    def branch(self, kind: str, id: str, revision: str) -> tuple[int, bytes, dict[str, str]]:
        repo = self._repo(kind, id, write=True)
        if revision in repo.branches:
            raise Refusal(409, f"Reference already exists: {revision}")
        repo.branches[revision] = repo.branches["main"]
        return _json({})

    def refs(self, kind: str, id: str) -> tuple[int, bytes, dict[str, str]]:
        branches = self._repo(kind, id).branches.items()
        listed = [{"name": n, "ref": f"refs/heads/{n}", "targetCommit": s} for n, s in branches if "/" not in n]
        return _json({"branches": listed, "converts": [], "tags": []})

    def tree(self, kind: str, id: str, revision: str) -> tuple[int, bytes, dict[str, str]]:
        _, files = self._files(self._repo(kind, id), revision)
        entries = []
        for path, blob in files.items():
            entries.append({"type": "file", "path": path, "size": len(blob.data), "oid": blob.git_oid})
            if blob.lfs:
                size = {"size": len(blob.data), "pointerSize": len(blob.pointer)}
                entries[-1]["lfs"] = {"oid": blob.sha256} | size
        return _json(entries)

    def info(self, kind: str, id: str, revision: str = "main") -> tuple[int, bytes, dict[str, str]]:
        repo = self._repo(kind, id)
        sha, files = self._files(repo, revision)
        siblings = []
        for path, blob in files.items():
            siblings.append({"rfilename": path})
            if "blobs" in self.query:
                siblings[-1] |= {"size": len(blob.data), "blobId": blob.git_oid}
                if blob.lfs:
                    size = {"size": len(blob.data), "pointerSize": len(blob.pointer)}
                    siblings[-1]["lfs"] = {"sha256": blob.sha256} | size
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        content = {"id": repo.id, "sha": sha, "private": repo.private, "lastModified": now, "tags": []}
        return _json(content | {"siblings": siblings})

    def resolve(self, id: str, revision: str, path: str, kind: str = "model") -> tuple[int, bytes, dict[str, str]]:
        sha, files = self._files(self._repo(kind, id), revision)
        if path not in files:
            raise Refusal(404, "Entry not found", "EntryNotFound")
        blob, headers = files[path], {"X-Repo-Commit": sha}
        if not blob.lfs:
            return self._range(blob.data, headers | {"ETag": f'"{blob.etag}"'})
        self.hub.lfs.setdefault(blob.sha256, blob.data)
        headers |= {"X-Linked-ETag": f'"{blob.sha256}"', "X-Linked-Size": str(len(blob.data))}
        return 302, b"", headers | {"Location": f"{self.hub.storage}/lfs/{blob.sha256}"}

    def lfs_get(self, oid: str) -> tuple[int, bytes, dict[str, str]]:
        if self.headers.get("Authorization"):
            raise Refusal(400, "Only one auth mechanism allowed")
        if oid not in self.hub.lfs:
            raise Refusal(404, "no such object")
        return self._range(self.hub.lfs[oid], {"ETag": f'"{oid}"'})

    def _range(self, data: bytes, headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not wanted:
            return 200, data, headers | {"Accept-Ranges": "bytes"}
        first = int(wanted.group(1))
        place = f"bytes {first}-{len(data) - 1}/{len(data)}"
        return 206, data[first:], headers | {"Content-Range": place}


def _json(content: dict | list) -> tuple[int, bytes, dict[str, str]]:
    return 200, json.dumps(content).encode(), {"Content-Type": "application/json"}


def _as_the_hub_says_it(status: int) -> Refusal:
    return {
        401: Refusal(401, "Invalid credentials in Authorization header"),
        404: Refusal(404, "Repository not found", "RepoNotFound"),
        429: Refusal(429, "Too many requests"),
    }.get(status, Refusal(status, "Internal error"))
