"""The caller has fallen silent: over, nothing, or not yet."""

from dataclasses import replace

import pytest

from antiphon.events import Expectation
from antiphon.turns.evidence import Evidence
from antiphon.turns.pause import AGAIN_S, Pause, Verdict, judge
from antiphon.turns.settings import TurnSettings

# Sure of everything after 0.3 s, of nothing after 1.2 s.
SETTINGS = TurnSettings(
    floor_s=0.1,
    sure_s=0.3,
    unsure_s=0.3,
    ceiling_s=2.0,
    eager_s=0.15,
    looks_s=(0.1, 0.25),
    transcript_grace_s=1.0,
    overlap_keep_s=0.2,
)


def pause(
    length_s: float, text: str = "It is late.", *, final: bool = True, **other: object
) -> Pause:
    evidence = Evidence(text=text, score=None, expectation=Expectation())
    found = Pause(
        evidence=evidence,
        final=final,
        length_s=length_s,
        heard_s=length_s,
        looks=2,
        prepared=True,
    )
    return replace(found, **other)  # type: ignore[arg-type]


def call(found: Pause) -> str:
    return judge(found, SETTINGS).call


def test_a_turn_is_over_when_the_pause_outgrows_the_patience() -> None:
    assert call(pause(0.29)) == "wait"
    verdict = judge(pause(0.3), SETTINGS)
    assert verdict == Verdict(call="answer", why="no score, a sentence, after 300 ms")


def test_what_never_arrived_ends_no_turn_before_the_ceiling() -> None:
    assert call(pause(1.9, heard_s=0.1)) == "wait"
    assert call(pause(2.0, heard_s=0.1)) == "answer"


def test_a_recogniser_that_owes_words_is_waited_for_but_not_for_ever() -> None:
    assert call(pause(1.9, final=False)) == "wait"
    verdict = judge(pause(2.0, final=False), SETTINGS)
    assert verdict == Verdict(call="answer", why="no final transcript, after 2000 ms")
    assert call(pause(2.0, "", final=False)) == "nothing"


def test_the_wait_for_words_goes_past_the_ceiling_where_patience_does() -> None:
    patient = SETTINGS.model_copy(update={"ceiling_s": 0.5})
    assert judge(pause(1.0, final=False), patient).call == "wait"
    assert judge(pause(1.3, final=False), patient).call == "answer"


def test_a_sound_without_words_is_nothing_once_the_recogniser_has_heard_it() -> None:
    assert call(pause(0.19, "")) == "wait"
    assert judge(pause(0.2, ""), SETTINGS) == Verdict(call="nothing", why="a sound without words")


@pytest.mark.parametrize(
    "length_s, looks, look", [(0.09, 0, False), (0.1, 0, True), (0.2, 1, False), (0.25, 1, True)]
)
def test_the_model_is_asked_at_its_times(length_s: float, looks: int, look: bool) -> None:
    assert judge(pause(length_s, looks=looks), SETTINGS).look is look


@pytest.mark.parametrize(
    "length_s, text, prepare",
    [(0.14, "It is late.", False), (0.15, "It is late.", True), (0.16, "", False)],
)
def test_an_answer_is_prepared_at_the_eager_point(
    length_s: float, text: str, prepare: bool
) -> None:
    assert judge(pause(length_s, text, prepared=False), SETTINGS).prepare is prepare


def test_an_unlikely_end_is_prepared_for_half_way() -> None:
    patient = SETTINGS.model_copy(update={"unsure_s": 1.2, "sure_s": 1.2})
    unlikely = pause(0.59, "it is late and", prepared=False)
    assert not judge(unlikely, patient).prepare
    assert judge(replace(unlikely, heard_s=0.6), patient).prepare


def test_an_eager_recogniser_is_believed_at_once() -> None:
    evidence = Evidence(text="It is late.", score=None, expectation=Expectation(), hint="eager")
    assert judge(pause(0.01, prepared=False, evidence=evidence), SETTINGS).prepare


def test_nothing_is_prepared_twice_or_where_that_is_off_or_words_are_owed() -> None:
    assert not judge(pause(0.2), SETTINGS).prepare
    assert not judge(pause(0.2, final=False, prepared=False), SETTINGS).prepare
    off = SETTINGS.model_copy(update={"speculate": False})
    assert not judge(pause(0.2, prepared=False), off).prepare


@pytest.mark.parametrize(
    "found, wait_s",
    [
        (pause(0.05, prepared=False), 0.05),  # the first look
        (pause(0.11, prepared=False), 0.04),  # the eager point
        (pause(0.11), 0.14),  # the second look
        (pause(0.26), 0.04),  # the end
        (pause(0.11, ""), 0.09),  # nothing said
        (pause(0.5, final=False), 1.5),  # the ceiling
        (pause(1.9, heard_s=0.26), 0.04),  # the end, or the ceiling, counted in all audio
        (pause(1.99, heard_s=0.26), 0.01),
    ],
    ids=lambda found: "" if isinstance(found, float) else f"{found.length_s}",
)
def test_it_asks_again_when_something_could_change(found: Pause, wait_s: float) -> None:
    assert judge(found, SETTINGS).wait_s == pytest.approx(wait_s)


def test_where_everything_is_due_but_nothing_may_happen_it_asks_again_soon() -> None:
    settings = SETTINGS.model_copy(update={"ceiling_s": 0.4, "looks_s": ()})
    assert judge(pause(0.5, "so", final=False), settings).wait_s == pytest.approx(0.8)
    assert AGAIN_S > 0
