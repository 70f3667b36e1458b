"""Pretended ears: a recogniser and an end-of-turn model that know beforehand what will be said.

`ScriptedRecogniser` is given the caller's utterances in order and lets each come out as the
voice activity says it is being spoken. It can be slow and it can be lost on demand.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from antiphon.errors import ProviderError
from antiphon.events import SpeechStarted, SpeechStopped, TranscriptChanged
from antiphon.ports.clock import Clock
from antiphon.ports.stt import Heard, Hearing

__all__ = ["ScriptedEndpoint", "ScriptedRecogniser", "ScriptedRecognition"]

# Speech resuming within this belongs to the utterance before it.
SAME_UTTERANCE_S = 1.0


@dataclass(kw_only=True)
class ScriptedRecogniser:
    """A `Recogniser` for tests. All its recognitions take their words from one list."""

    clock: Clock
    says: Sequence[str] = ()
    delay_s: float = 0.12
    """From being asked to telling."""
    faults: deque[ProviderError] = field(default_factory=deque)
    """Raised, one each, by the recognitions in order once they were fed something."""
    name: str = "scripted"
    rates_hz: tuple[int, ...] = (16_000,)

    def __post_init__(self) -> None:
        self.left = deque(self.says)
        self.opened = 0

    async def start(self) -> None:
        """Nothing to load."""

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> "ScriptedRecognition":
        self.opened += 1
        return ScriptedRecognition(self, hearing, tell)

    async def aclose(self) -> None:
        """Nothing to give back."""


class ScriptedRecognition:
    """One call's open ear."""

    def __init__(
        self, recogniser: ScriptedRecogniser, hearing: Hearing, tell: Callable[[Heard], None]
    ) -> None:
        self._recogniser = recogniser
        self._rate_hz = hearing.rate_hz
        self._tell = tell
        self._fed = 0
        self._segment = -1
        self._text = ""
        self._start_s = self._stop_s = 0.0
        self._voice = False
        self._was_fed = asyncio.Event()

    def feed(self, pcm: bytes) -> None:
        self._fed += len(pcm) // 2
        self._was_fed.set()

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        self._voice = isinstance(edge, SpeechStarted)
        if not self._voice:
            self._stop_s = edge.at_s
        elif self._segment < 0 or edge.at_s - self._stop_s > SAME_UTTERANCE_S:
            self._segment += 1
            self._start_s = edge.at_s
            self._text = self._recogniser.left.popleft() if self._recogniser.left else ""

    def finalise(self, until_s: float) -> None:
        self._later(self._segment, until_s)

    def forget(self, until_s: float) -> None:
        self._stop_s = min(self._stop_s, until_s - SAME_UTTERANCE_S)

    async def run(self) -> None:
        await self._was_fed.wait()
        if self._recogniser.faults:
            raise self._recogniser.faults.popleft()
        await asyncio.get_running_loop().create_future()

    def _later(self, segment: int, until_s: float) -> None:
        if segment >= 0:
            asyncio.get_running_loop().call_later(
                self._recogniser.delay_s, self._say, segment, until_s
            )

    def _say(self, segment: int, until_s: float) -> None:
        if segment != self._segment:
            return
        end_s = max(self._start_s, min(until_s, self._stop_s) if not self._voice else until_s)
        self._tell(
            TranscriptChanged(
                segment=segment,
                text=self._text,
                start_s=self._start_s,
                end_s=end_s,
                final=not self._voice,
            )
        )


@dataclass(kw_only=True)
class ScriptedEndpoint:
    """An `EndpointModel` for tests: always the same score."""

    clock: Clock
    says: float = 0.95
    delay_s: float = 0.05
    name: str = "scripted"

    async def start(self) -> None:
        """Nothing to load."""

    async def score(self, pcm_16k: bytes) -> float:
        await self.clock.sleep_until(self.clock.now() + self.delay_s)
        return self.says

    async def aclose(self) -> None:
        """Nothing to give back."""
