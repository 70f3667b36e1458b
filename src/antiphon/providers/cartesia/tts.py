"""Cartesia Sonic as a `Synthesiser`: contexts on one warm WebSocket for all calls of a process.

An utterance is a context, so its clauses keep one tone. A clause is its text and a flush; its
audio is what comes until `FlushDone`. The next clause is sent while the one before is being
spoken. Whoever closes the audio early makes us cancel the context.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from antiphon.audio import g711
from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.net.child_job import sendable
from antiphon.net.clauses import pieces, speakable, whole_samples
from antiphon.net.multiplex import Channel, Multiplex
from antiphon.net.refusal import refusal, washed
from antiphon.net.start import trial
from antiphon.ports.tts import Speaking, Spoken
from antiphon.providers.cartesia import account, wire
from antiphon.providers.cartesia.settings import EMOTIONS, SONIC, SonicSettings
from antiphon.providers.cartesia.words import WordTimes

__all__ = ["SonicSynthesiser", "SonicUtterance"]


AHEAD: Final = 2
"""Flushes that may be under way: the piece being spoken and the next."""
PIECE_LETTERS: Final = 1000
"""About a minute of speech."""
FRESH_S: Final = wire.EXPIRE_S / 2
"""A context that has been silent for so long is about to expire: the next clause gets another."""
DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "pcm_s16le": lambda data: data,
    "pcm_mulaw": g711.decode_mulaw,
    "pcm_alaw": g711.decode_alaw,
}


class SonicSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`."""

    name = "cartesia/sonic-3"

    def __init__(self, settings: SonicSettings) -> None:
        self.settings = settings
        self.rate_hz: int = settings.rate_hz
        self.fingerprint = " ".join(
            f"cartesia {settings.model} {settings.voice} {settings.encoding} {settings.rate_hz} "
            f"{settings.volume} {settings.emotion} {settings.pronunciation_dict_id}".split()
        )
        peer = account.peer(self.name, settings.account, speaks=True)
        self.shared = Multiplex(peer, settings.account.socket_url("/tts/websocket"), self._sort)

    async def start(self) -> None:
        """Connect, and stay connected. Raises `Rejected` for a key the vendor refuses; a vendor
        that is away for the moment does not keep the process from starting."""
        with trial():
            await self.shared.connect()

    def utter(self, speaking: Speaking) -> "SonicUtterance":
        return SonicUtterance(self, self._asking(speaking))

    async def aclose(self) -> None:
        await self.shared.aclose()

    def failure(self, error: wire.Error) -> ProviderError:
        """What an error of theirs means."""
        said = ": ".join(part for part in (error.error_code, error.title, error.message) if part)
        secret = self.settings.account.api_key.get_secret_value()
        said = washed(said, [secret]) or "an error without a word"
        return refusal(error.status_code or 500, {}, said, provider=self.name)

    def _sort(self, frame: str | bytes) -> tuple[str, wire.ServerMessage] | None:
        """Whose a frame is. Raises an error that names nobody: it is everybody's."""
        message = wire.decode_server(frame)
        if isinstance(message, wire.Error) and message.context_id is None:
            raise self.failure(message)
        context_id = getattr(message, "context_id", None)
        return (context_id, message) if context_id is not None else None

    def _asking(self, speaking: Speaking) -> Callable[..., str]:
        """Makes the requests of an utterance, which differ in text and flags only."""
        settings = self.settings
        slowest, fastest = SONIC.speed or (1.0, 1.0)
        speed = min(max(speaking.speed, slowest), fastest)
        sound = wire.GenerationConfig(
            speed=None if speed == 1.0 else round(speed, 2),
            volume=settings.volume,
            # Any other word would be refused.
            emotion=speaking.style if speaking.style in EMOTIONS else settings.emotion,
        )

        def ask(context_id: str, text: str, *, more: bool = True, flush: bool = False) -> str:
            return wire.encode(
                wire.Generate(
                    context_id=context_id,
                    model_id=settings.model,
                    transcript=text,
                    voice=wire.Voice(speaking.voice or settings.voice),
                    output_format=wire.OutputFormat(settings.encoding, settings.rate_hz),
                    language=speaking.language.partition("-")[0] or None,
                    add_timestamps=True,
                    max_buffer_delay_ms=0,  # what is sent is a whole clause
                    generation_config=None if sound == wire.GenerationConfig() else sound,
                    pronunciation_dict_id=settings.pronunciation_dict_id,
                    continue_=more,
                    flush=flush,
                )
            )

        return ask


@dataclass(slots=True)
class _Piece:
    """A piece of a clause, one flush."""

    text: str
    clause: int
    first: bool
    last: bool
    """Of its clause."""
    flush_id: int = 0
    times: WordTimes | None = None


