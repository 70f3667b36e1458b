"""Moonshine as a `Recogniser`: a child process that reads, and an ear per call."""

from collections.abc import Callable

from antiphon.net.child import Child
from antiphon.net.child_job import Program
from antiphon.net.utterances import UtteranceRecognition
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.moonshine.settings import MoonshineSettings

__all__ = ["MoonshineRecogniser"]


class MoonshineRecogniser:
    """The embedded recogniser; see `antiphon.ports.stt.Recogniser`."""

    name = "local/moonshine"
    rates_hz = (16_000,)

    def __init__(self, settings: MoonshineSettings) -> None:
        self._child = Child(
            Program(
                name=self.name,
                engine="antiphon.providers.moonshine.engine:Engine",
                settings={"model": str(settings.model)},
                # A second thread doubles the CPU time of a reading and saves none of its length.
                environment={"MOONSHINE_ORT_SINGLE_THREAD": "1", "OMP_NUM_THREADS": "1"},
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
        return UtteranceRecognition(self._child, hearing, tell)

    async def aclose(self) -> None:
        await self._child.aclose()
