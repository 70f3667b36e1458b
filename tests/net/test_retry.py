"""Waits between attempts: a schedule, luck, and the vendor's own wish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.net.retry import Backoff


def test_the_plain_schedule_ends_in_its_last_wait() -> None:
    schedule = Backoff()
    assert [schedule.wait_s(n) for n in range(1, 8)] == [0.0, 0.2, 0.5, 1.0, 2.0, 2.0, 2.0]
    assert schedule.wait_s(0) == 0.0


def test_nothing_is_asked_earlier_than_the_vendor_says() -> None:
    assert Backoff().wait_s(1, retry_after_s=3.0) == 3.0
    assert Backoff().wait_s(5, retry_after_s=0.5) == 2.0
    assert Backoff().wait_s(1, retry_after_s=9999.0) == 30.0


@given(st.integers(0, 50), st.floats(0, 1), st.none() | st.floats(0, 1e6))
def test_luck_spreads_a_wait_and_no_more(failures: int, luck: float, after: float | None) -> None:
    schedule = Backoff()
    plain = schedule.wait_s(failures)
    wait = schedule.wait_s(failures, luck, after)
    assert 0.0 <= wait <= schedule.most_s
    if after is None:
        assert abs(wait - plain) <= plain * schedule.spread + 1e-9


@pytest.mark.parametrize(
    "wrong", [{"waits_s": ()}, {"waits_s": (-1.0,)}, {"spread": 1.0}, {"spread": -0.1}]
)
def test_a_schedule_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a schedule"):
        Backoff(**wrong)  # type: ignore[arg-type]
