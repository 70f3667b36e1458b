"""The literal table: complete, connected, and closed at the end."""

from itertools import product

import pytest

from antiphon.errors import InternalError
from antiphon.turns.table import TRANSITIONS, Cue, State, follow


def test_every_state_has_its_row_and_the_end_has_no_way_out() -> None:
    assert set(TRANSITIONS) == set(State)
    assert TRANSITIONS[State.ENDED] == {}


@pytest.mark.parametrize("state", [state for state in State if state is not State.ENDED])
def test_the_call_may_end_at_any_time(state: State) -> None:
    assert follow(state, Cue.CALL_OVER) is State.ENDED


def test_every_state_can_be_reached_and_left_again_for_silence() -> None:
    reached, edge = {State.IDLE}, {State.IDLE}
    while edge:
        edge = {to for state in edge for to in TRANSITIONS[state].values()} - reached
        reached |= edge
    assert reached == set(State)
    for start in set(State) - {State.ENDED}:
        seen, edge = {start}, {start}
        while edge:
            edge = {to for state in edge for to in TRANSITIONS[state].values()} - seen
            seen |= edge
        assert State.IDLE in seen


def test_every_cue_is_used() -> None:
    assert {cue for row in TRANSITIONS.values() for cue in row} == set(Cue)


@pytest.mark.parametrize("state, cue", list(product(State, Cue)))
def test_what_is_not_in_the_table_is_a_bug_of_ours(state: State, cue: Cue) -> None:
    if cue in TRANSITIONS[state]:
        assert follow(state, cue) is TRANSITIONS[state][cue]
    else:
        with pytest.raises(InternalError, match=f"no transition for {cue.name} in {state.name}"):
            follow(state, cue)
