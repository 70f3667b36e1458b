"""What our own detector misses and a recogniser hears is a turn, to its last word."""

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.call.conftest import Exchange, Holding
from tests.call.tones import Vocabulary, read

from antiphon.events import SpeechStarted, SpeechStopped, TranscriptChanged, Word
from antiphon.ports.stt import Heard, Hearing

Floats = NDArray[np.float32]
EVERY_S = 0.3


def deaf(windows: Floats, slots: Sequence[int], rate_hz: int) -> Floats:
    """A detector that notices nobody."""
    return np.zeros(len(slots), np.float32)


class Vendor:
    """A recogniser that streams: it tells the words it is past by itself, and the last one when
    asked for a final."""

    name, rates_hz = "vendor", (16_000,)

    def __init__(self, words: Vocabulary) -> None:
        self.words = words

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> "Stream":
        return Stream(self.words, tell)

    async def start(self) -> None: ...
    async def aclose(self) -> None: ...


class Stream:
    def __init__(self, words: Vocabulary, tell: Callable[[Heard], None]) -> None:
        self._words, self._tell = words, tell
        self._pcm = bytearray()
        self._told_s = 0.0
        self._floor_s, self._segment = 0.0, 0

    def feed(self, pcm: bytes) -> None:
        self._pcm += pcm
        if len(self._pcm) / 32_000 - self._told_s >= EVERY_S:
            self._told_s = len(self._pcm) / 32_000
            self._say(final=False)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        raise AssertionError("nobody noticed a voice")

    def finalise(self, until_s: float) -> None:
        asyncio.get_running_loop().call_later(0.1, self._say, True)

    def forget(self, until_s: float) -> None:
        self._floor_s, self._segment = until_s, self._segment + 1

    async def run(self) -> None:
        await asyncio.get_running_loop().create_future()

    def _say(self, final: bool) -> None:
        tones = read(bytes(self._pcm), 16_000, self._words)
        heard = [tone for tone in tones if tone.start_s >= self._floor_s and tone.share > 0.6]
        heard = heard if final else heard[:-1]
        words = tuple(Word(text=t.text, start_s=t.start_s, end_s=t.end_s) for t in heard)
        if words:
            self._tell(
                TranscriptChanged(
                    segment=self._segment,
                    text=" ".join(word.text for word in words),
                    start_s=words[0].start_s,
                    end_s=len(self._pcm) / 32_000 if final else words[-1].end_s,
                    final=final,
                    words=words,
                )
            )


@pytest.mark.parametrize("over", [False, True], ids=["in silence", "over the agent"])
def test_a_whisper_is_answered_to_its_last_word(hold: Holding, over: bool) -> None:
    def whisper(exchange: Exchange) -> None:
        exchange.recogniser = Vendor(exchange.words)  # type: ignore[assignment]
        exchange.vad.score = deaf  # type: ignore[method-assign]

    wait = "- silence: 0.4\n" if over else "- wait: agent_done\n"
    held = hold(f"{wait}- say: What are your hours, please?\n- silence: 6", whisper)
    assert not held.told("SpeechStarted")
    assert " ".join(past.said for past in held.dialog.memory) == "What are your hours, please?"
    assert "We open at eight." in held.heard
    assert held.ordered("FinaliseTranscript")
    assert held.replayed().difference is None
