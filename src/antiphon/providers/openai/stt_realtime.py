"""One call's ear at a realtime transcription session: audio out, text by item in.

A final is asked for by committing what was sent. Where our own voice activity says that nobody
has spoken since the last commit, there is nothing to ask; where somebody speaks this very moment,
a commit would tear a word in two, and what was told so far is the answer.
"""

from collections.abc import Callable
from typing import Final

from antiphon.audio.resample import Resampler
from antiphon.errors import TimedOut, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.net.owed import Owed
from antiphon.net.socket import Peer, Socket, together
from antiphon.net.streamed import AudioFeed
from antiphon.ports.stt import Encoding, Heard, Hearing
from antiphon.providers.openai.account import trouble
from antiphon.providers.openai.hints import hints
from antiphon.providers.openai.settings_speech import REALTIME_CHUNKS, RealtimeSettings
from antiphon.providers.openai.stt_items import Items
from antiphon.providers.openai.wire import realtime as wire

__all__ = ["RealtimeRecognition", "greet", "opening", "realtime_url"]

MARGIN_S: Final = 0.04
"""What is committed has so much more than the least, so that no rounding makes it less."""
LONG_S: Final = 20.0
"""A longer piece is committed at the next pause: nobody wants its text to hang on one answer."""
MOST_S: Final = 60.0
"""And one this long anywhere."""
TELEPHONE_HZ: Final = 8000
COMMIT: Final = wire.encode(wire.AudioCommit())
TOO_SHORT: Final = "input_audio_buffer_commit_empty"
UNREADABLE: Final = "audio_unintelligible"
FORMATS: Final[dict[Encoding, wire.AudioFormat]] = {
    "pcm16": wire.AudioFormat("audio/pcm", wire.PCM_RATE_HZ),
    "mulaw": wire.AudioFormat("audio/pcmu"),
    "alaw": wire.AudioFormat("audio/pcma"),
}


def realtime_url(settings: RealtimeSettings) -> str:
    """Where to listen. With a model in it, it would be a conversation."""
    return settings.account.socket_url("/realtime", [("intent", "transcription")])


def opening(settings: RealtimeSettings, hearing: Hearing) -> str:
    """The first message: how to listen."""
    help_ = hints(settings.model, hearing, language=settings.language, prompt=settings.prompt)
    transcription = wire.Transcription(
        model=settings.model,
        language=help_.language,
        languages=help_.languages,
        keywords=help_.keywords,
        prompt=help_.prompt,
        delay=settings.delay,
    )
    quiet = settings.noise_reduction
    audio = wire.AudioInput(
        format=FORMATS[_native(hearing)],
        transcription=transcription,
        noise_reduction=wire.NoiseReduction(quiet) if quiet else None,
        turn_detection=None,
    )
    return wire.encode(wire.SessionUpdate(wire.Session("transcription", wire.SessionAudio(audio))))


async def greet(socket: Socket, peer: Peer, settings: RealtimeSettings) -> None:
    """Ask for what a call would ask for, and wait until it is granted. Raises a
    `ProviderError`."""
    await socket.send(opening(settings, Hearing()))
    while True:
        match peer.message(await socket.receive(), wire.decode_server):
            case wire.SessionUpdated():
                return
            case wire.Error(error=problem):
                raise trouble(problem, provider=peer.provider)
            case _:
                pass