class SonicUtterance:
    """One reply; see `antiphon.ports.tts.Utterance`."""

    def __init__(self, voice: SonicSynthesiser, ask: Callable[..., str]) -> None:
        self._voice, self._ask = voice, ask
        self._decode = DECODERS[voice.settings.encoding]
        self._said: deque[_Piece] = deque()
        """Not sent."""
        self._owed: deque[_Piece] = deque()
        """Sent, but not complete."""
        self._clauses = self._flushes = 0
        self._ended = False
        self._woken = asyncio.Event()
        self._context: Channel[wire.ServerMessage] | None = None
        self._closing = False
        """The context was told that no more will come."""
        self._quiet_since = 0.0
        self._stream = self._clause = 0
        """Samples of the context, and of the clause being spoken."""
        self._half = b""

    def say(self, clause: str, stress: tuple[int, ...] = ()) -> None:
        texts = pieces(sendable(clause), PIECE_LETTERS)
        for number, text in enumerate(texts):
            last = number == len(texts) - 1
            self._said.append(_Piece(text, self._clauses, first=not number, last=last))
        self._clauses += 1
        self._woken.set()

    def end(self) -> None:
        self._ended = True
        self._woken.set()

    async def audio(self) -> AsyncIterator[Spoken]:
        try:
            while True:
                for silent in await self._send():
                    yield Spoken(pcm=b"", clause=silent.clause, last=silent.last)
                if self._owed:
                    for spoken in await self._receive():
                        yield spoken
                elif self._ended and not self._said:
                    return
                elif not self._said:
                    self._woken.clear()
                    await self._woken.wait()
        finally:
            await self._leave()

    # --- sending -----------------------------------------------------------------------------

    async def _send(self) -> list[_Piece]:
        """Send what may be sent now; returns the pieces with nothing to say, if it is their
        turn."""
        silent: list[_Piece] = []
        while self._said and len(self._owed) < AHEAD:
            piece = self._said[0]
            if not speakable(piece.text):
                if self._owed:
                    break
                silent.append(piece)
            else:
                context = await self._usable()
                # The next piece is joined to this one as it is.
                await context.send(self._ask(context.name, f"{piece.text.strip()} "))
                await context.send(self._ask(context.name, "", flush=True))
                self._flushes += 1
                piece.flush_id = self._flushes
                self._owed.append(piece)
            self._said.popleft()
        closes = self._ended and not self._said and not self._closing
        if closes and self._owed and self._context is not None:
            self._closing = True
            await self._context.send(self._ask(self._context.name, "", more=False))
        return silent

    async def _usable(self) -> Channel[wire.ServerMessage]:
        """The context to send in: another where this one has been silent."""
        now = asyncio.get_running_loop().time()
        if self._context is not None and not self._owed and now - self._quiet_since > FRESH_S:
            await self._context.aclose()
            self._context = None
        if self._context is None:
            self._context = await self._voice.shared.open(str(uuid.uuid4()))
            self._flushes = self._stream = 0
        return self._context

    # --- receiving ---------------------------------------------------------------------------

    async def _receive(self) -> list[Spoken]:
        """What the next message means; perhaps nothing."""
        assert self._context is not None
        within_s = self._voice.settings.audio_within_s
        try:
            async with asyncio.timeout(within_s):
                message = await self._context.receive()
        except TimeoutError:
            self._context.distrust()
            raise TimedOut(f"no audio within {within_s:g} s", provider=self._voice.name) from None
        match message:
            case wire.Chunk(data=data, flush_id=flush_id):
                return [*self._complete_before(flush_id), *self._sound(data)]
            case wire.Timestamps(word_timestamps=times, flush_id=flush_id) if times is not None:
                told = self._complete_before(flush_id)
                if self._owed:
                    for word in zip(times.words, times.start, times.end, strict=True):
                        self._times(self._owed[0]).word(*word)
                return told
            case wire.FlushDone(flush_id=flush_id):
                return self._complete_before(flush_id + 1)
            case wire.Done():
                if not self._closing:
                    raise Unavailable("ended the speech too early", provider=self._voice.name)
                return self._complete_before(self._flushes + 1)
            case wire.Error():
                raise self._voice.failure(message)
            case _:
                return []

    def _times(self, piece: _Piece) -> WordTimes:
        if piece.times is None:
            self._clause = 0 if piece.first else self._clause
            piece.times = WordTimes(self._voice.rate_hz, self._stream, self._clause)
        return piece.times

    def _sound(self, data: bytes) -> list[Spoken]:
        pcm, self._half = whole_samples(self._half + self._decode(data))
        if not pcm or not self._owed:
            return []
        piece = self._owed[0]
        words = self._times(piece).sound(len(pcm) // 2)
        self._stream += len(pcm) // 2
        self._clause += len(pcm) // 2
        return [Spoken(pcm=pcm, clause=piece.clause, words=words)]

    def _complete_before(self, flush_id: int | None) -> list[Spoken]:
        """Everything of earlier flushes has come."""
        told: list[Spoken] = []
        while self._owed and flush_id is not None and self._owed[0].flush_id < flush_id:
            piece = self._owed.popleft()
            words = self._times(piece).rest()
            told.append(Spoken(pcm=b"", clause=piece.clause, words=words, last=piece.last))
            self._half = b""
            self._quiet_since = asyncio.get_running_loop().time()
        return told

    async def _leave(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            # One that owes nothing expires by itself.
            await context.aclose(wire.encode(wire.Cancel(context.name)) if self._owed else "")
