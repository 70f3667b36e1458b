"""Listening with a vendor that only reads whole recordings: a request for each reading.

    class TranscribeRecogniser:
        def listen(self, hearing, tell):
            return RecordingRecognition(read, hearing, tell, cadence, provider=self.name)

When to read what is in `utterances`; here a reading is a task in the recognition's own group, and
letting go of it ends the request. Must not live here: what is asked, and how it is answered.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from antiphon.errors import ProviderError, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.net.child_job import Answer, Job, Urgency
from antiphon.net.utterances import Cadence, UtteranceRecognition
from antiphon.ports.stt import Heard, Hearing

__all__ = ["Read", "RecordingRecognition", "Script"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a vendor made of a recording."""

    text: str
    words: tuple[tuple[str, float, float, float], ...] = ()
    """Text, start and end in seconds of the recording, confidence; empty where unknown."""
    confidence: float = 1.0


Read: TypeAlias = Callable[[bytes], Awaitable[Script]]
"""Has PCM16 read, at the rate of the hearing. It is cancelled when nobody wants the answer any
more. Raises a `ProviderError`."""


class RecordingRecognition:
    """See `antiphon.ports.stt.Recognition`."""

    def __init__(
        self,
        read: Read,
        hearing: Hearing,
        tell: Callable[[Heard], None],
        cadence: Cadence,
        *,
        provider: str,
    ) -> None:
        self._reader = _Reader(read, provider)
        self._ear = UtteranceRecognition(self._reader, hearing, tell, cadence)

    def feed(self, pcm: bytes) -> None:
        self._ear.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        self._ear.voice(edge)

    def finalise(self, until_s: float) -> None:
        self._ear.finalise(until_s)

    def forget(self, until_s: float) -> None:
        self._ear.forget(until_s)

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                self._reader.group = group
                await self._ear.run()
        except ExceptionGroup as trouble:
            raise trouble.exceptions[0] from None
        finally:
            self._reader.group = None


class _Reader:
    """See `antiphon.net.utterances.Reader`."""

    def __init__(self, read: Read, provider: str) -> None:
        self._read, self.name = read, provider
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._numbers = itertools.count()
        self.group: asyncio.TaskGroup | None = None

    def ask(self, fields: Mapping[str, Any], payload: bytes, urgency: Urgency) -> Job:
        if self.group is None:
            raise Unavailable("not running", provider=self.name)
        job = Job(next(self._numbers), self._stop)
        job.at_work = True
        self._tasks[job.number] = self.group.create_task(self._work(job, payload))
        return job

    async def _work(self, job: Job, pcm: bytes) -> None:
        try:
            read = await self._read(pcm)
            fields = {"text": read.text, "confidence": read.confidence, "words": read.words}
            job.hear(Answer(fields, b""))
            job.end(None)
        except ProviderError as error:
            job.end(error)
        finally:
            self._tasks.pop(job.number, None)

    def _stop(self, job: Job) -> None:
        if task := self._tasks.pop(job.number, None):
            task.cancel()
