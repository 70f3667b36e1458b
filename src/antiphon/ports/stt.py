"""Speech to text, as the call sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from antiphon.events import EndpointHinted, SpeechStarted, SpeechStopped, TranscriptChanged

Heard: TypeAlias = TranscriptChanged | EndpointHinted
Encoding: TypeAlias = Literal["pcm16", "mulaw", "alaw"]
Chunk: TypeAlias = int | Literal["auto", "phone", "browser", "batch"]
"""Milliseconds, or what `antiphon.net.chunks` knows by that name."""
Formatting: TypeAlias = Literal["plain", "smart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """How one call wants to be listened to."""

    rate_hz: int = 16_000
    """Of the PCM16 mono that will be fed."""
    encoding: Encoding = "pcm16"
    """What that audio was on the caller's line. A vendor who reads mu-law is sent the very bytes
    the telephone sent: G.711 to PCM16 and back loses nothing."""
    language: str = "en"
    detect: tuple[str, ...] = ()
    """Languages to tell apart, ``language`` among them, and of each one region; empty: none is
    looked for. An engine that cannot hears ``language``."""
    formatting: Formatting = "plain"
    """``smart``: sums, dates and the like as one writes them, where the engine can."""
    keep_fillers: bool = False
    """Hesitations are to be written down by an engine that leaves them out otherwise."""
    speakers: bool = False
    """Words are to be told with who said them, where the engine can."""
    keyterms: tuple[str, ...] = ()
    """Words worth expecting: names, products."""
    chunk_ms: Chunk = "auto"
    """How much audio a streaming engine is sent in one message, as far as its vendor takes it."""


class Recognition(Protocol):
    """One call's open ear. Positions are seconds since the first sample fed.

    Feed it, ask it to finalise; it tells what it hears through the callback given to
    `Recogniser.listen`. None of the methods but `run` may block.
    """

    def feed(self, pcm: bytes) -> None:
        """More caller audio, in order, silence included. Bounded: the oldest is dropped."""
        ...

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        """Where our own voice activity detector saw speech begin or end. Engines that listen
        for themselves ignore it."""
        ...

    def finalise(self, until_s: float) -> None:
        """Tell a final `TranscriptChanged` that covers everything fed so far, as soon as
        possible. Speech may go on after it: then the same segment is told again, longer. Amid
        speech, as `voice` tells it, an engine that would tear a word in two by that tells it when
        the voice pauses; nothing is final before."""
        ...

    def forget(self, until_s: float) -> None:
        """A turn ended at ``until_s``: later segments begin after it. Text already told up to
        there must not be told again under a new segment."""
        ...

    async def run(self) -> None:
        """Work until cancelled. Raises a `ProviderError` when the engine is lost."""
        ...


class Recogniser(Protocol):
    """A recogniser engine or vendor, shared by all calls of a process."""

    name: str

    @property
    def rates_hz(self) -> tuple[int, ...]:
        """Sampling rates it can be fed, the best first; empty: any. Audio at another rate is
        resampled to the first."""
        ...

    async def start(self) -> None:
        """Load, connect, warm up. Once, before the first call."""
        ...

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> Recognition:
        """Open an ear for one call. Run it in the call's task group."""
        ...

    async def aclose(self) -> None:
        """Give everything back."""
        ...
