"""An engine in a child process, as the rest of Antiphon uses it.

    child = Child(Program(engine="antiphon.providers.piper.engine:Engine", settings={...}))
    facts = await child.start()
    with child.ask({"text": "Hello"}) as job:
        async for piece in job:
            ...
    await child.aclose()

Lives here: the queue in front of the engine, cancelling, and starting a new child when one dies.
Must not live here: what engines do; descriptors and processes (`child_process`).

There is no task and no thread: the loop calls back when the child has said something. So nothing
here can outlive `aclose`, and no task group has to be found for it.

A job leaves the queue only when a lane of the child is free. Hence urgent jobs overtake waiting
ones, and cancelling a waiting job costs nothing. Cancelling a job at work frees its caller at
once; its lane is free when the engine has really stopped, because two native runs at a time on a
busy core finish later than one after the other (docs/decisions/0004-engines.md).
"""

import asyncio
import heapq
import itertools
import logging
import math
from collections.abc import Mapping
from typing import Any, Final

from antiphon import errors
from antiphon.errors import AntiphonError, AtCapacity, Missing, TimedOut, Unavailable
from antiphon.net.child_job import Answer, Job, Program, Urgency
from antiphon.net.child_process import ChildProcess
from antiphon.net.child_wire import (
    Begin,
    CancelJob,
    DoJob,
    Done,
    Failed,
    Message,
    MoreWork,
    Piece,
    Ready,
    Refused,
)
from antiphon.net.refusal import washed

__all__ = ["Child"]

_CRASH_LOOP: Final = 3
"""Deaths in a row, without one finished job, after which new jobs are refused at once."""
_UNREAD_BYTES: Final = 16 * 1024 * 1024
"""Eight minutes of a call's audio: a child that leaves so much unread has stopped."""
_BACK_OFF_S: Final = (0.0, 0.25, 1.0, 4.0, 15.0)


