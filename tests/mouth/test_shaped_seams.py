"""Replies that change their delivery, by voices that fail: every word once, and in its place."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.mouth.test_seams import VOICES, heard, perform

from antiphon.events import ReplyFinished, ReplyStopped
from antiphon.mouth.markup import plain

Play = Callable[..., Any]
SHAPED = (
    "Certainly so, ",
    '<prosody pitch="high">I could arrange that for you today.</prosody> ',
    'Please wait. <break time="200ms"/>',
    '<emphasis>Somebody</emphasis> will <prosody pitch="-1st">answer the telephone</prosody> ',
    "shortly, or call <laugh>again.",
)
WORDS = plain("".join(SHAPED)).split()


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    voices=st.lists(VOICES, min_size=2, max_size=3),
    pieces=st.sampled_from([3, 11, 1000]),
    stop_s=st.none() | st.floats(0.1, 8.0),
)
def test_every_word_is_heard_once_whatever_changes_and_whoever_fails(
    play: Play, voices: list[dict[str, Any]], pieces: int, stop_s: float | None
) -> None:
    stage = perform(
        play,
        voices,
        word_times=[True] * len(voices),
        clauses=SHAPED,
        pieces=pieces,
        stop_s=stop_s,
    )
    words = heard(stage)
    assert words == WORDS[: len(words)], (words, stage.told)
    if stage.of(ReplyFinished):
        assert words == WORDS
    for stopped in stage.of(ReplyStopped):
        assert "<" not in stopped.heard + stopped.unheard
        assert stopped.heard.split() == WORDS[: len(stopped.heard.split())]
    assert all(voice.open == 0 for voice in (stage.voice, *stage.others))
