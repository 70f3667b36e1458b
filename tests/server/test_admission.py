"""Who may connect."""

import pytest

from antiphon.server.admission import bearer_matches, host_allowed, origin_allowed
from antiphon.server.settings import ServerSettings

HERE = ServerSettings()
SHOP = ServerSettings(host="0.0.0.0", allowed_origins=("https://Shop.example/",))


@pytest.mark.parametrize(
    "origin, host, allowed",
    [
        (None, "localhost:8000", True),
        ("http://localhost:8000", "localhost:8000", True),
        ("https://calls.example", "calls.example", True),
        ("https://shop.example", "calls.example", True),
        ("HTTPS://Shop.example", "calls.example", True),
        ("https://Calls.example", "CALLS.example", True),
        ("http://shop.example", "calls.example", False),
        ("https://shop.example.evil.example", "calls.example", False),
        ("http://localhost:8001", "localhost:8000", False),
        ("https://evil.example", "calls.example", False),
        ("null", "calls.example", False),
        ("", "", False),
        ("file://", "", False),
        ("http://[broken", "[broken", False),
    ],
)
def test_only_our_own_pages_and_named_sites_may_call(origin, host, allowed) -> None:
    assert origin_allowed(origin, host, SHOP) is allowed


@pytest.mark.parametrize(
    "host, allowed",
    [
        ("localhost:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("rebound.evil.example:8000", False),
        ("", False),
        ("[broken", False),
    ],
)
def test_a_loopback_server_answers_only_to_its_own_names(host, allowed) -> None:
    assert host_allowed(host, HERE) is allowed
    assert host_allowed(host, SHOP)


def test_named_hosts_are_the_only_ones() -> None:
    settings = ServerSettings(host="calls.example", hosts=("Calls.example",))
    assert host_allowed("calls.example", settings)
    assert host_allowed("CALLS.EXAMPLE:8000", settings)
    assert not host_allowed("localhost", settings)
    assert host_allowed("whatever", ServerSettings(host="calls.example"))


@pytest.mark.parametrize(
    "header, matches",
    [("Bearer sesam", True), ("Bearer wrong", False), ("sesam", False), (None, False), ("", False)],
)
def test_the_bearer_token_is_compared_whole(header, matches) -> None:
    assert bearer_matches(header, "sesam") is matches
