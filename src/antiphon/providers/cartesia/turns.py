"""Cartesia Ink where it ends the turns itself, as a `Recogniser`.

It reads on as long as audio comes; where the caller's audio has stopped, silence goes on in its
place. No final can be asked for and no message says how far it has read, so one is told when Ink
believes that the caller may be done, or has nothing to add for a while: what it once told it never
corrects. Where it has said nothing at all of a voice that our own detector heard, it is made to
finish by closing the connection, and listened to on another.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Literal

from antiphon.errors import TimedOut, Unavailable
from antiphon.events import EndpointHinted, SpeechStarted, SpeechStopped
from antiphon.net.outgoing import Item
from antiphon.net.owed import Owed
from antiphon.net.refusal import refusal, washed
from antiphon.net.socket import Peer, Socket, together
from antiphon.net.streamed import AudioFeed, Piece, Segments
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.cartesia import account
from antiphon.providers.cartesia import turns_wire as wire
from antiphon.providers.cartesia.settings import TURNS_CHUNKS, InkTurnsSettings
from antiphon.providers.cartesia.stt_wire import ENCODINGS

__all__ = ["InkTurnsRecogniser"]

STEP_S: Final = 0.1
"""Silence that it waits for is sent in chunks of this: the vendor's advice."""
RATES_HZ: Final = (8_000, 16_000)
CLOSE: Final = wire.encode(wire.Close())
CLOSED: Final = "closed the connection (1000)"
Hint = Literal["eager", "resumed", "ended"]


class _Finished(Unavailable):
    """The vendor closed in peace."""


class InkTurnsRecogniser:
    """See `antiphon.ports.stt.Recogniser`."""

    name = "cartesia/ink-2-turns"
    rates_hz = RATES_HZ

    def __init__(self, settings: InkTurnsSettings) -> None:
        self._settings = settings
        self._peer = account.peer(self.name, settings.account)
        self._peer.close_codes = {1000: _Finished}

    async def start(self) -> None:
        """Connect once. Raises `Rejected` for a key the vendor refuses; a vendor that is away for
        the moment does not keep the process from starting."""
        await self._peer.knock(_url(self._settings, Hearing(rate_hz=RATES_HZ[0])), CLOSE)

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> "InkTurnsRecognition":
        return InkTurnsRecognition(self._peer, self._settings, hearing, tell)

    async def aclose(self) -> None:
        """Every recognition has its own connection."""


def _url(settings: InkTurnsSettings, hearing: Hearing) -> str:
    return settings.account.socket_url(
        "/stt/turns/websocket",
        [
            ("model", settings.model),
            ("encoding", ENCODINGS[hearing.encoding]),
            ("sample_rate", hearing.rate_hz),
            *((f"turn_{name}", getattr(settings, name)) for name in wire.RANGES),
            *(("keyterm", term) for term in hearing.keyterms),
        ],
    )


