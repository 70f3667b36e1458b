"""Listening with a server that is sent whole recordings: each reading is one request.

When to read what is `antiphon.net.utterances`. Lives here: a task for each request, in the
recognition's own group. Must not live here: what a request looks like.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from antiphon.errors import ProviderError, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.net.child_job import Answer, Job, Urgency
from antiphon.net.utterances import Cadence, UtteranceRecognition
from antiphon.ports.stt import Heard, Hearing

__all__ = ["Read", "RequestRecognition"]

Read: TypeAlias = Callable[[Mapping[str, Any], bytes, Urgency], Awaitable[Mapping[str, Any]]]
"""Makes one request: what `antiphon.net.utterances.Reader.ask` is given, and what the answer of
its job has. Raises a `ProviderError`."""


class RequestRecognition:
    """See `antiphon.ports.stt.Recognition`."""

    def __init__(
        self,
        name: str,
        read: Read,
        hearing: Hearing,
        tell: Callable[[Heard], None],
        cadence: Cadence | None = None,
    ) -> None:
        self._requests = _Requests(name, read)
        self._ear = UtteranceRecognition(self._requests, hearing, tell, cadence)

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
                self._requests.group = group
                await self._ear.run()
        except ExceptionGroup as trouble:
            raise trouble.exceptions[0] from None
        finally:
            self._requests.group = None


class _Requests:
    """See `antiphon.net.utterances.Reader`."""

    def __init__(self, name: str, read: Read) -> None:
        self.name = name
        self.group: asyncio.TaskGroup | None = None
        self._read = read
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._numbers = itertools.count()

    def ask(self, fields: Mapping[str, Any], payload: bytes, urgency: Urgency) -> Job:
        if self.group is None:
            raise Unavailable("not running", provider=self.name)
        job = Job(next(self._numbers), self._stop, _no_more)
        job.at_work = True
        self._tasks[job.number] = self.group.create_task(self._make(job, fields, payload, urgency))
        return job

    async def _make(
        self, job: Job, fields: Mapping[str, Any], pcm: bytes, urgency: Urgency
    ) -> None:
        try:
            job.hear(Answer(await self._read(fields, pcm, urgency), b""))
            job.end(None)
        except ProviderError as error:
            job.end(error)
        finally:
            del self._tasks[job.number]

    def _stop(self, job: Job) -> None:
        if task := self._tasks.get(job.number):
            task.cancel()


def _no_more(job: Job, fields: Mapping[str, Any], payload: bytes) -> None:
    """A recording is sent whole."""
