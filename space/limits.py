"""What a host may set by environment variables: the limits of the Space, and how it speaks to what is around it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network


class LimitError(ValueError):
    """An environment variable that cannot be used; the message is one sentence."""


def _limit(default: object, meaning: str):
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Limits:
    """Each is set by FER_ and its name in capitals. Numbers are whole and at least 1; lists are divided by spaces."""

    waiting: int = _limit(40, "jobs that wait, of all visitors; who comes later is told that the Space is busy")
    waiting_of_one: int = _limit(20, "jobs that wait, of one visitor")
    job_seconds: int = _limit(60, "a job of a photo or a program is broken off after so long")
    clip_seconds: int = _limit(600, "a clip's job is broken off after so long")
    streams: int = _limit(
        400, "connections that stay open, of all visitors; a page holds one, and one more as it waits"
    )
    streams_of_one: int = _limit(120, "connections that stay open, of one visitor")
    uploads: int = _limit(40, "uploads that arrive at the same moment, of all visitors")
    uploads_of_one: int = _limit(20, "uploads that arrive at the same moment, of one visitor")
    cameras: int = _limit(6, "cameras that are answered, of all visitors")
    cameras_of_one: int = _limit(3, "cameras that are answered, of one visitor")
    request_megabytes: int = _limit(80, "largest request, a photo pasted as text included")
    proxies: str = _limit(
        "127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7",
        "networks whose machines are believed when they say, in X-Forwarded-For, for whom they ask",
    )
    hosts: str = _limit("", "names under which the Space answers; empty: all, as the Hub's proxy needs it")
    frames: str = _limit(
        "https://huggingface.co https://*.huggingface.co https://*.hf.space",
        "sites, besides its own, that may show the page in a frame",
    )
    metrics: str = _limit("", "1: numbers for Prometheus at /metrics, for everybody who can reach the port")
    log: str = _limit("info", "least important lines of the log: debug, info, warning or error")


LEVELS = ("debug", "info", "warning", "error")


def variable(name: str) -> str:
    """The environment variable of a limit."""
    return f"FER_{name.upper()}"


def read_limits(environment: Mapping[str, str] = os.environ) -> Limits:
    """The limits that hold.

    Raises:
        LimitError: a variable says something else than its kind.
    """
    found = {}
    for limit in fields(Limits):
        told = environment.get(variable(limit.name), "").strip()
        if not told:
            continue
        if limit.type is int and not (told.isascii() and told.isdecimal() and int(told) >= 1):
            raise LimitError(f"{variable(limit.name)} is a whole number, at least 1, not {told!r}")
        found[limit.name] = int(told) if limit.type is int else told
    limits = Limits(**found)
    if limits.log.lower() not in LEVELS:
        raise LimitError(f"FER_LOG is one of {', '.join(LEVELS)}, not {limits.log!r}")
    for network in limits.proxies.split():
        try:
            ip_network(network)
        except ValueError as error:
            raise LimitError(
                f"FER_PROXIES is a list of networks such as 10.0.0.0/8, which {network!r} is not"
            ) from error
    return limits


def limits_table() -> str:
    """All of them, as Markdown."""
    defaults = {one.name: "none" if one.default == "" else f"`{one.default}`" for one in fields(Limits)}
    rows = [f"| `{variable(one.name)}` | {defaults[one.name]} | {one.metadata['meaning']} |" for one in fields(Limits)]
    return "\n".join(["| variable | default | what it limits or sets |", "|---|---|---|", *rows])


__all__ = ["LimitError", "Limits", "limits_table", "read_limits", "variable"]