class InkTurnsRecognition:
    """See `antiphon.ports.stt.Recognition`."""

    def __init__(
        self,
        peer: Peer,
        settings: InkTurnsSettings,
        hearing: Hearing,
        tell: Callable[[Heard], None],
    ) -> None:
        self._peer, self._settings, self._tell = peer, settings, tell
        self._url = _url(settings, hearing)
        chunk_s = TURNS_CHUNKS.seconds(settings.chunk_ms, hearing)
        self._feed = AudioFeed(hearing.rate_hz, chunk_s, peer.provider, hearing.encoding)
        self._rate_hz = hearing.rate_hz
        self._segments = Segments(tell)
        self._owed = Owed(settings.settled_after_s)
        self._latest_s = 0.0
        """On the loop's clock: what is owed is paid by then."""
        self._sent_s = 0.0
        """How much of what was fed has been sent."""
        self._voice_s: float | None = None
        """Where the last voice began, by our own detector, while it goes on."""
        self._unheard = False
        """A voice began, and nothing was told since."""
        self._done = False
        """The last that was told is that the caller may be done, and no voice began since."""
        self._closing = False
        self._transcript = ""
        """Of the turn that is open."""
        self._skipped = 0
        """Letters of it that are forgotten."""
        self._open = Piece(start_s=0.0, end_s=0.0)
        self._floor_s = 0.0
        """Nothing new begins before."""

    # --- the caller's side -------------------------------------------------------------------

    def feed(self, pcm: bytes) -> None:
        self._feed.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        if isinstance(edge, SpeechStarted):
            self._voice_s, self._unheard, self._done = edge.at_s, True, False
        else:
            self._voice_s = None
        if (later_s := self._owed.voice(edge)) is not None:
            self.finalise(later_s)

    def finalise(self, until_s: float) -> None:
        if self._owed.put_off(until_s):
            return
        self._feed.flush()
        until_s = min(until_s, self._feed.fed_s)
        if self._done or not self._feed.fed_s:
            self._segments.final(until_s)
            return
        behind_s = self._feed.behind_s
        self._latest_s = _now_s() + self._settings.finalise_within_s + behind_s
        self._owed.ask(until_s, behind_s)
        if self._unheard or self._closing:
            self._owed.postpone(self._latest_s - _now_s())

    def forget(self, until_s: float) -> None:
        piece = self._open
        if (piece.start_s + piece.end_s) / 2 <= until_s:
            self._floor_s = max(self._floor_s, until_s, piece.end_s)
            self._skipped = len(self._transcript)
            self._open = Piece(start_s=self._floor_s, end_s=self._floor_s)
        self._segments.forget(until_s, owed=self._owed.until_s is not None)

    # --- the connection ----------------------------------------------------------------------

    async def run(self) -> None:
        while True:
            async with self._peer.opened(self._url, CLOSE) as socket:
                await together(self._send(socket), self._listen(socket))

    async def _send(self, socket: Socket) -> None:
        outgoing, idle_s = self._feed.outgoing, self._settings.silence_after_s
        while True:
            wait_s = idle_s if self._owed.until_s is None else STEP_S
            item = await outgoing.take(wait_s)
            if item is None:
                self._feed.silence(wait_s)
                continue
            await socket.send(item.frame)
            self._sent(item)
            if item.frame == CLOSE:
                # What is fed from here on waits for the next connection.
                await asyncio.get_running_loop().create_future()

    def _sent(self, item: Item) -> None:
        self._feed.sent(item)
        if item.at is not None:
            self._sent_s = min((item.at + item.samples) / self._rate_hz, self._feed.fed_s)

    async def _listen(self, socket: Socket) -> None:
        """Until it was closed because it was asked to be."""

        async def one() -> None:
            self._hear(self._peer.message(await socket.receive(), wire.decode_server))

        try:
            await self._owed.watch(one, self._late)
        except _Finished:
            if not self._closing:
                raise Unavailable(CLOSED, provider=self._peer.provider) from None
        self._closing = self._unheard = False
        self._close_turn()
        if self._owed.until_s is not None:
            self._segments.final(self._owed.paid())

    def _late(self) -> None:
        """Nothing came for a while, or too much."""
        if self._closing:
            within = f"{self._settings.finalise_within_s:g} s"
            raise TimedOut(f"no end within {within}", provider=self._peer.provider)
        if not self._unheard:
            self._segments.final(self._owed.paid())
            return
        self._closing = True
        self._feed.outgoing.add(CLOSE)
        self._owed.postpone(self._settings.finalise_within_s + self._feed.behind_s)

    # --- what it tells -----------------------------------------------------------------------

    def _hear(self, message: wire.ServerMessage) -> None:
        match message:
            case wire.Start():
                self._close_turn()
                self._open = Piece(start_s=self._began_s(), end_s=self._sent_s)
                self._told(done=False)
            case wire.Update(transcript=transcript):
                self._read(transcript)
                self._told(done=False)
            case wire.Resume():
                self._told(done=False, hint="resumed")
            case wire.EagerEnd(transcript=transcript):
                self._read(transcript)
                self._segments.settled()
                self._told(done=True, hint="eager")
            case wire.End(transcript=transcript):
                self._end(transcript)
                self._told(done=True, hint="ended")
            case wire.Error(title=title, message=what, status_code=status):
                said = washed(f"{title}: {what}", self._peer.headers.values())
                raise refusal(status, {}, said, provider=self._peer.provider)
            case _:
                pass

    def _told(self, *, done: bool, hint: Hint | None = None) -> None:
        self._unheard = False
        self._done = done and self._voice_s is None
        if hint:
            self._tell(EndpointHinted(kind=hint, at_s=self._sent_s))
        if self._owed.until_s is None or self._closing:
            return
        if self._done:
            self._segments.final(self._owed.paid())
        else:
            left_s = max(0.0, self._latest_s - _now_s())
            self._owed.postpone(min(self._settings.settled_after_s, left_s))

    def _read(self, transcript: str) -> None:
        if transcript == self._transcript:
            return
        self._transcript = transcript
        start_s = min(self._open.start_s, self._sent_s)
        text = transcript[self._skipped :].strip()
        self._open = Piece(start_s=start_s, end_s=self._sent_s, text=text)
        self._segments.heard(self._open, closed=False)

    def _end(self, transcript: str) -> None:
        known = self._done and transcript == self._transcript
        self._read(transcript)
        self._close_turn()
        if not known:
            self._segments.settled()

    def _close_turn(self) -> None:
        self._segments.heard(self._open, closed=True)
        if self._open.text:
            self._floor_s = max(self._floor_s, self._open.end_s)
        self._open = Piece(start_s=self._sent_s, end_s=self._sent_s)
        self._transcript, self._skipped = "", 0

    def _began_s(self) -> float:
        """Where a turn begins that is told of now."""
        return max(self._sent_s if self._voice_s is None else self._voice_s, self._floor_s)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
