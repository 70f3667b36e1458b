"""Whisper as a `Recogniser`: a child process that reads, and an ear per call."""

from collections.abc import Callable
from typing import Final

from antiphon.net.child import Child
from antiphon.net.child_job import Program
from antiphon.net.utterances import Cadence, UtteranceRecognition
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.faster_whisper.settings import FasterWhisperSettings

__all__ = ["FasterWhisperRecogniser"]

# A reading costs 0.3 s however short it is (the model always encodes 30 s), so fewer of them.
_CADENCE: Final = Cadence(first_partial_s=0.3, partial_every_s=0.8)


class FasterWhisperRecogniser:
    """Whisper on this machine; see `antiphon.ports.stt.Recogniser`."""

    name = "local/faster-whisper"
    rates_hz = (16_000,)

    def __init__(self, settings: FasterWhisperSettings) -> None:
        self._child = Child(
            Program(
                name=self.name,
                engine="antiphon.providers.faster_whisper.engine:Engine",
                settings={
                    "model": str(settings.model),
                    "threads": settings.threads,
                    "word_times": settings.word_times,
                },
                environment={"OMP_NUM_THREADS": str(settings.threads)},
                nice=settings.nice,
            )
        )

    @property
    def child(self) -> Child:
        """Where the engine runs."""
        return self._child

    async def start(self) -> None:
        await self._child.start()

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> UtteranceRecognition:
        return UtteranceRecognition(self._child, hearing, tell, _CADENCE)

    async def aclose(self) -> None:
        await self._child.aclose()
