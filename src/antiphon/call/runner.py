"""One call: feed events to the conversation, perform its orders, keep one timer.

Everything that can happen is told into one inbox and taken from it in order. The machines
answer at once; what takes time (a model, a score) runs as a task of the call's own task group
and comes back as an event. Nothing here decides anything: orders that only inform (Answer,
NoteBackchannel, NoticeSilence, ...) were already acted on by the conversation and are merely
shown to the watchers.

Bounded: the inbox. When it is full the oldest revisable transcript goes, since a later one
replaces it; if there is none the call ends as a failure rather than forget a fact.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.call.conversation import Conversation
from antiphon.call.hearing import OpenEar
from antiphon.errors import AntiphonError, ProviderError
from antiphon.events import (
    AudioAdvanced,
    CallEnded,
    CallStarted,
    DigitPressed,
    Event,
    ModelFailed,
    ModelFinished,
    ModelSaid,
    SpeechStarted,
    SpeechStopped,
    ToolEnded,
    TranscriptChanged,
    TurnScored,
)
from antiphon.media.ear import Ear
from antiphon.media.plane import Plane
from antiphon.mouth.mouth import Mouth
from antiphon.mouth.phrases import PhraseCache
from antiphon.mouth.settings import MouthSettings
from antiphon.ports.clock import Clock
from antiphon.ports.endpoint import EndpointModel
from antiphon.ports.journal import Journal
from antiphon.ports.llm import Asking, LanguageModel
from antiphon.ports.stt import Recogniser
from antiphon.ports.transport import Transport
from antiphon.ports.tts import Synthesiser

__all__ = ["Call", "Equipment", "Recorder", "Watcher"]

INBOX_EVENTS = 1000
# Each step of saying goodbye gets this long, whatever the peer does.
TEARDOWN_S = 2.0
# A deadline nearer than the clock can tell would be waited for again and again; a pretended
# clock, which moves only by waiting, would never reach it.
LEAST_WAIT_S = 1e-6


class Recorder(Protocol):
    """Both sides of a call, on the caller's clock."""

    def caller(self, pcm: bytes, at_sample: int) -> None: ...
    def agent(self, pcm: bytes, at_sample: int) -> None: ...
    def close(self) -> None: ...


