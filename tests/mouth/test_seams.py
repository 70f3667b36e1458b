"""Whatever fails when, what the caller heard is the text: read word by word from the sound.

Every word has a pitch of its own here, whoever says it, so that a word that is lost, doubled or out
of its place shows in the audio that was played.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.call.tones import ToneUtterance, ToneVoice, Vocabulary, read

from antiphon.errors import Rejected, Unavailable
from antiphon.events import ReplyFailed, ReplyFinished, ReplyStopped
from antiphon.mouth.phrases import PhraseCache
from antiphon.mouth.settings import MouthSettings
from antiphon.mouth.studio import Studio
from antiphon.mouth.warming import warm
from antiphon.net.roster import Roster
from antiphon.ports.tts import Speaking, Spoken
from antiphon.testing.voice import Fault

Play = Callable[..., Any]
SHORT = ("Sure thing. ", "Please wait. ", "Right away, ", "sir. ", "Here goes, ", "my friend.")
LONG = (
    "Certainly so, ",
    "I could arrange that for you today. ",
    "Please wait. ",
    "Somebody will answer the telephone shortly, ",
    "or call again.",
)
ENDINGS = (ReplyFinished, ReplyFailed, ReplyStopped)
WHOLE = 0.95
"""Of a word's sound; less was broken off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """What else may go wrong, at the very edges of a clause."""

    clause: int
    """Of the utterance."""
    told: bool
    """That the clause is complete, before it breaks."""


@dataclass(kw_only=True)
class BrittleVoice(ToneVoice):
    """Breaks once behind the last sample of a clause."""

    breaks: deque[Break] = field(default_factory=deque)

    def utter(self, speaking: Speaking) -> "BrittleUtterance":
        made = super().utter(speaking)
        made.__class__ = BrittleUtterance
        made.breaks = self.breaks.popleft() if self.breaks else None  # type: ignore[attr-defined]
        return made  # type: ignore[return-value]


class BrittleUtterance(ToneUtterance):
    breaks: Break | None

    async def audio(self) -> AsyncIterator[Spoken]:
        async with aclosing(super().audio()) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                breaks = self.breaks
                if not breaks or not piece.last or piece.clause != breaks.clause:
                    yield piece
                    continue
                yield replace(piece, last=breaks.told)
                raise Unavailable("broke behind a clause")


def base(**more: Any) -> dict[str, Any]:
    """A voice that is well, but for what is said."""
    well = {"rate_hz": 8000, "first_audio_s": 0.05, "real_time_factor": 0.3}
    return {**well, "faults": [], "breaks": [], **more}


BREAKS = st.builds(Break, clause=st.integers(0, 3), told=st.booleans())
FAULTS = st.builds(
    Fault,
    clause=st.integers(0, 3),
    after_s=st.sampled_from([0.0, 0.1, 0.25, 0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 9.0]),
    error=st.sampled_from([Unavailable("gone"), Unavailable("gone"), Rejected("no"), None]),
)
VOICES = st.fixed_dictionaries(
    {
        "rate_hz": st.sampled_from([8000, 16_000, 24_000]),
        "first_audio_s": st.sampled_from([0.05, 0.4]),
        "real_time_factor": st.sampled_from([0.05, 0.3]),
        "faults": st.lists(st.none() | FAULTS, max_size=4),
        "breaks": st.lists(st.none() | BREAKS, max_size=3),
    }
)


def perform(
    play: Play,
    voices: list[dict[str, Any]],
    *,
    word_times: list[bool],
    clauses: tuple[str, ...] = LONG,
    cached: tuple[str, ...] = (),
    pieces: int = 1000,
    stop_s: float | None = None,
    between_s: float = 0.0,
    **line: Any,
) -> Any:
    """One reply, by voices that fail; what was cached is known in the first one's voice."""
    words, phrases, text = Vocabulary(), PhraseCache(), "".join(clauses)

    async def scene(stage: Any) -> None:
        studio = Studio(
            voices=Roster([stage.voice]),
            settings=MouthSettings(),
            rate_hz=8000,
            clock=stage.clock,
            phrases=phrases,
        )
        await warm(studio, [(text, "reply") for text in cached], stage.voice)
        for voice, made in zip((stage.voice, *stage.others), voices, strict=True):
            voice.said.clear()
            voice.faults = deque(made["faults"])
            voice.breaks = deque(made["breaks"])
        if stop_s is not None:
            asyncio.get_running_loop().call_later(stop_s, stage.mouth.stop)
        for at in range(0, len(text), pieces):
            stage.speak(1, text[at : at + pieces], last=at + pieces >= len(text))
            if between_s:
                await stage.clock.sleep(between_s)
        limit_s = stage.clock.now() + 90
        while not any(stage.of(ending) for ending in ENDINGS):
            assert stage.clock.now() < limit_s, stage.told
            await stage.clock.sleep(0.05)
        await stage.clock.sleep(1.0)

    made = [
        {
            **{k: v for k, v in voice.items() if k not in {"faults", "breaks"}},
            "word_times": times,
            "words": words,
            "name": f"voice {number}",
            "fingerprint": f"voice {number}",
        }
        for number, (voice, times) in enumerate(zip(voices, word_times, strict=True))
    ]
    stage = play(scene, voice=made[0], others=made[1:], kind=BrittleVoice, phrases=phrases, **line)
    stage.words = words
    return stage


