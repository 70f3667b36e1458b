"""Cartesia Ink as a `Recogniser`: audio out, transcripts in, finals on demand.

The vendor has another interface that ends turns by itself, and tells no final when asked; this is
the one that does, and turns are ours to end.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from antiphon.errors import TimedOut
from antiphon.events import SpeechStarted, SpeechStopped, Word
from antiphon.net.owed import Owed
from antiphon.net.refusal import refusal, washed
from antiphon.net.socket import Peer, Socket, together
from antiphon.net.streamed import AudioFeed, Piece, Segments
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.cartesia import account
from antiphon.providers.cartesia import stt_wire as wire
from antiphon.providers.cartesia.settings import INK_CHUNKS, InkSettings

__all__ = ["InkRecogniser"]

RATES_HZ: Final = (8_000, 16_000)
UNASKED_S: Final = 10.0
"""So much audio is finalised though nobody asks: the vendor closes nothing by itself."""


class InkRecogniser:
    """See `antiphon.ports.stt.Recogniser`."""

    name = "cartesia/ink-2"
    rates_hz = RATES_HZ

    def __init__(self, settings: InkSettings) -> None:
        self._settings = settings
        self._peer = account.peer(self.name, settings.account)

    async def start(self) -> None:
        """Connect once. Raises `Rejected` for a key the vendor refuses; a vendor that is away for
        the moment does not keep the process from starting."""
        await self._peer.knock(_url(self._settings, Hearing(rate_hz=RATES_HZ[0])), wire.CLOSE)

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> "InkRecognition":
        return InkRecognition(self._peer, self._settings, hearing, tell)

    async def aclose(self) -> None:
        """Every recognition has its own connection."""


def _url(settings: InkSettings, hearing: Hearing) -> str:
    return settings.account.socket_url(
        "/stt/websocket",
        [
            ("model", settings.model),
            ("encoding", wire.ENCODINGS[hearing.encoding]),
            ("sample_rate", hearing.rate_hz),
            ("language", settings.language or hearing.language.partition("-")[0]),
            *(("keyterm", term) for term in hearing.keyterms),
        ],
    )


class InkRecognition:
    """See `antiphon.ports.stt.Recognition`."""

    def __init__(
        self, peer: Peer, settings: InkSettings, hearing: Hearing, tell: Callable[[Heard], None]
    ) -> None:
        self._peer, self._settings = peer, settings
        self._url = _url(settings, hearing)
        chunk_s = INK_CHUNKS.seconds(settings.chunk_ms, hearing)
        self._feed = AudioFeed(hearing.rate_hz, chunk_s, peer.provider, hearing.encoding)
        self._segments = Segments(tell)
        self._owed = Owed(settings.finalise_within_s)
        self._asked: deque[float] = deque()
        """Where each finalize that is not answered was asked for."""
        self._closed_s = 0.0
        """Up to here the vendor will not change its mind."""
        self._kept = Piece(start_s=0.0, end_s=0.0)
        """What is final, but may go on within a word."""

    def feed(self, pcm: bytes) -> None:
        self._feed.feed(pcm)
        asked_s = self._asked[-1] if self._asked else self._closed_s
        if self._feed.fed_s - asked_s > UNASKED_S:
            self._ask()

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        if (later_s := self._owed.voice(edge)) is not None:
            self.finalise(later_s)

    def finalise(self, until_s: float) -> None:
        if self._owed.put_off(until_s):
            return
        self._feed.flush()
        fed_s = self._feed.fed_s
        if not fed_s or (self._closed_s >= fed_s and not self._asked):
            self._segments.final(min(until_s, fed_s))
            return
        self._owed.ask(min(until_s, fed_s), self._feed.behind_s)
        if not self._asked or self._asked[-1] < fed_s:
            self._ask()

    def _ask(self) -> None:
        self._feed.flush()
        self._asked.append(self._feed.fed_s)
        self._feed.outgoing.add(wire.FINALIZE)

    def forget(self, until_s: float) -> None:
        self._segments.forget(until_s, owed=self._owed.until_s is not None)

    async def run(self) -> None:
        async with self._peer.opened(self._url, wire.CLOSE) as socket:
            await together(self._send(socket), self._listen(socket))

    async def _send(self, socket: Socket) -> None:
        while True:
            item = await self._feed.outgoing.take()
            if item is not None:
                await socket.send(item.frame)
                self._feed.sent(item)

    async def _listen(self, socket: Socket) -> None:
        async def one() -> None:
            self._hear(self._peer.message(await socket.receive(), wire.decode_server))

        await self._owed.watch(one, self._late)

    def _late(self) -> None:
        within = f"{self._settings.finalise_within_s:g} s"
        raise TimedOut(f"no final transcript within {within}", provider=self._peer.provider)

    # --- what it tells -----------------------------------------------------------------------

    def _hear(self, message: wire.ServerMessage) -> None:
        match message:
            case wire.Transcript():
                self._transcript(message)
            case wire.FlushDone():
                self._flushed()
            case wire.Error(title=title, message=what, status_code=status):
                said = washed(f"{title}: {what}", self._peer.headers.values())
                raise refusal(status, {}, said, provider=self._peer.provider)
            case _:
                pass

    def _transcript(self, told: wire.Transcript) -> None:
        if self._kept.text and told.text[:1].isspace():
            self._close()
        piece = self._joined(told)
        if told.is_final:
            self._kept = piece
        if piece.text.strip():
            self._segments.heard(_stripped(piece), closed=False)

    def _joined(self, told: wire.Transcript) -> Piece:
        """What is kept and what is told, as one."""
        words = tuple(
            Word(
                text=word.strip(),
                start_s=self._feed.fed_at_s(start),
                end_s=self._feed.fed_at_s(end),
            )
            for word, start, end in wire.singly(told.words or ())
        )
        kept = self._kept
        # A word cut in two has no times of its own: then none has.
        whole = not kept.text or not told.text
        return Piece(
            start_s=kept.start_s if kept.text else self._closed_s,
            end_s=max(words[-1].end_s if words else self._feed.fed_s, self._closed_s),
            text=kept.text + told.text,
            words=kept.words + words if whole else (),
        )

    def _close(self) -> None:
        kept, self._kept = self._kept, Piece(start_s=0.0, end_s=0.0)
        self._closed_s = max(self._closed_s, kept.end_s)
        self._segments.heard(_stripped(kept), closed=True)

    def _flushed(self) -> None:
        if not self._asked:
            return
        asked_s = self._asked.popleft()
        if self._kept.text.strip():
            self._close()
        self._closed_s = max(self._closed_s, asked_s)
        if not self._asked and self._owed.until_s is not None:
            self._segments.final(self._owed.paid())


def _stripped(piece: Piece) -> Piece:
    return Piece(
        start_s=piece.start_s, end_s=piece.end_s, text=piece.text.strip(), words=piece.words
    )
