"""Whose request it is, when machines stand between."""

import pytest

from space.limits import Limits
from space.visitor import Addresses


@pytest.mark.parametrize(
    "connection, told, visitor",
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # who is no proxy speaks for nobody
        ("10.1.2.3", "198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # the first was written by the visitor
        ("10.1.2.3", "198.51.100.1, 203.0.113.7, 10.9.9.9", "203.0.113.7"),  # two proxies
        ("10.1.2.3", "", "10.1.2.3"),
        ("10.1.2.3", "unknown", "10.1.2.3"),
        ("127.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),  # a household chooses among its addresses
    ],
)
def test_the_nearest_address_that_is_no_proxy_is_the_visitors(connection, told, visitor):
    headers = [(b"x-forwarded-for", told.encode())] if told else []
    addresses = Addresses(Limits().proxies.split())
    assert addresses.of({"client": (connection, 5000), "headers": headers}) == visitor


def test_with_no_proxies_nothing_that_is_told_is_believed():
    scope = {"client": ("127.0.0.1", 5000), "headers": [(b"x-forwarded-for", b"198.51.100.1")]}
    assert Addresses([]).of(scope) == "127.0.0.1"
