"""One call's ear towards a recogniser, kept open whatever happens to the recogniser.

A recognition that dies is opened again. Its positions and segments then start from zero; here
they are put back on the call's own line, so nobody else notices. What was fed since the last
settled word is kept and fed again, so that no word is lost; what was settled is not, so that
none is told twice.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from antiphon.errors import ProviderError
from antiphon.events import EndpointHinted, SpeechStarted, SpeechStopped, TranscriptChanged, Word
from antiphon.ports.clock import Clock
from antiphon.ports.stt import Heard, Hearing, Recogniser, Recognition

__all__ = ["OpenEar"]

RATE_HZ = 16_000
# Enough to hear the current utterance again after a reconnect; the oldest goes first.
KEPT_S = 20.0
# A recogniser that keeps dying is tried again after these waits, then every last of them.
WAITS_S = (0.0, 0.2, 0.5, 1.0, 2.0)


class OpenEar:
    """Feeds a recognition and tells what it hears in the call's own time."""

    def __init__(
        self,
        recogniser: Recogniser,
        *,
        language: str,
        keyterms: tuple[str, ...],
        tell: Callable[[Heard], None],
        lost: Callable[[ProviderError], None],
        clock: Clock,
    ) -> None:
        self._recogniser = recogniser
        self._hearing = Hearing(rate_hz=RATE_HZ, language=language, keyterms=keyterms)
        self._tell = tell
        self._lost = lost
        self._clock = clock
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self._fed_bytes = 0
        self._settled_s = 0.0
        self._origin_s = 0.0
        self._segment_origin = 0
        self._segments = 0
        self._voice: SpeechStarted | None = None
        self._recognition = self._open()

    def feed(self, pcm: bytes) -> None:
        """Caller audio at 16 kHz, in order."""
        self._kept.append(pcm)
        self._kept_bytes += len(pcm)
        self._fed_bytes += len(pcm)
        while self._kept_bytes > KEPT_S * RATE_HZ * 2:
            self._kept_bytes -= len(self._kept.popleft())
        self._recognition.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        """An edge of voice activity, in the call's audio time."""
        self._voice = edge if isinstance(edge, SpeechStarted) else None
        self._recognition.voice(replace(edge, at_s=edge.at_s - self._origin_s))

    def finalise(self, until_s: float) -> None:
        """Ask for a final reading of everything so far."""
        self._recognition.finalise(until_s - self._origin_s)

    def settle(self, until_s: float) -> None:
        """Words up to here are dealt with."""
        self._settled_s = until_s
        self._recognition.forget(until_s - self._origin_s)

    async def run(self) -> None:
        """Keep a recognition running until cancelled."""
        failures = 0
        while True:
            fed_before = self._fed_bytes
            try:
                await self._recognition.run()
            except ProviderError as error:
                self._lost(error)
            # Ten good seconds make up for any number of failures.
            lasted = self._fed_bytes - fed_before > 10 * RATE_HZ * 2
            failures = 1 if lasted else failures + 1
            wait_s = WAITS_S[min(failures, len(WAITS_S)) - 1]
            await self._clock.sleep_until(self._clock.now() + wait_s)
            self._reopen()

    def _open(self) -> Recognition:
        return self._recogniser.listen(self._hearing, self._heard)

    def _reopen(self) -> None:
        """A new recognition hears again what was not settled."""
        kept = b"".join(self._kept)
        start_s = (self._fed_bytes - len(kept)) / (2 * RATE_HZ)
        skip = max(0, int((self._settled_s - start_s) * RATE_HZ) * 2)
        self._origin_s = start_s + skip / (2 * RATE_HZ)
        self._segment_origin = self._segments
        self._recognition = self._open()
        self._recognition.feed(kept[skip:])
        if self._voice:
            self.voice(self._voice)

    def _heard(self, heard: Heard) -> None:
        """Put what was heard on the call's line of time and of segments."""
        shift_s = self._origin_s
        if isinstance(heard, EndpointHinted):
            self._tell(replace(heard, at_s=heard.at_s + shift_s))
            return
        segment = heard.segment + self._segment_origin
        self._segments = max(self._segments, segment + 1)
        self._tell(
            replace(
                heard,
                segment=segment,
                start_s=heard.start_s + shift_s,
                end_s=heard.end_s + shift_s,
                words=_shifted(heard, shift_s),
            )
        )


def _shifted(heard: TranscriptChanged, shift_s: float) -> tuple[Word, ...]:
    if not shift_s:
        return heard.words
    return tuple(
        replace(word, start_s=word.start_s + shift_s, end_s=word.end_s + shift_s)
        for word in heard.words
    )
