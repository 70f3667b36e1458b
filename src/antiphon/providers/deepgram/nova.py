"""One call's ear at Nova-3: audio out, `Results` in, finals on demand."""

import asyncio
from collections.abc import Callable
from typing import Final

from antiphon.errors import Rejected, RemoteProtocolError, TimedOut, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped, Word
from antiphon.net.socket import Peer, Socket, together
from antiphon.net.streamed import WIRE_NAMES, AudioFeed, Piece, Segments
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.deepgram.settings import NovaSettings
from antiphon.providers.deepgram.wire import nova as wire

__all__ = ["NovaRecognition", "nova_url"]

FRAME_S: Final = 0.02
BLUR_S: Final = 0.05
"""A piece that ends this little before a moment has heard everything up to it: the end of a
voice is not known better."""
ALIVE_S: Final = 0.3
"""A vendor that has told of audio this little before a moment has not stalled."""
KEEP_ALIVE: Final = wire.encode(wire.KeepAlive())
FINALIZE: Final = wire.encode(wire.Finalize())
FAREWELL: Final = wire.encode(wire.CloseStream())


def nova_url(settings: NovaSettings, hearing: Hearing) -> str:
    """Where to listen, and how."""
    return settings.account.socket_url(
        "/v1/listen",
        [
            ("model", settings.model),
            ("language", settings.language or hearing.language),
            ("encoding", WIRE_NAMES[hearing.encoding]),
            ("sample_rate", hearing.rate_hz),
            ("channels", 1),
            ("interim_results", True),
            ("punctuate", True),
            ("numerals", settings.numerals),
            ("endpointing", settings.endpointing_ms or False),
            *(("keyterm", term) for term in hearing.keyterms),
        ],
    )


class NovaRecognition:
    """See `antiphon.ports.stt.Recognition`."""

    def __init__(
        self, peer: Peer, settings: NovaSettings, hearing: Hearing, tell: Callable[[Heard], None]
    ) -> None:
        self._peer, self._settings = peer, settings
        self._url = nova_url(settings, hearing)
        self._feed = AudioFeed(hearing.rate_hz, FRAME_S, peer.provider, hearing.encoding)
        self._segments = Segments(tell)
        self._closed_s = 0.0
        """Up to here the vendor will not change its mind."""
        self._reached_s = 0.0
        """Up to here it has told anything at all, be it that nobody speaks."""
        self._wanted_s: float | None = None
        """A final up to here is owed."""
        self._asked = 0
        """Finalize messages not answered yet."""
        self._patience: asyncio.Timeout | None = None

    def feed(self, pcm: bytes) -> None:
        self._feed.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        """Nova listens for itself."""

    def finalise(self, until_s: float) -> None:
        self._feed.flush()
        until_s = min(until_s, self._feed.fed_s)
        heard = self._closed_s >= until_s - BLUR_S and not self._segments.undecided
        if self._wanted_s is None and (heard or not self._feed.fed_s):
            self._segments.final(until_s)
            return
        self._wanted_s = max(until_s, self._wanted_s or 0.0)
        self._asked += 1
        self._feed.outgoing.add(FINALIZE)
        self._wait()

    def forget(self, until_s: float) -> None:
        self._segments.forget(until_s, owed=self._wanted_s is not None)

    async def run(self) -> None:
        socket = await self._peer.connect(self._url)
        try:
            await together(self._send(socket), self._listen(socket))
        finally:
            await socket.aclose(FAREWELL)

    async def _send(self, socket: Socket) -> None:
        while True:
            item = await self._feed.outgoing.take(self._settings.keep_alive_s)
            if item is None:
                await socket.send(KEEP_ALIVE)
            else:
                await socket.send(item.frame)
                self._feed.sent(item)

    async def _listen(self, socket: Socket) -> None:
        while True:
            try:
                async with asyncio.timeout(None) as self._patience:
                    self._wait()
                    while True:
                        self._hear(await socket.receive())
            except TimeoutError:
                self._do_without()
            finally:
                self._patience = None

    # --- what it tells -----------------------------------------------------------------------

    def _hear(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            raise Unavailable("sent audio to a listener", provider=self._peer.provider)
        try:
            message = wire.decode_server(frame)
        except RemoteProtocolError as error:
            raise self._peer.garbled(error) from None
        match message:
            case wire.Results():
                self._results(message)
            case wire.Error(description=description):
                raise Rejected(description, provider=self._peer.provider)
            case _:
                pass  # the rest tells nothing a call acts on

    def _results(self, results: wire.Results) -> None:
        start_s = self._feed.fed_at_s(results.start)
        end_s = self._feed.fed_at_s(results.start + results.duration)
        if end_s < self._closed_s - BLUR_S:
            return  # overtaken by a later one that replaced it
        closed = bool(results.is_final)
        self._segments.heard(self._piece(results, start_s, end_s), closed=closed)
        self._reached_s = max(self._reached_s, end_s)
        if closed:
            self._closed_s = max(self._closed_s, end_s)
        if results.from_finalize:
            self._asked = max(0, self._asked - 1)
        if (wanted_s := self._wanted_s) is None:
            return
        answered = bool(results.from_finalize) and not self._asked
        if answered or (closed and self._closed_s >= wanted_s - BLUR_S):
            self._answer(wanted_s)

    def _piece(self, results: wire.Results, start_s: float, end_s: float) -> Piece:
        if not results.channel.alternatives:
            return Piece(start_s=start_s, end_s=end_s)
        best = results.channel.alternatives[0]
        words = tuple(
            Word(
                text=word.punctuated_word or word.word,
                start_s=self._feed.fed_at_s(word.start),
                end_s=self._feed.fed_at_s(word.end),
                confidence=word.confidence,
            )
            for word in best.words
        )
        return Piece(
            start_s=start_s,
            end_s=end_s,
            text=best.transcript.strip(),
            words=words,
            confidence=best.confidence,
        )

    # --- finals ------------------------------------------------------------------------------

    def _answer(self, until_s: float) -> None:
        self._wanted_s = None
        self._asked = 0
        self._wait()
        self._segments.final(until_s)

    def _do_without(self) -> None:
        """Finalize was not answered. Where hardly any audio waited that is allowed, and what was
        told is all there is; a vendor that has fallen behind has stalled."""
        wanted_s = self._wanted_s
        if wanted_s is not None and self._reached_s < wanted_s - ALIVE_S:
            within = f"{self._settings.finalise_within_s:g} s"
            raise TimedOut(f"no final transcript within {within}", provider=self._peer.provider)
        if wanted_s is not None:
            self._answer(wanted_s)

    def _wait(self) -> None:
        """What is owed must come in time."""
        if self._patience is None or self._patience.expired():
            return
        now = asyncio.get_running_loop().time()
        owed = self._wanted_s is not None
        self._patience.reschedule(now + self._settings.finalise_within_s if owed else None)