def heard(stage: Any) -> list[str]:
    """The words the caller heard to their end, or to the end of what was heard at all."""
    tones = read(stage.transport.heard_audio, 8000, stage.words)
    return [tone.text for tone in tones if tone.share >= WHOLE]


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    voices=st.lists(VOICES, min_size=1, max_size=3),
    clauses=st.sampled_from([LONG, SHORT]),
    cached=st.sets(st.integers(0, 5), max_size=3),
    pieces=st.sampled_from([1000, 5, 12]),
    between_s=st.sampled_from([0.0, 0.05, 0.4]),
    stop_s=st.none() | st.none() | st.none() | st.floats(0.05, 6.0),
)
def test_with_word_times_every_word_is_heard_once_and_in_its_place(
    play: Play,
    voices: list[dict[str, Any]],
    clauses: tuple[str, ...],
    cached: set[int],
    pieces: int,
    between_s: float,
    stop_s: float | None,
) -> None:
    stage = perform(
        play,
        voices,
        word_times=[True] * len(voices),
        clauses=clauses,
        cached=tuple(clause for at, clause in enumerate(clauses) if at in cached),
        pieces=pieces,
        between_s=between_s,
        stop_s=stop_s,
    )
    words = heard(stage)
    assert words == "".join(clauses).split()[: len(words)], (words, stage.told)
    if stage.of(ReplyFinished):
        assert words == "".join(clauses).split()
    assert all(voice.open == 0 for voice in (stage.voice, *stage.others))


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    voices=st.lists(st.tuples(VOICES, st.booleans()), min_size=2, max_size=3),
    clauses=st.sampled_from([LONG, SHORT]),
)
def test_without_word_times_no_seam_costs_more_than_a_word(
    play: Play, voices: list[tuple[dict[str, Any], bool]], clauses: tuple[str, ...]
) -> None:
    stage = perform(
        play,
        [voice for voice, _ in voices],
        word_times=[times for _, times in voices],
        clauses=clauses,
    )
    words, text = heard(stage), "".join(clauses).split()
    breaks = len(stage.attendees.losses)
    if not stage.of(ReplyFinished):
        text = text[: text.index(words[-1]) + 1] if words else []
    lost, doubled = Counter(text) - Counter(words), Counter(words) - Counter(text)
    assert lost.total() + doubled.total() <= breaks, (words, stage.attendees, stage.told)


def test_a_clause_from_the_cache_keeps_its_place_behind_one_that_broke_off(play: Play) -> None:
    """The first voice breaks behind its last word, before it says that this was the last."""
    first = base(breaks=[Break(clause=0, told=False)])
    stage = perform(
        play, [first, base()], word_times=[True, True], clauses=SHORT, cached=SHORT[1:2]
    )
    assert heard(stage) == "".join(SHORT).split()


def test_a_voice_that_is_alone_may_break_once_for_every_clause(play: Play) -> None:
    first = base(breaks=[Break(clause=0, told=False)] * 9)
    stage = perform(play, [first], word_times=[True], clauses=SHORT)
    assert heard(stage) == "".join(SHORT).split()


def test_of_three_voices_the_third_goes_on_where_the_second_broke_off(play: Play) -> None:
    """The second told nothing of its words: what was heard of them is not said again."""
    first = base(faults=[Fault(clause=1, after_s=0.6)])
    second = base(faults=[Fault(after_s=1.1)], real_time_factor=0.9)
    stage = perform(play, [first, second, base()], word_times=[True, False, True])
    words, text = heard(stage), "".join(LONG).split()
    assert (Counter(words) - Counter(text)).total() <= 1, words
    assert (Counter(text) - Counter(words)).total() <= 1, words
    asked = [voice.said for voice in (stage.voice, *stage.others)]
    assert len(asked[2][0].split()) < len(asked[1][0].split()), asked


@pytest.mark.parametrize("after_s", [round(0.1 * n, 1) for n in range(1, 15)])
@pytest.mark.parametrize("word_times", [True, False])
def test_no_seam_clicks(play: Play, after_s: float, word_times: bool) -> None:
    """Barely ahead of what is played, so that the cut falls on what was sent."""
    first = base(faults=[Fault(clause=1, after_s=after_s)], real_time_factor=0.8)
    stage = perform(play, [first, base()], word_times=[word_times] * 2)
    bend = np.abs(np.diff(stage.transport.heard_audio.astype(int), 2))
    smooth = np.abs(np.diff(perform(play, [base()], word_times=[True]).transport.heard_audio, 2))
    assert bend.max() <= 1.2 * smooth.max(), bend.argmax() / 8000


def test_one_reply_has_no_more_voices_than_it_needs(play: Play) -> None:
    """What is cached in the first voice does not bring it back in the middle."""
    first = base(faults=[Fault(clause=0, after_s=0.1)])
    stage = perform(
        play, [first, base()], word_times=[True, True], clauses=SHORT, cached=SHORT[1:2]
    )
    assert "Please wait." in stage.others[0].said
    assert stage.attendees.serving[-1] == "voice 1"


def test_the_last_voice_is_waited_for_as_one_that_is_alone(play: Play) -> None:
    slow = base(first_audio_s=2.0)
    stage = perform(
        play, [base(faults=[Fault()]), slow], word_times=[True, True], clauses=SHORT[:2]
    )
    assert stage.of(ReplyFinished)
