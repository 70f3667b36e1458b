"""How much of a room is out, and what becomes of a far end that falls behind or runs ahead."""

import pytest

from antiphon.audio.ledger import Ledger
from antiphon.mouth.backlog import Backlog
from antiphon.mouth.pace import ROOM_LEAD_S, ROOM_MOST_S, Pace
from antiphon.ports.transport import TransportFacts

FRAME_S = 0.02


def pace(*, confirms: bool = False, lead_s: float = 0.2) -> Pace:
    facts = TransportFacts(
        name="test", rate_hz=8000, ducking="flush", lead_s=lead_s, confirms=confirms
    )
    return Pace(facts, Ledger(8000, lead_s=None if confirms else lead_s))


def fill(paced: Pace, now: float) -> float:
    """Send what may be sent of the room; how much is out then."""
    while paced.room_may(now):
        if hole_s := paced.hole_s(now):
            paced.missed(hole_s, now)
        paced.sent(now)
    return paced.outstanding_s(now)


def beats(from_s: float, seconds: float, *, late_s: float = 0.0) -> list[float]:
    """Beats of the wheel, every seventh of them late; one that is overtaken does not come."""
    found: list[float] = []
    for beat in range(round(seconds / FRAME_S)):
        at_s = from_s + beat * FRAME_S + (late_s if beat % 7 == 6 else 0.0)
        found += [at_s] if not found or at_s > found[-1] else []
    return found


def test_a_room_keeps_a_frame_out_and_little_more() -> None:
    paced = pace()
    most = max(fill(paced, now) for now in beats(1.0, 2.0))
    assert FRAME_S <= most <= ROOM_LEAD_S + 1e-6


def test_beats_that_come_late_make_it_longer_and_even_ones_short_again() -> None:
    paced = pace()
    holes = []
    for now in beats(1.0, 4.0, late_s=0.03):
        holes.append(paced.hole_s(now))
        fill(paced, now)
    # At first; then a late beat finds something left.
    assert any(holes[:20])
    assert not any(holes[20:])
    assert max(fill(paced, now) for now in beats(5.0, 1.0)) <= ROOM_MOST_S + 1e-6
    assert max([fill(paced, now) for now in beats(6.0, 60.0)][-100:]) <= ROOM_LEAD_S + 1e-6


def test_a_line_that_stood_still_for_long_makes_nothing_longer() -> None:
    paced = pace()
    for now in (1.0, 3.0, 5.0, 7.0):
        assert fill(paced, now) <= ROOM_LEAD_S + 1e-6


def test_it_never_has_more_out_than_a_voice_may_have() -> None:
    paced = pace(lead_s=0.04)
    for now in beats(1.0, 4.0, late_s=0.04):
        assert fill(paced, now) <= 0.04 + 1e-6


def feed(backlog: Backlog, difference_s: float, from_s: float, seconds: float) -> list[float]:
    """What it orders while reports are now and then late by chance."""
    found = []
    for beat in range(round(seconds / FRAME_S)):
        late_s = (beat * 7919 % 13) / 13 * 0.1
        found.append(backlog.look(difference_s + late_s, from_s + beat * FRAME_S))
    return [order for order in found if order]


def test_reports_that_are_late_by_chance_say_nothing() -> None:
    assert feed(Backlog(), 0.15, 0.0, 60.0) == []


@pytest.mark.parametrize("more_s", [0.1, 0.5, -0.05])
def test_what_piled_up_or_ran_out_is_told_once(more_s: float) -> None:
    backlog = Backlog()
    assert feed(backlog, 0.15, 0.0, 5.0) == []
    assert feed(backlog, 0.15 + more_s, 5.0, 5.0) == [pytest.approx(more_s, abs=0.01)]
    # Not made good by that, so it is the way that changed.
    assert feed(backlog, 0.15 + more_s, 10.0, 10.0) == []


def test_a_break_is_not_compared_with_what_was_before_it() -> None:
    backlog = Backlog()
    assert feed(backlog, 0.15, 0.0, 5.0) == []
    backlog.settle(5.0)
    assert feed(backlog, 0.0, 5.0, 0.9) == []
    assert feed(backlog, 0.15, 5.9, 5.0) == []
