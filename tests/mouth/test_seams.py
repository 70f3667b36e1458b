"""Whatever fails when, what the caller heard is the text: read word by word from the sound.

Every word has a pitch of its own here, whoever says it, so that a word that is lost, doubled or out
of its place shows in the audio that was played.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.call.tones import ToneUtterance, ToneVoice, Vocabulary, read

from antiphon.errors import Rejected, Unavailable
from antiphon.events import ReplyFailed, ReplyFinished, ReplyStopped
from antiphon.mouth.phrases import PhraseCache
from antiphon.mouth.settings import MouthSettings
from antiphon.mouth.studio import Studio, warm
from antiphon.net.roster import Roster
from antiphon.ports.tts import Speaking, Spoken
from antiphon.testing.voice import Fault

Play = Callable[..., Any]
CLAUSES = (
    "Certainly so, ",
    "I could arrange that for you today. ",
    "Please wait. ",
    "Somebody will answer the telephone shortly, ",
    "or call again.",
)
TEXT = "".join(CLAUSES)
ENDINGS = (ReplyFinished, ReplyFailed, ReplyStopped)
WHOLE = 0.93
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
    cached: tuple[str, ...] = (),
    pieces: int = 1000,
    stop_s: float | None = None,
    between_s: float = 0.0,
    **line: Any,
) -> Any:
    """One reply, by voices that fail; what was cached is known in the first one's voice."""
    words, phrases = Vocabulary(), PhraseCache()

    async def scene(stage: Any) -> None:
        studio = Studio(
            voices=Roster([stage.voice]),
            settings=MouthSettings(),
            rate_hz=8000,
            clock=stage.clock,
            phrases=phrases,
        )
        await warm(studio, cached, stage.voice)
        for voice, made in zip((stage.voice, *stage.others), voices, strict=True):
            voice.said.clear()
            voice.faults = deque(made["faults"])
            voice.breaks = deque(made["breaks"])
        if stop_s is not None:
            asyncio.get_running_loop().call_later(stop_s, stage.mouth.stop)
        for at in range(0, len(TEXT), pieces):
            stage.speak(1, TEXT[at : at + pieces], last=at + pieces >= len(TEXT))
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
    stage = play(
        scene, voice=made[0], others=made[1:], kind=BrittleVoice, phrases=phrases, **line
    )
    stage.words = words
    return stage


def heard(stage: Any) -> list[str]:
    """The words the caller heard to their end, or to the end of what was heard at all."""
    tones = read(stage.transport.heard_audio, 8000, stage.words)
    return [tone.text for tone in tones if tone.share >= WHOLE]


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    voices=st.lists(VOICES, min_size=1, max_size=3),
    cached=st.lists(st.sampled_from(CLAUSES), unique=True, max_size=3),
    pieces=st.sampled_from([1000, 5, 12]),
    between_s=st.sampled_from([0.0, 0.05, 0.4]),
    stop_s=st.none() | st.floats(0.05, 6.0),
)
def test_with_word_times_every_word_is_heard_once_and_in_its_place(
    play: Play,
    voices: list[dict[str, Any]],
    cached: list[str],
    pieces: int,
    between_s: float,
    stop_s: float | None,
) -> None:
    stage = perform(
        play,
        voices,
        word_times=[True] * len(voices),
        cached=tuple(cached),
        pieces=pieces,
        between_s=between_s,
        stop_s=stop_s,
    )
    words = heard(stage)
    assert words == TEXT.split()[: len(words)], (words, stage.told)
    if stage.of(ReplyFinished):
        assert words == TEXT.split()
    assert all(voice.open == 0 for voice in (stage.voice, *stage.others))
