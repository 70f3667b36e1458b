"""A turn that several people spoke in shows who said what, where that was told."""

from typing import Any

from antiphon import actions as order
from antiphon import events as told
from antiphon.observe.speakers import by_speakers
from antiphon.observe.storyline import timeline

TURN = order.Answer(turn=1, text="Two of us. Three, dear.", start_s=1.0, end_s=3.0, why="")


def words(*speakers: int | None) -> tuple[told.Word, ...]:
    return tuple(
        told.Word(text=text, start_s=1 + n * 0.4, end_s=1.4 + n * 0.4, speaker=speaker)
        for n, (text, speaker) in enumerate(zip(TURN.text.split(), speakers, strict=True))
    )


def test_every_change_is_marked() -> None:
    said = by_speakers(TURN, words(0, 0, 0, 1, 1))
    assert said == "[speaker 0] Two of us. [speaker 1] Three, dear."


def test_without_speakers_the_text_is_as_it_is() -> None:
    assert by_speakers(TURN, words(None, None, None, None, None)) == TURN.text
    assert by_speakers(TURN, ()) == TURN.text


def test_other_words_are_left_alone() -> None:
    before = told.Word(text="Hello", start_s=0.1, end_s=0.5, speaker=0)
    after = told.Word(text="Bye", start_s=4.0, end_s=4.3, speaker=1)
    said = by_speakers(TURN, (before, *words(0, 0, 0, 1, 1), after))
    assert said == "[speaker 0] Two of us. [speaker 1] Three, dear."
    stray = told.Word(text="What?", start_s=1.5, end_s=1.6, speaker=1)
    assert by_speakers(TURN, (*words(0, 0, 0, 1, 1), stray)) == TURN.text


def test_the_report_shows_them(script: Any) -> None:
    heard = told.TranscriptChanged(
        segment=0, text=TURN.text, start_s=1, end_s=3, final=True, words=words(0, 0, 0, 1, 1)
    )
    script.event(3.1, heard)
    script.order(3.3, TURN)
    (turn,) = timeline(script.log()).said
    assert turn.text == "[speaker 0] Two of us. [speaker 1] Three, dear."


def test_the_words_are_the_turns_in_its_order() -> None:
    """A recogniser may place a word before the one it told first."""
    first, *rest = words(0, 0, 0, 1, 1)
    late = told.Word(text=first.text, start_s=1.5, end_s=1.6, speaker=0)
    assert by_speakers(TURN, (late, *rest)) == "[speaker 0] Two of us. [speaker 1] Three, dear."
