"""One call's ear at Universal-Streaming: audio out, `Turn` in, finals on demand.

A final is asked for with ForceEndpoint, which ends the turn. Where no turn is open nothing need
come back (unconfirmed), and a silent vendor may as well have stalled: its heartbeat tells which.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from antiphon.errors import TimedOut, Unavailable
from antiphon.events import EndpointHinted, SpeechStarted, SpeechStopped, Word
from antiphon.net.outgoing import Item
from antiphon.net.owed import Owed
from antiphon.net.socket import Peer, Socket, together
from antiphon.net.streamed import AudioFeed, Piece, Segments
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.assemblyai import wire
from antiphon.providers.assemblyai.opening import ENCODINGS, begun, formats, read, universal_url
from antiphon.providers.assemblyai.settings import CHUNKS, UniversalSettings

__all__ = ["FAREWELL", "Universal"]

LEAST_FRAME_S: Final = wire.FRAME_MS[0] / 1000
MOST_AHEAD_S: Final = 240.0
"""Audio that far ahead of time is no call's, and is left out. The vendor reads 1.25 times as fast
as time goes by, and ends a session (3007) with more than 5 minutes waiting (third party)."""
READ_S: Final = 1.0
"""Audio no further ahead of time is as good as read."""
BLUR_S: Final = 0.05
"""A turn that ends this little before a moment has heard everything up to it: the end of a voice
is not known better."""
PAUSE_S: Final = 0.1
"""No model ends a turn of itself before it has heard this much of a pause."""
KEEP_ALIVE: Final = wire.encode(wire.KeepAlive())
FORCE: Final = wire.encode(wire.ForceEndpoint())
FAREWELL: Final = wire.encode(wire.Terminate())


class Universal:
    """See `antiphon.ports.stt.Recognition`."""

    def __init__(
        self,
        peer: Peer,
        settings: UniversalSettings,
        hearing: Hearing,
        tell: Callable[[Heard], None],
    ) -> None:
        self._peer, self._settings, self._tell = peer, settings, tell
        self._url = universal_url(settings, hearing)
        self._formats = formats(settings, hearing)
        encoding = ENCODINGS[hearing.encoding][0]
        self._rate_hz = hearing.rate_hz
        chunk_s = CHUNKS.seconds(settings.chunk_ms, hearing)
        self._feed = AudioFeed(hearing.rate_hz, chunk_s, peer.provider, encoding)
        self._segments = Segments(tell)
        self._owed = Owed(settings.finalise_within_s)
        self._since_s = 0.0
        """When the session began, by the loop's clock."""
        self._sent_samples = 0
        self._turn = -1
        """The last one that ended."""
        self._closed_s = 0.0
        """Up to here the vendor will not change its mind."""
        self._forced = 0
        """Turns ended at our word whose end is not told yet: no opinion of the vendor's."""
        self._forced_at_s = -1.0
        """Behind how much audio the last such word went."""
        self._alive = False
        """It has told how far it is since a final was asked for."""

    def feed(self, pcm: bytes) -> None:
        self._feed.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        if (later_s := self._owed.voice(edge)) is not None:
            self.finalise(later_s)

    def finalise(self, until_s: float) -> None:
        if self._owed.put_off(until_s):
            return
        self._feed.flush(LEAST_FRAME_S)
        until_s = min(until_s, self._feed.fed_s)
        heard = self._closed_s >= until_s - BLUR_S and not self._segments.undecided
        if self._owed.until_s is None and (heard or not self._feed.fed_s):
            self._segments.final(until_s)
            return
        self._alive = False
        self._owed.ask(until_s, self._behind_s())
        if (at_s := self._feed.vendor_until_s) > self._forced_at_s:
            self._forced_at_s = at_s
            self._feed.outgoing.add(FORCE)

    def forget(self, until_s: float) -> None:
        self._segments.forget(until_s, owed=self._owed.until_s is not None)

    async def run(self) -> None:
        async with self._peer.opened(self._url, FAREWELL) as socket:
            await begun(socket, self._peer)
            self._since_s = asyncio.get_running_loop().time()
            await together(self._send(socket), self._listen(socket))

    async def _send(self, socket: Socket) -> None:
        while True:
            item = await self._feed.outgoing.take(self._settings.keep_alive_s)
            if item is None:
                await socket.send(KEEP_ALIVE)
            elif not item.samples or self._ahead_s() < MOST_AHEAD_S:
                await socket.send(item.frame)
                self._went(item)

    async def _listen(self, socket: Socket) -> None:
        async def one() -> None:
            self._hear(read(await socket.receive(), self._peer))

        await self._owed.watch(one, self._late)

    # --- how far it can be -------------------------------------------------------------------

    def _went(self, item: Item) -> None:
        self._feed.sent(item)
        self._sent_samples += item.samples
        if item.frame == FORCE:
            self._forced += 1

    def _ahead_s(self) -> float:
        """How much more audio was sent than time has gone by."""
        gone_s = asyncio.get_running_loop().time() - self._since_s if self._since_s else 0.0
        return max(0.0, self._sent_samples / self._rate_hz - gone_s)

    def _behind_s(self) -> float:
        """How much longer the vendor may need, for what it cannot have read yet."""
        return max(0.0, self._ahead_s() + self._feed.outgoing.samples / self._rate_hz - READ_S)

    # --- what it tells -----------------------------------------------------------------------

    def _hear(self, message: wire.ServerMessage) -> None:
        match message:
            case wire.Turn() if message.turn_order > self._turn:
                self._turn_told(message)
            case wire.Heartbeat():
                self._alive = True
                if self._owed.postponed and self._owed.until_s is not None:
                    self._late()
            case wire.Termination():
                raise Unavailable("ended the session", provider=self._peer.provider)
            case _:
                pass  # overtaken, or nothing a call acts on

    def _turn_told(self, turn: wire.Turn) -> None:
        ended = turn.end_of_turn and (turn.turn_is_formatted or not self._formats)
        piece = self._piece(turn, ended=ended)
        self._segments.heard(piece, closed=ended)
        if not ended:
            return
        self._turn = turn.turn_order
        self._closed_s = max(self._closed_s, piece.end_s + PAUSE_S)
        if self._forced:
            self._forced -= 1
            if self._owed.until_s is not None and not self._forced:
                self._answer()
            return
        self._segments.settled()
        if piece.text:
            self._tell(EndpointHinted(kind="ended", at_s=piece.end_s))

    def _piece(self, turn: wire.Turn, *, ended: bool) -> Piece:
        words = tuple(
            Word(
                text=word.text,
                start_s=self._feed.fed_at_s(word.start / 1000),
                end_s=self._feed.fed_at_s(word.end / 1000),
                confidence=word.confidence,
                speaker=wire.speaker(word.speaker),
            )
            for word in turn.words
        )
        # Until the turn ends, the transcript lacks the words that may still change.
        spoken, final = " ".join(word.text for word in words), turn.transcript.strip()
        text = (final or spoken) if ended else (spoken or final)
        # Of text without words no more is known than that it lies in what was sent.
        sent_s = self._feed.fed_at_s(self._sent_samples / self._rate_hz) if text else self._closed_s
        return Piece(
            start_s=words[0].start_s if words else self._closed_s,
            end_s=words[-1].end_s if words else sent_s,
            text=text,
            words=words,
            confidence=min((word.confidence for word in words), default=1.0),
            language=turn.language_code or "",
        )

    # --- finals ------------------------------------------------------------------------------

    def _answer(self) -> None:
        until_s = self._owed.paid()
        self._closed_s = max(self._closed_s, until_s)
        self._segments.final(until_s)

    def _late(self) -> None:
        """ForceEndpoint was not answered. With no turn open that is allowed, if the vendor lives;
        one that had words, or says nothing at all, has stalled."""
        waited_s = self._settings.finalise_within_s
        if not self._segments.undecided:
            if self._alive:
                self._forced = 0
                self._answer()
                return
            if not self._owed.postponed:
                self._owed.postpone(self._settings.sign_of_life_s - waited_s)
                return
            waited_s = self._settings.sign_of_life_s
        what = f"no final transcript within {waited_s:g} s"
        raise TimedOut(what, provider=self._peer.provider)
