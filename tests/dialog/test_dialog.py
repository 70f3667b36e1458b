"""The seam: what `Numbers` promises to every dialog and all its copies."""

import pytest

from antiphon.dialog.dialog import Numbers
from antiphon.dialog.receptionist import Receptionist
from antiphon.dialog.settings import ReceptionistSettings
from antiphon.events import CallStarted, SilenceNoticed, TurnEnded


def test_no_number_is_given_twice() -> None:
    numbers = Numbers()
    assert [numbers.next() for _ in range(3)] == [1, 2, 3]


def test_numbers_never_compare_and_cannot_be_keys() -> None:
    assert Numbers(last=1) == Numbers(last=7)
    assert Numbers() != 0
    with pytest.raises(TypeError):
        hash(Numbers())


def test_a_copy_is_independent_but_draws_the_same_numbers() -> None:
    dialog = Receptionist(ReceptionistSettings())
    dialog.receive(CallStarted(channel="test"), 0)
    copy = dialog.copy()
    assert copy == dialog
    copy.receive(TurnEnded(turn=1, text="hello", start_s=0, end_s=1), 1)
    assert copy != dialog
    assert dialog.memory == ()
    first = copy.receive(SilenceNoticed(count=1, last=False), 2)
    second = dialog.receive(SilenceNoticed(count=1, last=False), 2)
    assert first[0].reply != second[0].reply  # type: ignore[union-attr]


def test_a_receptionist_needs_no_timer() -> None:
    dialog = Receptionist(ReceptionistSettings())
    assert dialog.deadline() is None
    assert dialog.tick(100) == []
