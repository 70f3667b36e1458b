"""One call: feed events to the conversation, perform its orders, keep one timer.

Everything that can happen is told into one inbox and taken from it in order. The machines
answer at once; what takes time (a model, a score) runs as a task of the call's own task group
and comes back as an event. Nothing here decides anything: orders that only inform (Answer,
NoteBackchannel, NoticeSilence, ...) were already acted on by the conversation and are merely
shown to the watchers.

What goes wrong here ends this call and no other: what runs in the call's tasks through their
group, what the wheel or a transport's own tasks call through `_contained`.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from functools import partial, wraps
from typing import Concatenate, Final, ParamSpec

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.audio.frame import FRAME_S
from antiphon.call.account import Account, Watcher, leaves, short
from antiphon.call.conversation import Conversation
from antiphon.call.equipment import Equipment
from antiphon.call.health import Health
from antiphon.call.hearing import WIDE_HZ, OpenEar
from antiphon.call.inbox import Inbox
from antiphon.call.tape import Recorder, Tape
from antiphon.call.thinking import Thinking
from antiphon.call.transferring import Transferring
from antiphon.errors import AntiphonError
from antiphon.events import (
    AudioAdvanced,
    CallEnded,
    CallStarted,
    DigitPressed,
    EarsFound,
    EarsLost,
    Event,
    SpeechStarted,
    SpeechStopped,
    ToolEnded,
)
from antiphon.media.ear import Ear
from antiphon.media.plane import Beat
from antiphon.mouth.mouth import Mouth
from antiphon.ports.journal import Journal
from antiphon.ports.transport import Transport

__all__ = ["Call", "Recorder", "Watcher"]

P = ParamSpec("P")

TEARDOWN_S: Final = 2.0
"""Each step of saying goodbye gets this long, whatever the peer does."""
DUE_S: Final = 1e-6
"""A deadline so near has come: timers are no finer, and pretended time would stand still."""
STALL_S: Final = 1.0
"""Somebody speaks and their audio does not come: this is no burst any more. Shorter, and the
silence put in its place would tear words apart that only come late."""

_log = logging.getLogger(__name__)


class _Over(Exception):
    """Ends the call's task group: everything still running is cancelled."""