class RealtimeRecognition:
    """See `antiphon.ports.stt.Recognition`."""

    def __init__(
        self,
        peer: Peer,
        settings: RealtimeSettings,
        hearing: Hearing,
        tell: Callable[[Heard], None],
    ) -> None:
        self._peer = peer
        self._url = realtime_url(settings)
        self._opening = opening(settings, hearing)
        native = _native(hearing)
        self._rate_hz = wire.PCM_RATE_HZ if native == "pcm16" else TELEPHONE_HZ
        self._resampler = Resampler(hearing.rate_hz, self._rate_hz)
        chunk_s = REALTIME_CHUNKS.seconds(settings.chunk_ms, hearing)
        self._feed = AudioFeed(self._rate_hz, chunk_s, peer.provider, native)
        self._items = Items(self._rate_hz, tell)
        self._owed = Owed(settings.finalise_within_s)
        self._within_s = settings.finalise_within_s

    def feed(self, pcm: bytes) -> None:
        self._feed.feed(self._resampler.feed(pcm))
        if self._buffered_s > MOST_S and self._items.spoken:
            self._commit()

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        self._items.voice(edge)
        if isinstance(edge, SpeechStopped) and self._buffered_s > LONG_S and self._items.spoken:
            self._commit()
        if (later_s := self._owed.voice(edge)) is not None:
            self.finalise(later_s)

    def finalise(self, until_s: float) -> None:
        if self._owed.put_off(until_s):
            return
        self._feed.feed(self._resampler.flush())
        self._feed.flush()
        until_s = min(until_s, self._feed.fed_s)
        if self._worth_reading:
            self._commit()
        if self._items.pending:
            self._owed.ask(until_s, self._feed.behind_s)
        else:
            self._items.segments.final(until_s)

    def forget(self, until_s: float) -> None:
        self._items.segments.forget(until_s, owed=self._owed.until_s is not None)

    async def run(self) -> None:
        async with self._peer.opened(self._url) as socket:
            await socket.send(self._opening)
            await together(self._send(socket), self._listen(socket))

    # --- what it is sent ---------------------------------------------------------------------

    @property
    def _fed(self) -> int:
        return round(self._feed.fed_s * self._rate_hz)

    @property
    def _buffered_s(self) -> float:
        return (self._fed - self._items.buffer_from) / self._rate_hz

    @property
    def _worth_reading(self) -> bool:
        """The buffer is; a moment is only where its text was begun."""
        items = self._items
        return items.spoken and (self._buffered_s >= wire.LEAST_COMMIT_S or items.undecided)

    def _commit(self) -> None:
        self._feed.flush()
        short_s = wire.LEAST_COMMIT_S - self._buffered_s
        if short_s > 0:
            self._feed.silence(short_s + MARGIN_S)
        self._feed.outgoing.add(COMMIT)
        self._items.commit(self._fed)

    async def _send(self, socket: Socket) -> None:
        while True:
            item = await self._feed.outgoing.take()
            assert item is not None
            if isinstance(item.frame, bytes):
                await socket.send(wire.encode(wire.AudioAppend(item.frame)))
                self._feed.sent(item)
            else:
                await socket.send(item.frame)

    # --- what it tells -----------------------------------------------------------------------

    async def _listen(self, socket: Socket) -> None:
        async def hear() -> None:
            self._hear(self._peer.message(await socket.receive(), wire.decode_server))

        await self._owed.watch(hear, self._late)

    def _late(self) -> None:
        within = f"{self._within_s:g} s"
        raise TimedOut(f"no final transcript within {within}", provider=self._peer.provider)

    def _hear(self, message: wire.ServerMessage) -> None:
        match message:
            case wire.AudioCommitted(item_id=item_id):
                if not self._items.acknowledged(item_id):
                    what = "committed what nobody asked it to"
                    raise Unavailable(what, provider=self._peer.provider)
            case wire.TranscriptionDelta(item_id=item_id, delta=delta):
                self._items.heard(item_id, delta)
                self._items.tell(self._fed)
            case wire.TranscriptionCompleted(item_id=item_id, transcript=text, languages=heard):
                self._read(item_id, text, heard[0].code if heard else "")
            case wire.TranscriptionFailed(item_id=item_id, error=problem):
                if problem.code != UNREADABLE:
                    raise trouble(problem, provider=self._peer.provider)
                self._read(item_id, "")
            case wire.Error(error=problem):
                if problem.code != TOO_SHORT:
                    raise trouble(problem, provider=self._peer.provider)
                self._items.refused()
                self._pay()
            case _:
                pass  # the rest tells nothing a call acts on

    def _read(self, item_id: str, text: str, language: str = "") -> None:
        self._items.read(item_id, text, language)
        self._items.tell(self._fed)
        self._pay()

    def _pay(self) -> None:
        if self._owed.until_s is not None and not self._items.pending:
            self._items.segments.final(self._owed.paid())


def _native(hearing: Hearing) -> Encoding:
    """What is sent: the telephone's own codes where they are a telephone's."""
    return hearing.encoding if hearing.rate_hz == TELEPHONE_HZ else "pcm16"
