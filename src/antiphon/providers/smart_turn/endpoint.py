"""Smart Turn as an `EndpointModel`: a child process that scores.

A child and not a thread: the model's front end is numpy, which holds the interpreter for
milliseconds at a time, twenty times as often as the loop may wait.
"""

from typing import Final

from antiphon.errors import Unavailable
from antiphon.net.child import Child
from antiphon.net.child_job import Program
from antiphon.providers.smart_turn.settings import SmartTurnSettings

__all__ = ["SmartTurn"]

_WINDOW_BYTES: Final = 8 * 16_000 * 2


class SmartTurn:
    """The embedded end-of-turn model; see `antiphon.ports.endpoint.EndpointModel`."""

    name = "local/smart-turn"

    def __init__(self, settings: SmartTurnSettings) -> None:
        self._child = Child(
            Program(
                name=self.name,
                engine="antiphon.providers.smart_turn.engine:Engine",
                settings={"model": str(settings.model)},
                environment={"OMP_NUM_THREADS": "1"},
                nice=settings.nice,
            )
        )

    @property
    def child(self) -> Child:
        """Where the engine runs."""
        return self._child

    async def start(self) -> None:
        await self._child.start()

    async def score(self, pcm_16k: bytes) -> float:
        with self._child.ask({}, pcm_16k[-_WINDOW_BYTES:]) as job:
            async for answer in job:
                return float(answer.fields["score"])
        raise Unavailable("no score came", provider=self.name)

    async def aclose(self) -> None:
        await self._child.aclose()
