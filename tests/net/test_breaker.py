"""A breaker: who keeps failing is left alone, and used again when it is well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.net.breaker import Breaker, Tolerance
from antiphon.net.roster import Roster

DOWN = Unavailable("down")


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(3):
        breaker.failed(DOWN, at)
    return breaker


def test_one_or_two_failures_are_put_up_with() -> None:
    breaker = Breaker()
    breaker.failed(DOWN, 0.0)
    breaker.failed(DOWN, 0.0)
    assert breaker.allows(0.0)
    breaker.succeeded()
    breaker.failed(DOWN, 1.0)
    breaker.failed(DOWN, 1.0)
    assert breaker.state(1.0) == "closed"


def test_the_third_in_a_row_opens_it_and_one_request_tries_it() -> None:
    breaker = opened()
    assert breaker.state(4.9) == "open"
    assert not breaker.allows(4.9)
    assert breaker.state(5.0) == "trying"
    assert breaker.allows(5.0)
    assert not breaker.allows(5.1)
    breaker.succeeded()
    assert breaker.state(5.2) == "closed"
    assert breaker.allows(5.2)


def test_a_trial_that_is_dropped_leaves_its_place_to_the_next() -> None:
    breaker = opened()
    assert breaker.allows(5.0)
    breaker.dropped(4.5)
    assert not breaker.allows(5.5), "that was no trial: it was asked before"
    breaker.dropped(5.0)
    assert breaker.allows(5.6)
    breaker.succeeded()
    breaker.dropped(5.7)
    assert breaker.state(5.8) == "closed"


def test_a_trial_that_fails_opens_it_for_twice_as_long() -> None:
    breaker = opened()
    assert breaker.allows(5.0)
    breaker.failed(DOWN, 6.0)
    assert not breaker.allows(15.9)
    assert breaker.allows(16.0)


def test_one_outage_that_many_calls_notice_is_one_failure() -> None:
    breaker = Breaker()
    for _ in range(20):
        breaker.failed(DOWN, 0.0)
    assert breaker.allows(5.0)
    breaker.failed(DOWN, 6.0)
    breaker.failed(DOWN, 6.1)
    assert not breaker.allows(15.9)
    assert breaker.allows(16.0)


def test_whether_it_is_ready_can_be_asked_without_trying_it() -> None:
    breaker = opened()
    assert not breaker.ready(4.9)
    assert breaker.ready(5.0)
    assert breaker.ready(5.0)
    assert breaker.allows(5.0)
    assert not breaker.ready(5.1)
    breaker.failed(AtCapacity("busy"), 6.0)
    assert breaker.state(6.0) == "open"


def test_a_trial_nobody_ends_is_over_in_time() -> None:
    breaker = opened()
    assert breaker.allows(5.0)
    assert not breaker.allows(14.9)
    assert breaker.allows(15.0)


def test_the_vendors_wish_and_a_refusal_open_it_at_once() -> None:
    breaker = Breaker()
    breaker.failed(AtCapacity("busy", retry_after_s=2.0), 0.0)
    assert not breaker.allows(1.9)
    assert breaker.allows(2.0)
    breaker = Breaker()
    breaker.failed(Rejected("wrong key"), 0.0)
    assert not breaker.allows(59.0)
    assert breaker.allows(60.0)


def test_capacity_without_a_time_counts_as_any_failure() -> None:
    breaker = Breaker()
    breaker.failed(AtCapacity("busy"), 0.0)
    assert breaker.allows(0.0)


errors = st.sampled_from([DOWN, Rejected("no"), AtCapacity("busy", retry_after_s=1e6)])


@given(st.lists(st.tuples(errors, st.floats(0, 100)), max_size=30))
def test_it_is_never_closed_off_for_longer_than_allowed(
    failures: list[tuple[ProviderError, float]],
) -> None:
    breaker, now = Breaker(Tolerance()), 0.0
    for error, later in failures:
        now += later
        breaker.allows(now)
        breaker.failed(error, now)
    assert breaker.allows(now + 61.0)


@pytest.mark.parametrize("kind", [AtCapacity, Unavailable, TimedOut, Rejected])
def test_whoever_asks_for_time_is_given_it_by_all(kind: type[ProviderError]) -> None:
    breaker = Breaker()
    breaker.failed(kind("not now", retry_after_s=7.0), 0.0)
    assert breaker.rest_s(2.0) == 5.0
    # What was asked before it said so may go well: that does not take it back.
    breaker.succeeded()
    assert breaker.state(6.9) == "open"
    assert not breaker.allows(6.9)
    assert breaker.rest_s(7.0) == 0.0
    assert breaker.allows(7.0)


def test_a_shorter_wish_does_not_take_back_a_longer_one() -> None:
    breaker = Breaker()
    breaker.failed(AtCapacity("busy", retry_after_s=9.0), 0.0)
    breaker.failed(AtCapacity("busy", retry_after_s=1.0), 1.0)
    assert breaker.rest_s(2.0) == 7.0


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


def test_where_nobody_is_well_whoever_asked_for_least_is_asked() -> None:
    first, second, third = Named("first"), Named("second"), Named("third")
    roster = Roster([first, second, third])
    roster.failed(first, AtCapacity("busy", retry_after_s=9.0), 0.0)
    roster.failed(second, AtCapacity("busy", retry_after_s=4.0), 0.0)
    assert roster.pick(1.0) is third
    assert roster.pick(1.0, without=[third]) is second
    for _ in range(3):
        roster.failed(third, DOWN, 1.0)
    # It is down, and did not ask for peace: it is asked before the two that did.
    assert roster.pick(1.0) is third
    assert roster.rest_s(second, 1.0) == 3.0
    assert roster.well(4.0) == [second]
    assert roster.pick(4.0) is second
    assert roster.pick(4.0, without=[first, second, third]) is None
