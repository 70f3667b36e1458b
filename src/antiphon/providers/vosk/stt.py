"""A Vosk server as a `Recogniser`, and one call's ear at it.

The server answers every frame of audio with one message, so it is known exactly how far it has
read. A final is asked for by ending the utterance.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from msgspec import UNSET

from antiphon.errors import RemoteProtocolError, TimedOut, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped, Word
from antiphon.net.outgoing import Item
from antiphon.net.owed import Owed
from antiphon.net.socket import Peer, Socket, together
from antiphon.net.streamed import AudioFeed, Piece, Segments
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.vosk import wire
from antiphon.providers.vosk.settings import CHUNKS, VoskSettings

__all__ = ["VoskRecogniser", "VoskRecognition"]

RATE_HZ: Final = 16_000
"""What most models want; one for the telephone takes every second sample."""
BLUR_S: Final = 0.05
"""What was read up to this little before a moment is all of it: the end of a voice is not known
better."""


class VoskRecogniser:
    """See `antiphon.ports.stt.Recogniser`. Each call has a connection of its own, opened when
    its ear runs."""

    name = "vosk/server"
    rates_hz = (RATE_HZ,)

    def __init__(self, settings: VoskSettings) -> None:
        self._settings = settings
        within_s = settings.account.connect_within_s
        self._peer = Peer(provider=self.name, headers={}, connect_within_s=within_s)

    async def start(self) -> None:
        """Connect once. A server that is away for the moment does not keep the process from
        starting."""
        await self._peer.knock(self._settings.account.socket_url("/"), wire.EOF)

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> "VoskRecognition":
        return VoskRecognition(self._peer, self._settings, hearing, tell)

    async def aclose(self) -> None:
        """Nothing is kept between calls."""


class VoskRecognition:
    """See `antiphon.ports.stt.Recognition`."""

    def __init__(
        self, peer: Peer, settings: VoskSettings, hearing: Hearing, tell: Callable[[Heard], None]
    ) -> None:
        self._peer, self._url = peer, settings.account.socket_url("/")
        self._config = wire.configure(
            wire.Config(
                sample_rate=hearing.rate_hz,
                words=True,
                max_alternatives=0,
                phrase_list=settings.grammar or UNSET,
            )
        )
        self._rate_hz = hearing.rate_hz
        chunk_s = CHUNKS.seconds(settings.chunk_ms, hearing)
        self._feed = AudioFeed(hearing.rate_hz, chunk_s, peer.provider)
        self._segments = Segments(tell)
        self._owed = Owed(settings.finalise_within_s)
        self._unanswered: deque[tuple[float, bool]] = deque()
        """Of each message that is: how far the audio reached by then, in seconds fed, and whether
        it was to end the utterance."""
        self._reached_s = 0.0
        """Up to here it has read."""
        self._closed_s = 0.0
        """Up to here it will not change its mind."""
        self._began_s: float | None = None
        """Where the words of the open utterance begin, or a little before."""
        self._asked_s = -1.0
        """Behind how much audio it was last asked to end the utterance, in its seconds."""

    def feed(self, pcm: bytes) -> None:
        self._feed.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        if (later_s := self._owed.voice(edge)) is not None:
            self.finalise(later_s)

    def finalise(self, until_s: float) -> None:
        if self._owed.put_off(until_s):
            return
        self._feed.flush()
        until_s = min(until_s, self._feed.fed_s)
        heard = self._closed_s >= until_s - BLUR_S and not self._segments.undecided
        if self._owed.until_s is None and (heard or not self._feed.fed_s):
            self._segments.final(until_s)
            return
        self._owed.ask(until_s, self._feed.behind_s)
        if (at_s := self._feed.vendor_until_s) > self._asked_s:
            self._asked_s = at_s
            self._feed.outgoing.add(wire.RESET)

    def forget(self, until_s: float) -> None:
        self._segments.forget(until_s, owed=self._owed.until_s is not None)

    async def run(self) -> None:
        async with self._peer.opened(self._url, wire.EOF) as socket:
            await socket.send(self._config)
            await together(self._send(socket), self._listen(socket))

    async def _send(self, socket: Socket) -> None:
        while True:
            item = await self._feed.outgoing.take()
            if item is not None:
                self._went(item)
                await socket.send(item.frame)

    async def _listen(self, socket: Socket) -> None:
        async def one() -> None:
            self._hear(await socket.receive())

        await self._owed.watch(one, self._late)

    def _went(self, item: Item) -> None:
        """Before it is sent: the answer may be quick."""
        self._feed.sent(item)
        until_s = self._unanswered[-1][0] if self._unanswered else self._reached_s
        if item.at is not None:
            until_s = (item.at + item.samples) / self._rate_hz
        self._unanswered.append((until_s, item.frame == wire.RESET))

    # --- what it tells -----------------------------------------------------------------------

    def _hear(self, frame: str | bytes) -> None:
        # Some versions answer text by text and audio by binary frames.
        try:
            text = frame if isinstance(frame, str) else frame.decode()
            message = wire.decode_server(text)
        except (RemoteProtocolError, UnicodeDecodeError) as error:
            raise self._peer.garbled(RemoteProtocolError(str(error))) from None
        if not self._unanswered:
            raise Unavailable("answered what nobody asked", provider=self._peer.provider)
        before_s = self._reached_s
        self._reached_s, ended = self._unanswered.popleft()
        if isinstance(message, wire.Partial):
            self._partial(message.partial.strip(), before_s)
        else:
            self._utterance(message)
        if ended and self._owed.until_s is not None and not any(e for _, e in self._unanswered):
            self._segments.final(self._owed.paid())

    def _partial(self, text: str, before_s: float) -> None:
        if text and self._began_s is None:
            self._began_s = before_s
        start_s = before_s if self._began_s is None else self._began_s
        self._segments.heard(Piece(start_s=start_s, end_s=self._reached_s, text=text), closed=False)

    def _utterance(self, heard: wire.Heard) -> None:
        words = tuple(
            Word(
                text=word.word,
                start_s=self._feed.fed_at_s(word.start),
                end_s=self._feed.fed_at_s(word.end),
                confidence=word.conf,
            )
            for word in heard.result or ()
        )
        piece = Piece(
            start_s=words[0].start_s if words else (self._began_s or self._closed_s),
            end_s=self._reached_s,
            text=heard.text.strip(),
            words=words,
            confidence=min((word.confidence for word in words), default=1.0),
        )
        self._segments.heard(piece, closed=True)
        self._closed_s, self._began_s = self._reached_s, None

    def _late(self) -> None:
        within = f"{self._owed.within_s:g} s"
        raise TimedOut(f"no final transcript within {within}", provider=self._peer.provider)