def _contained(
    act: "Callable[Concatenate[Call, P], None]",
) -> "Callable[Concatenate[Call, P], None]":
    """For what somebody else's task calls: an error ends this call and is not theirs."""

    @wraps(act)
    def contained(self: "Call", /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            act(self, *args, **kwargs)
        except Exception as error:
            self._broke(error)

    return contained


class Call:
    """One conversation with one caller. `run` it once. It is its own `Line` and wheel."""

    def __init__(
        self,
        equipment: Equipment,
        conversation: Conversation,
        transport: Transport,
        *,
        journal: Journal,
        recorder: Recorder | None = None,
        watchers: Sequence[Watcher] = (),
    ) -> None:
        self._conversation = conversation
        self._transport = transport
        self._plane = equipment.plane
        self._clock = equipment.clock
        self._start_s = self._clock.now()
        self._account = Account(journal, watchers, self._now)
        self._inbox = Inbox()
        self._tasks: set[asyncio.Task[None]] = set()
        self._clauses: set[int] = set()
        self._needs_audio = self._voiced = False
        self._heard_s = 0.0
        self._ended: CallEnded | None = None
        facts = transport.facts
        self._tape = recorder and Tape(recorder, rate_hz=facts.rate_hz, delay_s=facts.delay_s)
        self._health = Health(equipment.preferred, self._account.note)
        self._thinking = Thinking(
            model=equipment.model,
            endpoint=equipment.endpoint,
            start=self._start,
            tell=self._inbox.put,
            note=self._account.note,
            attendance=self._health.of("llm"),
        )
        self._transferring = Transferring(transport, start=self._start, tell=self._inbox.put)
        self._hears = OpenEar(
            equipment.recognisers,
            line=equipment.hearing(facts),
            tell=self._inbox.put,
            attendance=self._health.of(
                "stt",
                deserted=lambda error: self._inbox.put(EarsLost(reason=str(error))),
                served=lambda: self._inbox.put(EarsFound()),
            ),
            clock=self._clock,
            chance=equipment.chance,
        )
        native = facts.rate_hz in self._hears.rates_hz - {WIDE_HZ}
        self._ear = Ear(
            rate_hz=facts.rate_hz,
            plane=equipment.plane,
            emit=self._edge,
            clock=self._clock,
            on_16k=self._hears.feed,
            on_audio=self._record_caller if recorder else None,
            on_line=partial(self._hears.feed, rate_hz=facts.rate_hz) if native else None,
        )
        self._mouth = Mouth(
            voices=equipment.voices,
            transport=transport,
            wheel=self,
            clock=self._clock,
            tell=self._inbox.put,
            settings=equipment.mouth,
            phrases=equipment.phrases,
            attendance=self._health.of("tts"),
            on_sent=self._record_agent if recorder else None,
            on_clause=self._clause,
            on_words=self._account.spoken,
            clips=equipment.clips,
            room=equipment.ambience.room(facts.rate_hz) if equipment.ambience else None,
        )

    async def run(self) -> CallEnded:
        """Hold the call to its end. Failures end this call and are in its log; they never
        leave here."""
        self._start_s = self._clock.now()
        try:
            await self._hold()
        finally:
            ended = self._end(CallEnded(by="failure", reason="cancelled"))
            await self._take_leave(ended.reason)
        return ended

    async def _hold(self) -> None:
        with ExitStack() as leaving:
            try:
                async with asyncio.TaskGroup() as self._group:
                    self._start(self._carry())
                    self._start(self._hears.run())
                    self._start(self._mouth.run())
                    self._inbox.put(CallStarted(channel=self._transport.facts.name))
                    try:
                        await self._converse()
                    finally:
                        leaving.callback(self._insist_later().cancel)
                    raise _Over
            except* _Over:
                pass
            except* Exception as group:
                errors = leaves(group)
                for error in errors:
                    self._trouble(error)
                self._end(CallEnded(by="failure", reason="; ".join(map(short, errors))))

    def hang_up(self, reason: str) -> None:
        """End the call from our side, as soon as what it was told before is dealt with."""
        self._inbox.put(CallEnded(by="agent", reason=reason))

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- the line: what the transport reports ------------------------------------------------

    @_contained
    def heard(self, pcm: bytes) -> None:
        self._heard_s = self._clock.now()
        self._ear.hear(pcm)
        if self._needs_audio:
            self._inbox.wake()

    @_contained
    def played(self, samples: int) -> None:
        self._mouth.played(samples)

    @_contained
    def flushed(self, samples: int) -> None:
        if self._tape:
            self._tape.flushed(samples)
        self._mouth.flushed(samples)

    def pressed(self, digit: str) -> None:
        self._inbox.put(DigitPressed(digit=digit))

    def warned(self, what: str) -> None:
        self._account.note("warning", what=what)

    async def _carry(self) -> None:
        """Let the transport report until the caller leaves."""
        try:
            reason = await self._transport.run(self)
        except AntiphonError as error:
            reason = str(error)
            self._account.note("transport_lost", why=reason)
        self._inbox.put(CallEnded(by="caller", reason=reason))

    # --- the loop ------------------------------------------------------------------------------

    async def _converse(self) -> None:
        while True:
            while (event := self._inbox.take()) is not None:
                if isinstance(event, CallEnded):
                    self._end(event)
                    return
                if isinstance(event, SpeechStarted | SpeechStopped):
                    self._feed(self._audio())
                self._feed(event)
            wait_s = self._until_due()
            if wait_s is not None and wait_s <= DUE_S:
                self._tick()
                wait_s = self._until_due()
                if wait_s is not None and wait_s < FRAME_S:
                    # What is due needs more audio, or never rests: wait for a frame.
                    wait_s, self._needs_audio = 2 * FRAME_S, True
            if self._voiced:
                wait_s = STALL_S if wait_s is None else min(wait_s, STALL_S)
            await self._inbox.wait(wait_s)
            self._needs_audio = False
            if self._voiced and self._clock.now() - self._heard_s >= STALL_S:
                # Nothing else would say that they fell silent.
                self._feed(self._audio())

    def _until_due(self) -> float | None:
        due = self._conversation.deadline()
        return None if due is None else due - self._now()

    def _feed(self, event: Event) -> None:
        now = self._now()
        self._account.told(event, now)
        self._follow(self._conversation.receive(event, now), now)

    def _tick(self) -> None:
        """The time has come, unless the audio that came meanwhile has put it off."""
        self._feed(self._audio())
        wait_s = self._until_due()
        if wait_s is not None and wait_s <= DUE_S:
            now = self._now()
            self._account.ticked(now)
            self._follow(self._conversation.tick(now), now)

    def _follow(self, actions: list[Action], now: float) -> None:
        if not actions:
            return
        self._account.ordered(actions, now)
        for action in actions if self._ended is None else ():
            self._perform(action)

    def _now(self) -> float:
        """Seconds since the call began."""
        return self._clock.now() - self._start_s

    def _audio(self) -> AudioAdvanced:
        return self._ear.clock(self._clock.now())

    # --- orders --------------------------------------------------------------------------------

    def _perform(self, action: Action) -> None:  # noqa: C901 - one case per order
        """Orders that only inform were acted on by the conversation and fall through."""
        match action:
            case order.Speak():
                self._mouth.speak(action)
            case order.ReleaseReply():
                self._mouth.release(action.reply)
            case order.HoldReply():
                self._mouth.hold(action.reply)
            case order.DiscardReply():
                self._mouth.discard(action.reply)
            case order.Duck():
                self._mouth.duck()
            case order.Restore():
                self._mouth.restore()
            case order.StopSpeaking():
                self._mouth.stop()
            case order.FinaliseTranscript():
                self._hears.finalise(action.until_s)
            case order.Settle():
                self._hears.settle(action.until_s)
            case order.ScoreEndpoint():
                self._thinking.score(self._ear.recent_16k, action.at_s)
            case order.AskModel():
                self._thinking.ask(action)
            case order.PrimeModel():
                self._thinking.prime(action)
            case order.CancelModel():
                self._thinking.cancel(action.request)
            case order.RunTool():
                why = "no tools are configured"
                self._inbox.put(ToolEnded(request=action.request, reason=why))
            case order.Transfer():
                self._transferring.hand_over(action.to)
            case order.HangUp():
                self._inbox.put(CallEnded(by="agent", reason=action.reason))
            case _:
                pass

    # --- what the edges tell ---------------------------------------------------------------------

    @_contained
    def _edge(self, edge: SpeechStarted | SpeechStopped) -> None:
        self._voiced = isinstance(edge, SpeechStarted)
        self._hears.voice(edge)
        self._inbox.put(edge)

    def every_frame(self, callback: Callable[[float], None]) -> Beat:
        """The mouth's place on the wheel; see `Plane.every_frame`."""
        return self._plane.every_frame(partial(self._beat, callback))

    @_contained
    def _beat(self, callback: Callable[[float], None], now_s: float) -> None:
        callback(now_s)

    def _clause(self, reply: int, text: str) -> None:
        """A clause goes to the voice; the first of each reply is worth a note."""
        if reply not in self._clauses:
            self._clauses.add(reply)
            self._account.note("clause", reply=reply, text=text)

    def _record_caller(self, pcm: bytes, at_sample: int) -> None:
        self._record(lambda tape: tape.caller(pcm, at_sample))

    def _record_agent(self, pcm: bytes, position: int) -> None:
        until_s, waits_s = self._ear.until_s, self._mouth.outstanding_s()
        voice = not self._mouth.room_alone
        self._record(lambda tape: tape.agent(pcm, position, until_s, waits_s, voice=voice))

    def _record(self, act: Callable[[Tape], None]) -> None:
        """A recorder that fails ends the recording, not the call."""
        if self._tape and not self._account.attempt("recorder", partial(act, self._tape)):
            self._tape = None

    # --- trouble and the end ---------------------------------------------------------------------

    def _broke(self, error: Exception) -> None:
        if self._ended is None:
            self._trouble(error)
            self._inbox.put(CallEnded(by="failure", reason=short(error)))

    def _trouble(self, error: Exception) -> None:
        _log.error("a call met trouble", exc_info=error)
        self._account.trouble(error)

    def _end(self, ended: CallEnded) -> CallEnded:
        """Tell the machines, the log and the watchers, once; the first reason stands."""
        if self._ended is None:
            self._ended = ended
            try:
                self._feed(ended)
            except Exception as error:
                self._trouble(error)
        return self._ended

    def _insist_later(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(TEARDOWN_S, self._insist)

    def _insist(self) -> None:
        """Whatever still cleans up after it was cancelled has had its time."""
        names = [getattr(task.get_coro(), "__qualname__", "?") for task in self._tasks]
        self._account.note("slow_goodbye", tasks=names)
        for task in self._tasks:
            task.cancel()

    async def _take_leave(self, reason: str) -> None:
        """Each step has its deadline; one that fails does not keep the next from running."""
        self._account.attempt("ear", self._ear.close)
        try:
            async with asyncio.timeout(TEARDOWN_S):
                await self._transport.aclose(reason)
        except Exception as error:
            self._account.note("goodbye_failed", why=short(error))
        finally:
            self._record(lambda tape: tape.close(self._ear.until_s))
            self._account.close()
