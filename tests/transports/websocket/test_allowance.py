"""The bucket that limits a peer."""

from hypothesis import given
from hypothesis import strategies as st

from antiphon.transports.websocket.allowance import Allowance

steps = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 500)), max_size=50)


@given(steps)
def test_never_more_than_the_burst_and_the_rate(steps) -> None:
    bucket, now, used = Allowance(10.0, 100.0, 0.0), 0.0, 0.0
    for wait, units in steps:
        now += wait
        if bucket.take(units, now):
            used += units
        assert used <= 100.0 + 10.0 * now + 1e-6


def test_a_steady_sender_within_the_rate_is_never_refused() -> None:
    bucket = Allowance(10.0, 100.0, 0.0)
    assert all(bucket.take(1.0, at / 10) for at in range(1000))


def test_a_clock_that_steps_back_earns_nothing() -> None:
    bucket = Allowance(10.0, 10.0, 100.0)
    assert bucket.take(10.0, 100.0)
    assert not bucket.take(1.0, 50.0)
    assert not bucket.take(1.0, 100.0)
    assert bucket.take(1.0, 100.2)
