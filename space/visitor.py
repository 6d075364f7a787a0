"""Who asks: the address that a visitor's limits are counted by, and the session that what is remembered belongs to."""

import contextlib
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network

from gradio.context import LocalContext
from starlette.types import Scope

SAME_HOUSEHOLD = 64  # bits of an IPv6 address; the rest is the visitor's own to choose


class Addresses:
    """Reads addresses off requests.

    Args:
        proxies: networks whose machines are believed when they say for whom they ask.
    """

    def __init__(self, proxies: Iterable[str]):
        self._proxies = [ip_network(one) for one in proxies]

    def of(self, scope: Scope) -> str:
        """The nearest address that is not one of the proxies', or the connection's own."""
        here = scope.get("client")
        nearest = here[0] if here else ""
        told = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        for hop in reversed(",".join(told).split(",") if told else []):
            if not self._is_proxy(nearest):
                break
            with contextlib.suppress(ValueError):
                nearest = str(ip_address(hop.strip()))
        return _household(nearest)

    def _is_proxy(self, address: str) -> bool:
        try:
            one = ip_address(address)
        except ValueError:
            return False
        return any(one in network for network in self._proxies)


def _household(address: str) -> str:
    try:
        one = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((one, SAME_HOUSEHOLD), strict=False)) if isinstance(one, IPv6Address) else address


def current_session() -> str:
    """The session of the job that runs; nothing outside of one."""
    return getattr(LocalContext.request.get(None), "session_hash", None) or ""


def current_visitor() -> str:
    """The address, as limits count it, of whoever asked for the job that runs; nothing outside of one."""
    request = getattr(LocalContext.request.get(None), "request", None)
    return getattr(request, "scope", {}).get("visitor", "")


__all__ = ["Addresses", "current_session", "current_visitor"]