class Child:
    """An engine in a child process that is kept alive. `start` it first."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._log = logging.getLogger(f"antiphon.engine.{program.name}")
        self._numbers = itertools.count(1)
        self._waiting: list[tuple[Urgency, int, Job, Mapping[str, Any], bytes]] = []
        self._working: dict[int, Job] = {}
        self._early: dict[int, list[tuple[dict[str, Any], bytes]]] = {}
        """Added to jobs that wait."""
        self._doomed: list[Job] = []
        """Asked of a child that was lost; they fail when it is known how it ended."""
        self._process: ChildProcess | None = None
        self._ready: asyncio.Future[Mapping[str, Any]] | None = None
        self._buried: asyncio.Future[None] | None = None
        self._is_ready = False
        self._closed = False
        self._deaths = 0
        self._trouble = ""
        self._refused: Missing | None = None
        self._respawn: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        """The provider's."""
        return self.program.name

    @property
    def busy(self) -> bool:
        """A job would have to wait."""
        return not self._is_ready or len(self._working) >= self.program.lanes

    @property
    def at_work(self) -> int:
        """Jobs the engine has not let go of yet, cancelled ones included."""
        return len(self._working)

    @property
    def pid(self) -> int | None:
        """Of the child that runs now."""
        return self._process.pid if self._process else None

    async def start(self) -> Mapping[str, Any]:
        """Start the child and wait until its engine is warm; returns the engine's facts. Raises
        `Missing` with the fix, `Unavailable` with its last words, `TimedOut`."""
        if self._closed:
            raise Unavailable("closed", provider=self.program.name)
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        self._spawn()
        try:
            async with asyncio.timeout(self.program.start_within_s):
                return await self._ready
        except TimeoutError:
            await self.aclose()
            raise TimedOut(
                f"not ready within {self.program.start_within_s:g} s", provider=self.program.name
            ) from None
        finally:
            self._ready = None

    def ask(
        self, fields: Mapping[str, Any], payload: bytes = b"", urgency: Urgency = Urgency.SOON
    ) -> Job:
        """Queue a job. Raises `AtCapacity` when too many wait, `Unavailable` when the child is
        closed or dies again and again. While one is restarted, jobs wait."""
        name = self.program.name
        if self._closed or (self._process is None and self._respawn is None):
            raise Unavailable("not running", provider=name)
        if self._deaths >= _CRASH_LOOP and not self._is_ready:
            raise Unavailable(f"keeps dying: {self._trouble}", provider=name)
        if len(self._waiting) >= self.program.waiting:
            raise AtCapacity(f"{len(self._waiting)} jobs wait already", provider=name)
        job = Job(next(self._numbers), self._let_go, self._add)
        heapq.heappush(self._waiting, (urgency, job.number, job, fields, payload))
        self._fill_lanes()
        return job

    async def aclose(self) -> None:
        """End the child, within a second, and fail what is unfinished. Any number of times."""
        if not self._closed:
            self._closed = True
            if self._respawn is not None:
                self._respawn.cancel()
            if self._process is not None:
                self._buried = asyncio.get_running_loop().create_future()
                self._process.hang_up()
            closed = Unavailable("closed", provider=self.program.name)
            self._lost()
            self._fail_doomed(closed)
            if self._ready is not None and not self._ready.done():
                self._ready.set_exception(closed)
        if self._buried is not None:
            await asyncio.shield(self._buried)

    # --- the queue ---------------------------------------------------------------------------

    def _fill_lanes(self) -> None:
        while self._waiting and not self.busy:
            _, number, job, fields, payload = heapq.heappop(self._waiting)
            assert self._process is not None
            self._working[number] = job
            job.at_work = True
            loop = asyncio.get_running_loop()
            job.last_heard_s = loop.time()
            if math.isfinite(self.program.stall_s):
                loop.call_later(self.program.stall_s, self._check_stall, job)
            self._process.send(DoJob(number, dict(fields)), payload)
            for more, piece in self._early.pop(number, ()):
                self._process.send(MoreWork(number, more), piece)

    def _add(self, job: Job, fields: Mapping[str, Any], payload: bytes) -> None:
        if job.number not in self._working:
            self._early.setdefault(job.number, []).append((dict(fields), payload))
        elif self._process is not None:
            self._process.send(MoreWork(job.number, dict(fields)), payload)
            if self._process.unsent_bytes > _UNREAD_BYTES:
                self._process.last_words.append("killed: it reads nothing")
                self._process.kill()

    def _let_go(self, job: Job) -> None:
        if job.number in self._working:
            if self._process is not None:
                self._process.send(CancelJob(job.number))
        else:
            self._early.pop(job.number, None)
            self._waiting = [entry for entry in self._waiting if entry[2] is not job]
            heapq.heapify(self._waiting)

    def _check_stall(self, job: Job) -> None:
        if self._working.get(job.number) is not job or self._process is None:
            return
        loop = asyncio.get_running_loop()
        until_s = job.last_heard_s + self.program.stall_s
        if loop.time() < until_s:
            loop.call_at(until_s, self._check_stall, job)
            return
        what = f"nothing for {self.program.stall_s:g} s"
        job.end(TimedOut(what, provider=self.program.name))
        self._process.last_words.append(f"killed: {what}")
        self._process.kill()

    def _fail_doomed(self, error: AntiphonError) -> None:
        doomed, self._doomed = self._doomed, []
        for job in doomed:
            job.end(error)

    # --- the child ---------------------------------------------------------------------------

    def _spawn(self) -> None:
        self._respawn = self._refused = None
        program = self.program
        try:
            process = ChildProcess(program, self._log, self._hear, self._lost, self._gone)
        except OSError as error:  # no memory, no descriptors: that may pass
            self._failed(str(error))
            return
        self._process = process
        process.send(
            Begin(dict(program.settings), dict(program.environment), program.nice, program.lanes)
        )
        loop = asyncio.get_running_loop()
        loop.call_later(program.start_within_s, self._check_started, process)

    def _check_started(self, process: ChildProcess) -> None:
        if self._process is process and not self._is_ready:
            process.last_words.append(f"not ready within {self.program.start_within_s:g} s")
            process.kill()

    def _hear(self, message: Message, payload: bytes) -> None:
        match message:
            case Ready(facts=facts):
                self._is_ready = True
                if self._ready is not None and not self._ready.done():
                    self._ready.set_result(facts)
            case Refused(what=what, fix=fix):
                self._refused = Missing(f"{self.program.name}: {self._clean(what)}", fix=fix)
            case Piece(job=number, fields=fields) if job := self._working.get(number):
                self._answer(job, Answer(fields, payload))
            case Done(job=number) if job := self._working.pop(number, None):
                self._deaths = 0
                job.end(None)
            case Failed(job=number, kind=kind, what=what) if job := self._working.pop(number, None):
                self._deaths = 0
                job.end(getattr(errors, kind)(self._clean(what), provider=self.program.name))
        self._fill_lanes()

    def _clean(self, what: str) -> str:
        secrets = self.program.secrets
        return washed(what, secrets) if secrets else what

    def _answer(self, job: Job, answer: Answer) -> None:
        job.last_heard_s = asyncio.get_running_loop().time()
        if not job.over and not job.hear(answer):
            job.end(AtCapacity("its result is not being taken", provider=self.program.name))
            self._let_go(job)

    def _lost(self) -> None:
        """What was asked so far will fail; what is asked from now on waits for the next child."""
        self._is_ready = False
        self._doomed += [*self._working.values(), *(entry[2] for entry in self._waiting)]
        self._working.clear()
        self._waiting.clear()
        self._early.clear()

    def _gone(self) -> None:
        process, self._process = self._process, None
        assert process is not None
        if self._closed:
            if self._buried is not None and not self._buried.done():
                self._buried.set_result(None)
            return
        self._failed("; ".join((process.how_it_ended, *process.last_words_in_short())))

    def _failed(self, trouble: str) -> None:
        """A life ended, or could not begin: say so to all who wait, and try again."""
        self._deaths += 1
        self._trouble = trouble
        what = str(self._refused or f"engine process died ({trouble})")
        error = Unavailable(what, provider=self.program.name)
        self._fail_doomed(error)
        if self._ready is not None:
            if not self._ready.done():
                self._ready.set_exception(self._refused or error)
            return
        self._log.warning("engine process died, starting another: %s", trouble)
        wait_s = _BACK_OFF_S[min(self._deaths, len(_BACK_OFF_S)) - 1]
        self._respawn = asyncio.get_running_loop().call_later(wait_s, self._spawn)
