"""For a Python process with this folder in PYTHONPATH: whatever would leave the machine is refused, and written down.

The file that OFFLINE_LOG names gets one line per attempt. Python's own calls are seen (sockets and name look-ups),
which is what httpx, urllib and everything built on them use. The file that WATCHED_LOG names gets a line for every file
opened whose name contains WATCHED_FILES.
"""

import ipaddress
import os
import sys

_HERE = {None, "", "localhost", b"localhost"}


def _stays_here(host: object) -> bool:
    if host in _HERE:
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host).partition("%")[0])
    except ValueError:  # a name
        return False
    return address.is_loopback or address.is_unspecified


def _watch(event: str, arguments: tuple) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if not isinstance(address, tuple):  # a socket file
            return
        host = address[0]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if not _stays_here(host):
        with open(os.environ["OFFLINE_LOG"], "a") as log:  # noqa: PTH123 (pathlib may not be imported this early)
            log.write(f"{event} {host!r}\n")
        raise OSError(f"this process may not reach {host!r}")


def _watch_files(event: str, arguments: tuple) -> None:
    if event == "open" and os.environ["WATCHED_FILES"] in str(arguments[0]):
        with open(os.environ["WATCHED_LOG"], "a") as log:  # noqa: PTH123
            log.write(f"{arguments[0]}\n")


if os.environ.get("OFFLINE_LOG"):
    sys.addaudithook(_watch)
if os.environ.get("WATCHED_LOG"):
    sys.addaudithook(_watch_files)
