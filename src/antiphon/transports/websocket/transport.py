"""One caller on a WebSocket, as a `Transport`.

Lives here: moving audio and messages both ways, the heartbeat, and cutting off a peer that breaks
the rules. How a call begins is greeting.py; the messages themselves are wire.py.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from antiphon.audio import g711
from antiphon.errors import LocalProtocolError, RemoteProtocolError, TimedOut, Unavailable
from antiphon.ports.clock import Clock
from antiphon.ports.transport import Line, TransportFacts
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.allowance import Allowance
from antiphon.transports.websocket.farewell import close_with, refuse
from antiphon.transports.websocket.outbox import Outbox
from antiphon.transports.websocket.settings import WebSocketSettings
from antiphon.transports.websocket.socket import Gone, Socket

__all__ = ["WebSocketTransport"]

log = logging.getLogger(__name__)

LEAST_S: Final = 0.002
"""A frame of caller audio counts as at least this much, since the smallest costs us as much as
any. Browsers make blocks of 2.7 ms."""
TAKEN_AT_ONCE: Final = 16
"""Messages from one peer; then the other calls have their turn."""
TRANSFER_S: Final = 20.0
"""How long a client may take to connect the caller elsewhere: a telephone may ring meanwhile."""
LEFT: Final = {1000: "caller hung up", 1001: "caller left the page"}
"""Close codes of a peer that meant to go."""


class WebSocketTransport:
    """Made by `antiphon.transports.websocket.greeting.greet`; then `run` once."""

    def __init__(
        self,
        socket: Socket,
        *,
        call: str,
        rate_hz: int,
        encoding: wire.Encoding,
        settings: WebSocketSettings,
        clock: Clock,
        transfers: bool = False,
    ) -> None:
        """``transfers`` is what the peer says of itself."""
        self.call = call
        """Names the call in logs, here and at the peer."""
        self.facts = TransportFacts(
            name="websocket",
            rate_hz=rate_hz,
            encoding=encoding,
            ducking="remote_gain",
            lead_s=settings.lead_s,
            confirms=True,
            transfers=transfers,
        )
        self._socket, self._settings, self._clock = socket, settings, clock
        self._encoding: wire.Encoding = encoding
        self._outbox = Outbox(round(settings.queue_s * rate_hz))
        self._waiting = asyncio.Event()
        self._in_hand: str | bytes | None = None
        self._in_hand_since = 0.0
        self._sent_samples = 0
        self._told_dropped = 0
        self._warned: set[str] = set()
        self._pings = 0
        self._closed = False
        self._transfer: asyncio.Future[None] | None = None
        now = clock.now()
        self._heard_at = now
        self._audio = Allowance(settings.max_speed * rate_hz, settings.burst_s * rate_hz, now)
        self._least_samples = round(LEAST_S * rate_hz)
        per_s = settings.max_messages_per_s
        self._messages = Allowance(per_s, per_s * settings.burst_s, now)

    # --- the port ----------------------------------------------------------------------------

    async def run(self, line: Line) -> str:
        """Report to ``line`` until the caller leaves; returns why.

        Raises `RemoteProtocolError` for a peer that broke the rules, after telling it so, and
        `Unavailable` for one that is gone.
        """
        try:
            return await self._talk(line)
        except ExceptionGroup as group:
            error = group.exceptions[0]
            if isinstance(error, RemoteProtocolError):
                await self._refuse(error.code, str(error))
            elif isinstance(error, Unavailable):
                await self._refuse("too_slow", str(error))
            raise error from None

    def play(self, pcm: bytes) -> None:
        """Send agent audio. What a slow peer has not taken is dropped, the oldest first."""
        most = round(self._settings.chunk_ms / 1000 * self.facts.rate_hz)
        for at in range(0, len(pcm), 2 * most):
            slice_ = pcm[at : at + 2 * most]
            samples = len(slice_) >> 1
            payload = slice_ if self._encoding == "pcm16" else g711.encode_mulaw(slice_)
            if not self._outbox.grow(payload, samples, most):
                frame = wire.encode_audio(wire.AgentAudio(self._sent_samples, payload))
                self._outbox.add_audio(frame, samples)
            self._sent_samples += samples
        self._waiting.set()

    def gain(self, decibels: float, ramp_s: float) -> None:
        """Lower or raise what is being heard."""
        self._say(wire.Gain(decibels=decibels, ramp_s=ramp_s))

    def flush(self) -> None:
        """Drop what was sent and not yet heard; `Line.flushed` answers when the peer has."""
        self._outbox.clear_audio()
        self._say(wire.Flush())

    def tell(self, notice: Mapping[str, object]) -> None:
        """Show one of `wire.Notice`, its kind under ``type``. A caption must not end a call, so
        what is none is logged as the bug it is, and not sent."""
        try:
            message = wire.notice(notice)
        except LocalProtocolError as error:
            log.error("call %s: not shown to the caller: %s", self.call, error)
            return
        self._say(message)

    async def transfer(self, to: str) -> None:
        """Have the peer connect the caller. Raises `Unavailable` where it could not, and
        `TimedOut` where it does not say."""
        self._transfer = asyncio.get_running_loop().create_future()
        self._say(wire.Transfer(to=to, within_s=TRANSFER_S))
        try:
            async with asyncio.timeout(TRANSFER_S):
                await self._transfer
        except TimeoutError:
            raise TimedOut(f"no word of the transfer within {TRANSFER_S:g} s") from None
        finally:
            self._transfer = None

    async def aclose(self, reason: str) -> None:
        """Say goodbye and close, unless that has happened."""
        if self._closed:
            return
        self._closed = True
        queued = [] if self._in_hand is None else [self._in_hand]
        while self._outbox:
            queued.append(self._outbox.take())
        last = [frame for frame in queued if isinstance(frame, str)]
        await close_with(self._socket, [*last, wire.encode(wire.Ended(reason))], 1000, "ended")

    # --- for greeting.py ----------------------------------------------------------------------

    def welcome(self) -> None:
        """Tell the peer that the call has begun."""
        self._say(
            wire.Welcome(
                call=self.call,
                version=wire.VERSION,
                rate_hz=self.facts.rate_hz,
                encoding=self._encoding,
                heartbeat_s=self._settings.heartbeat_s,
                gone_s=self._settings.gone_s,
                max_message_bytes=self._settings.max_message_bytes,
            )
        )

    # --- inside -------------------------------------------------------------------------------

    def _say(self, message: wire.ServerMessage) -> None:
        self._outbox.add(wire.encode(message))
        self._waiting.set()

    async def _refuse(self, code: str, what: str) -> None:
        if not self._closed:
            self._closed = True
            await refuse(self._socket, code, what)

    async def _talk(self, line: Line) -> str:
        async with asyncio.TaskGroup() as group:
            others = [group.create_task(self._write()), group.create_task(self._watch(line))]
            reason = await self._read(line)
            for task in others:
                task.cancel()
        return reason

    async def _read(self, line: Line) -> str:
        taken = 0
        while True:
            taken = (taken + 1) % TAKEN_AT_ONCE
            if not taken:
                # While messages wait, receiving one does not let go of the loop.
                await self._clock.sleep_until(self._heard_at)
            try:
                message = await self._socket.receive()
            except Gone as gone:
                if gone.code in LEFT:
                    return LEFT[gone.code]
                raise Unavailable(f"the caller's connection was lost ({gone})") from None
            self._heard_at = self._clock.now()
            if isinstance(message, bytes):
                line.heard(self._caller_audio(message))
            elif self._obey(message, line):
                return LEFT[1000]

    def _caller_audio(self, payload: bytes) -> bytes:
        self._check_size(len(payload))
        if self._encoding == "pcm16" and len(payload) % 2:
            raise RemoteProtocolError("half a sample of audio", code="bad_audio")
        pcm = payload if self._encoding == "pcm16" else g711.decode_mulaw(payload)
        if not self._audio.take(max(len(pcm) >> 1, self._least_samples), self._heard_at):
            raise RemoteProtocolError("audio comes much faster than real time", code="flooding")
        return pcm

    def _obey(self, text: str, line: Line) -> bool:
        """Act on a message; True if it was goodbye."""
        self._check_size(len(text))
        if not self._messages.take(1, self._heard_at):
            raise RemoteProtocolError("too many messages", code="flooding")
        message = wire.decode_client(text)
        match message:
            case wire.Played(samples):
                line.played(self._believed(samples, line))
            case wire.Flushed(samples):
                line.flushed(self._believed(samples, line))
            case wire.Digit(digit):
                line.pressed(digit)
            case wire.Ping(number):
                self._say(wire.Pong(number))
            case wire.Pong():
                pass
            case wire.Transferred() | wire.TransferFailed():
                self._transferred(message, line)
            case wire.Bye():
                return True
            case wire.Hello():
                raise RemoteProtocolError("hello a second time")
        return False

    def _transferred(self, said: wire.Transferred | wire.TransferFailed, line: Line) -> None:
        if self._transfer is None or self._transfer.done():
            self._warn_once(line, "the peer answers a transfer it was not asked for")
        elif isinstance(said, wire.Transferred):
            self._transfer.set_result(None)
        else:
            self._transfer.set_exception(Unavailable(said.reason or "the peer could not"))

    def _check_size(self, size: int) -> None:
        if size > self._settings.max_message_bytes:
            raise RemoteProtocolError(
                f"a message of {size} bytes; the limit is {self._settings.max_message_bytes}",
                code="too_big",
            )

    def _believed(self, samples: int, line: Line) -> int:
        if samples <= self._sent_samples:
            return samples
        self._warn_once(line, "the peer says it heard more than it was sent")
        return self._sent_samples

    def _warn_once(self, line: Line, what: str) -> None:
        # Once: a peer that is wrong ten times a second must not fill the call log.
        if what not in self._warned:
            self._warned.add(what)
            line.warned(what)

    async def _write(self) -> None:
        # A Gone ends only this task: what the peer still sent before it went is to be read.
        with suppress(Gone):
            while True:
                while self._outbox:
                    self._in_hand, self._in_hand_since = self._outbox.take(), self._clock.now()
                    await self._socket.send(self._in_hand)
                    self._in_hand = None
                self._waiting.clear()
                await self._waiting.wait()

    async def _watch(self, line: Line) -> None:
        """The heartbeat: ask the peer, and give it up when it is gone or does not read."""
        gone_s = self._settings.gone_s
        while True:
            await self._clock.sleep_until(self._clock.now() + self._settings.heartbeat_s)
            now = self._clock.now()
            if now - self._heard_at >= gone_s:
                raise Unavailable(f"nothing came from the caller for {gone_s:g} s")
            if self._in_hand is not None and now - self._in_hand_since >= gone_s:
                raise Unavailable(f"the caller took nothing for {gone_s:g} s")
            if self._outbox.overflowing:
                raise Unavailable("the caller reads too slowly")
            self._report_drops(line)
            self._pings += 1
            self._say(wire.Ping(self._pings))

    def _report_drops(self, line: Line) -> None:
        dropped = self._outbox.dropped_samples - self._told_dropped
        if dropped:
            self._told_dropped += dropped
            line.warned(f"{dropped} samples of agent audio dropped: the peer is slow")
