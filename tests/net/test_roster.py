"""What is told of a provider that is left alone."""

from dataclasses import dataclass

import pytest

from antiphon.errors import Rejected, Unavailable
from antiphon.net.roster import Roster


@dataclass(frozen=True)
class Named:
    name: str


def test_a_warning_names_who_failed_once(caplog: pytest.LogCaptureFixture) -> None:
    roster = Roster([Named("deepgram/flux")])
    roster.failed(roster.preferred, Rejected("HTTP 401", provider="deepgram/flux"), 0.0)
    assert caplog.messages == ["deepgram/flux is left alone for a while: HTTP 401"]


def test_a_trial_no_longer_wanted_leaves_its_place_at_once() -> None:
    first, second = Named("first"), Named("second")
    roster = Roster([first, second])
    for _ in range(3):
        roster.failed(first, Unavailable("down"), 0.0)
    assert roster.pick(5.0) is first
    assert roster.pick(5.1) is second
    roster.dropped(second, 5.1)
    assert roster.pick(5.2) is second
    roster.dropped(first, 5.0)
    assert roster.pick(5.3) is first