class Watcher(Protocol):
    """Whoever looks on: a terminal, a caller's screen. Must return at once."""

    def event(self, event: Event, now: float) -> None: ...
    def actions(self, actions: list[Action], now: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What a call hears, thinks and speaks with; shared by all calls of a process."""

    clock: Clock
    plane: Plane
    recogniser: Recogniser
    voice: Synthesiser
    model: LanguageModel | None = None
    endpoint: EndpointModel | None = None
    mouth: MouthSettings
    phrases: PhraseCache | None = None
    language: str = "en"
    keyterms: tuple[str, ...] = ()


class _Over(Exception):
    """Ends the call's task group: everything still running is cancelled."""


class Call:
    """One conversation with one caller. `run` it once."""

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
        self._equipment = equipment
        self._conversation = conversation
        self._transport = transport
        self._clock = equipment.clock
        self._journal = journal
        self._recorder = recorder
        self._watchers = watchers
        self._start_s = self._clock.now()
        self._inbox: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._scoring = False
        self._requests: dict[int, asyncio.Task[None]] = {}
        self._ended: CallEnded | None = None
        self._hears = OpenEar(
            equipment.recogniser,
            language=equipment.language,
            keyterms=equipment.keyterms,
            tell=self._told,
            lost=self._recogniser_lost,
            clock=self._clock,
        )
        self._ear = Ear(
            rate_hz=transport.facts.rate_hz,
            plane=equipment.plane,
            emit=self._edge,
            clock=self._clock,
            on_16k=self._hears.feed,
            on_audio=self._record_caller if recorder else None,
        )
        self._mouth = Mouth(
            voice=equipment.voice,
            transport=transport,
            wheel=equipment.plane,
            clock=self._clock,
            tell=self._told,
            settings=equipment.mouth,
            phrases=equipment.phrases,
            on_sent=self._record_agent if recorder else None,
        )

    async def run(self) -> CallEnded:
        """Hold the call to its end. Failures end this call and are in its log; they never
        leave here."""
        self._start_s = self._clock.now()
        try:
            async with asyncio.TaskGroup() as self._group:
                self._group.create_task(self._carry())
                self._group.create_task(self._hears.run())
                self._group.create_task(self._mouth.run())
                self._told(CallStarted(channel=self._transport.facts.name))
                self._ended = await self._converse()
                raise _Over
        except* _Over:
            pass
        except* Exception as group:
            self._failed(group)
        finally:
            await self._take_leave()
        return self._ended or CallEnded(by="failure", reason="cancelled")

    # --- the line: what the transport reports ------------------------------------------------

    def heard(self, pcm: bytes) -> None:
        self._ear.hear(pcm)

    def played(self, samples: int) -> None:
        self._mouth.played(samples)

    def flushed(self, samples: int) -> None:
        self._mouth.flushed(samples)

    def pressed(self, digit: str) -> None:
        self._told(DigitPressed(digit=digit))

    def warned(self, what: str) -> None:
        self._journal.note("warning", self._now(), what=what)

    async def _carry(self) -> None:
        """Let the transport report until the caller leaves."""
        try:
            reason = await self._transport.run(self)
        except AntiphonError as error:
            reason = str(error)
            self._journal.note("transport_lost", self._now(), why=reason)
        self._told(CallEnded(by="caller", reason=reason))

    # --- the loop ------------------------------------------------------------------------------

    async def _converse(self) -> CallEnded:
        while True:
            while self._inbox:
                event = self._inbox.popleft()
                if isinstance(event, SpeechStarted | SpeechStopped):
                    self._feed(self._audio())
                self._feed(event)
                if isinstance(event, CallEnded):
                    return event
            due = self._conversation.deadline()
            if due is not None and due <= self._now():
                self._tick()
            else:
                await self._wait(due)

    async def _wait(self, due: float | None) -> None:
        """Until something is told, or the deadline."""
        timer = None
        if due is not None:
            loop = asyncio.get_running_loop()
            wait_s = max(due - self._now(), LEAST_WAIT_S)
            timer = loop.call_at(loop.time() + wait_s, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            if timer:
                timer.cancel()
        self._wake.clear()

    def _feed(self, event: Event) -> None:
        now = self._now()
        self._journal.event(event, now)
        for watcher in self._watchers:
            watcher.event(event, now)
        self._follow(self._conversation.receive(event, now), now)

    def _tick(self) -> None:
        self._feed(self._audio())
        now = self._now()
        self._journal.tick(now)
        self._follow(self._conversation.tick(now), now)

    def _follow(self, actions: list[Action], now: float) -> None:
        if not actions:
            return
        self._journal.actions(actions, now)
        for watcher in self._watchers:
            watcher.actions(actions, now)
        for action in actions:
            self._perform(action)

    def _now(self) -> float:
        """Seconds since the call began."""
        return self._clock.now() - self._start_s

    def _audio(self) -> AudioAdvanced:
        return self._ear.clock(self._clock.now())

    def _told(self, event: Event) -> None:
        """Put a fact into the inbox. The loop takes it from there."""
        if len(self._inbox) >= INBOX_EVENTS:
            self._shed()
        self._inbox.append(event)
        self._wake.set()

    def _shed(self) -> None:
        for index, event in enumerate(self._inbox):
            if isinstance(event, TranscriptChanged) and not event.final:
                del self._inbox[index]
                return
        self._inbox.appendleft(CallEnded(by="failure", reason="overwhelmed"))

    # --- orders --------------------------------------------------------------------------------

    def _perform(self, action: Action) -> None:
        """Orders that only inform were acted on by the conversation and fall through."""
        self._order_mouth(action)
        self._order_ear(action)
        self._order_mind(action)

    def _order_mouth(self, action: Action) -> None:
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
            case _:
                pass

    def _order_ear(self, action: Action) -> None:
        match action:
            case order.FinaliseTranscript():
                self._hears.finalise(action.until_s)
            case order.Settle():
                self._hears.settle(action.until_s)
            case order.ScoreEndpoint():
                self._score(action)
            case _:
                pass

    def _order_mind(self, action: Action) -> None:
        match action:
            case order.AskModel():
                self._requests[action.request] = self._group.create_task(self._think(action))
            case order.PrimeModel() if self._equipment.model:
                self._group.create_task(self._prime(self._equipment.model, action))
            case order.CancelModel():
                if task := self._requests.pop(action.request, None):
                    task.cancel()
            case order.RunTool():
                self._told(ToolEnded(request=action.request, reason="no tools are configured"))
            case order.Transfer():
                self._journal.note("transfer_refused", self._now(), to=action.to)
            case order.HangUp():
                self._told(CallEnded(by="agent", reason=action.reason))
            case _:
                pass

    def _score(self, look: order.ScoreEndpoint) -> None:
        """Ask the end-of-turn model; a question asked while one is open is skipped."""
        if self._equipment.endpoint is not None and not self._scoring:
            self._scoring = True
            audio = self._ear.recent_16k()
            self._group.create_task(self._scored(self._equipment.endpoint, audio, look.at_s))

    async def _scored(self, model: EndpointModel, audio: bytes, until_s: float) -> None:
        try:
            self._told(TurnScored(until_s=until_s, score=await model.score(audio)))
        except ProviderError as error:
            self._journal.note("endpoint_lost", self._now(), why=str(error))
        finally:
            self._scoring = False

    async def _think(self, ask: order.AskModel) -> None:
        model = self._equipment.model
        if model is None:
            self._told(ModelFailed(request=ask.request, reason="no language model is configured"))
            return
        answer = model.answer(Asking(messages=ask.messages, max_tokens=ask.max_tokens))
        try:
            async for piece in answer:
                if piece.text:
                    self._told(ModelSaid(request=ask.request, text=piece.text))
                if piece.reason:
                    self._told(
                        ModelFinished(
                            request=ask.request,
                            reason=piece.reason,
                            prompt_tokens=piece.prompt_tokens,
                            reply_tokens=piece.reply_tokens,
                        )
                    )
        except ProviderError as error:
            self._told(ModelFailed(request=ask.request, reason=str(error)))
        finally:
            self._requests.pop(ask.request, None)

    async def _prime(self, model: LanguageModel, prime: order.PrimeModel) -> None:
        try:
            await model.prime(prime.messages)
        except ProviderError as error:
            self._journal.note("prime_failed", self._now(), why=str(error))

    # --- what the edges tell ---------------------------------------------------------------------

    def _edge(self, edge: SpeechStarted | SpeechStopped) -> None:
        self._hears.voice(edge)
        self._told(edge)

    def _recogniser_lost(self, error: ProviderError) -> None:
        self._journal.note("recogniser_lost", self._now(), why=str(error))

    def _record_caller(self, pcm: bytes, at_sample: int) -> None:
        if self._recorder:
            self._recorder.caller(pcm, at_sample)

    def _record_agent(self, pcm: bytes, position: int) -> None:
        """Agent audio is recorded where the caller hears it, not where it was sent."""
        if self._recorder:
            rate_hz = self._transport.facts.rate_hz
            ahead_s = self._mouth.outstanding_s() + self._transport.facts.delay_s
            self._recorder.agent(pcm, int((self._now() + ahead_s) * rate_hz))

    # --- the end -----------------------------------------------------------------------------

    def _failed(self, group: ExceptionGroup[Exception]) -> None:
        errors = "; ".join(f"{type(error).__name__}: {error}" for error in group.exceptions)
        self._ended = CallEnded(by="failure", reason=errors)
        now = self._now()
        self._journal.event(self._ended, now)
        for watcher in self._watchers:
            watcher.event(self._ended, now)

    async def _take_leave(self) -> None:
        """Each step has its deadline; one that fails does not keep the next from running."""
        self._ear.close()
        try:
            async with asyncio.timeout(TEARDOWN_S):
                await self._transport.aclose(self._ended.reason if self._ended else "cancelled")
        except (AntiphonError, TimeoutError, OSError) as error:
            self._journal.note("goodbye_failed", self._now(), why=str(error))
        if self._recorder:
            self._recorder.close()
        self._journal.close()
