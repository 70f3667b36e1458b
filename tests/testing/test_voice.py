"""The pretended voice keeps the timing it promises."""

import asyncio
from typing import Any

import numpy as np
import pytest

from antiphon.errors import Unavailable
from antiphon.ports.tts import Speaking, Spoken
from antiphon.testing.clock import VirtualClock
from antiphon.testing.voice import Fault, ScriptedVoice


def listen(*clauses: str, speed: float = 1.0, **voice: Any) -> list[tuple[float, Spoken]]:
    async def main(clock: VirtualClock) -> list[tuple[float, Spoken]]:
        humming = ScriptedVoice(clock=clock, **voice)
        utterance = humming.utter(Speaking(speed=speed))
        for clause in clauses:
            utterance.say(clause)
        utterance.end()
        try:
            return [(clock.now(), piece) async for piece in utterance.audio()]
        finally:
            assert humming.open == 0
            assert humming.said == list(clauses)

    return VirtualClock().run(main)


def test_length_follows_the_letters_and_words_lie_where_they_are_said_to() -> None:
    pieces = listen("Hello you")
    pcm = np.frombuffer(b"".join(piece.pcm for _, piece in pieces), np.int16)
    words = [word for _, piece in pieces for word in piece.words]
    assert [(w.text, w.start, w.end) for w in words] == [("Hello", 0, 4800), ("you", 5440, 8320)]
    assert len(pcm) == 8320
    assert not pcm[4800:5440].any()
    assert [piece.last for _, piece in pieces] == [False] * (len(pieces) - 1) + [True]


def test_first_audio_comes_after_the_promised_time_and_clauses_in_order() -> None:
    pieces = listen("One two", "three", first_audio_s=0.3, real_time_factor=0.1)
    assert pieces[0][0] == pytest.approx(0.31)
    assert [piece.clause for _, piece in pieces] == sorted(piece.clause for _, piece in pieces)
    assert sum(piece.last for _, piece in pieces) == 2


def test_speed_changes_the_length() -> None:
    pcm = b"".join(piece.pcm for _, piece in listen("Hello", speed=2.0))
    assert len(pcm) == 4800


def test_it_fails_where_it_is_told_to_and_only_once() -> None:
    async def main(clock: VirtualClock) -> None:
        voice = ScriptedVoice(clock=clock)
        voice.faults.append(Fault(after_s=0.1))
        for attempt in range(2):
            utterance = voice.utter(Speaking())
            utterance.say("Hello there")
            utterance.end()
            got = []
            try:
                got = [piece async for piece in utterance.audio()]
            except Unavailable:
                assert attempt == 0
            assert bool(got) == (attempt == 1)

    VirtualClock().run(main)


def test_a_stalled_voice_can_be_closed() -> None:
    async def main(clock: VirtualClock) -> None:
        voice = ScriptedVoice(clock=clock)
        voice.faults.append(Fault(error=None))
        utterance = voice.utter(Speaking())
        utterance.say("Hello")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await anext(utterance.audio())
        await clock.sleep(0)
        assert voice.open == 0

    VirtualClock().run(main)
