"""ElevenLabs as a `Synthesiser`: an utterance is a context on a shared WebSocket.

All clauses of an utterance are said in one context, each flushed at once, so that the voice goes
on as one speaker would. Where the audio of one ends and the next begins the vendor does not say;
it is read from the characters that come with the audio (`passage`). Only the end of a context is
told for certain, so one is closed when there is no more to say, and also when the characters do
not add up: then the next clause gets a new one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.net.child_job import sendable
from antiphon.net.clauses import pieces, speakable
from antiphon.ports.tts import Speaking, Spoken, SpokenWord
from antiphon.providers.elevenlabs.account import peer
from antiphon.providers.elevenlabs.contexts import Connections, Context
from antiphon.providers.elevenlabs.passage import Passage, Timed
from antiphon.providers.elevenlabs.settings import SoundFormat, SpeechSettings
from antiphon.providers.elevenlabs.wire import speech as wire

__all__ = ["SpeechSynthesiser", "SpeechUtterance"]

AHEAD: Final = 2
"""Flushes under way: the clause being spoken and the next."""
PIECE_LETTERS: Final = 1000
"""About a minute of speech."""


class SpeechSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`. Its connections are shared by the utterances of a
    process."""

    def __init__(self, name: str, settings: SpeechSettings) -> None:
        self.name = name
        self._settings = settings
        self._connections = Connections(peer(name, settings.account))
        self.rate_hz: int = settings.sound.rate_hz
        self.fingerprint: str = settings.fingerprint

    async def start(self) -> None:
        """Connect, and stay connected. Raises `Rejected` for a key or a voice the vendor refuses;
        a vendor that is away for the moment does not keep the process from starting."""
        await self._connections.warm(self._url(Speaking()))

    def utter(self, speaking: Speaking) -> "SpeechUtterance":
        return SpeechUtterance(
            self._connections, self._url(speaking), self._settings, speaking.speed
        )

    async def aclose(self) -> None:
        await self._connections.aclose()

    def _url(self, speaking: Speaking) -> str:
        settings = self._settings
        voice = quote(speaking.voice or settings.voice, safe="")
        return settings.account.socket_url(
            f"/v1/text-to-speech/{voice}/multi-stream-input",
            [
                ("model_id", settings.model_id),
                ("output_format", settings.output_format),
                ("language_code", settings.language_code(speaking.language)),
                ("sync_alignment", True),
                ("auto_mode", True),
                ("inactivity_timeout", settings.inactivity_s),
                ("apply_text_normalization", settings.apply_text_normalization),
                ("enable_logging", settings.enable_logging),
            ],
        )


@dataclass(slots=True)
class _Part:
    """A clause or a piece of a very long one."""

    text: str
    clause: int
    last: bool
    """It is the last of its clause."""
    passage: Passage
    heard: bool = False
    """Audio of it has come."""


class SpeechUtterance:
    """One reply; see `antiphon.ports.tts.Utterance`."""

    def __init__(
        self, connections: Connections, url: str, settings: SpeechSettings, speed: float
    ) -> None:
        self._connections, self._url, self._settings = connections, url, settings
        self._sound: SoundFormat = settings.sound
        self._voice_settings = settings.voice_settings(speed)
        self._said: deque[_Part] = deque()
        """Not sent yet."""
        self._owed: deque[_Part] = deque()
        """Sent, and not complete."""
        self._ready: deque[Spoken] = deque()
        self._clauses = 0
        self._ended = False
        self._woken = asyncio.Event()
        self._context: Context | None = None
        self._silent = True
        """Of the context: nothing was heard yet."""
        self._made = 0
        """Samples of the clause being spoken."""
        self._rest = b""
        """Half a sample."""

    def say(self, clause: str) -> None:
        texts = pieces(sendable(clause), PIECE_LETTERS)
        for number, text in enumerate(texts, 1):
            passage = Passage(text, self._sound.rate_hz)
            self._said.append(_Part(text, self._clauses, number == len(texts), passage))
        self._clauses += 1
        self._woken.set()

    def end(self) -> None:
        self._ended = True
        self._woken.set()

    async def audio(self) -> AsyncIterator[Spoken]:
        trusted = True
        try:
            while True:
                await self._send()
                while self._ready:
                    yield self._ready.popleft()
                if self._owed:
                    await self._receive()
                elif self._ended and not self._said:
                    break
                elif not self._said:
                    await self._more()
        except ProviderError:
            trusted = False
            raise
        finally:
            if self._context is not None:
                await self._context.leave(trusted=trusted)

    # --- sending -----------------------------------------------------------------------------

    async def _send(self) -> None:
        """What may be sent now."""
        while self._said and len(self._owed) < AHEAD:
            part = self._said[0]
            if not speakable(part.text):
                if self._owed:
                    return
                self._ready.append(Spoken(pcm=b"", clause=part.clause, last=part.last))
            elif self._owed and self._context is not None and self._context.closing:
                return  # until all of it is spoken
            else:
                context = await self._opened()
                text = wire.Asked(text=f"{part.text} ", context_id=context.name, flush=True)
                await context.send(text)
                self._owed.append(part)
            self._said.popleft()
        if self._ended and not self._said and self._owed and self._context is not None:
            await self._context.close()

    async def _opened(self) -> Context:
        """The context to speak in: the old one as long as it goes on."""
        if self._context is not None and not self._context.closing:
            return self._context
        if self._context is not None:
            await self._context.leave()
        self._context = context = await self._connections.context(self._url)
        self._silent, self._rest = True, b""
        await context.send(
            wire.Asked(text=" ", context_id=context.name, voice_settings=self._voice_settings)
        )
        return context

    async def _more(self) -> None:
        """Wait for more to say; the context is kept alive meanwhile."""
        self._woken.clear()
        try:
            async with asyncio.timeout(self._settings.keep_alive_s):
                await self._woken.wait()
        except TimeoutError:
            if self._context is not None and not self._context.closing:
                await self._context.send(wire.Asked(text="", context_id=self._context.name))

    # --- receiving ---------------------------------------------------------------------------

    async def _receive(self) -> None:
        """The next message, or what it means that none comes."""
        assert self._context is not None
        part, closing = self._owed[0], self._context.closing
        wait_s = self._patience_s(part)
        try:
            async with asyncio.timeout(wait_s):
                told = await self._context.receive()
        except TimeoutError:
            if part.passage.complete:
                self._complete(part)
            elif part.heard and not closing:
                await self._context.close()
            else:
                provider = self._connections.peer.provider
                raise TimedOut(f"no audio within {wait_s:g} s", provider=provider) from None
            return
        if told.audio:
            self._hear(told.audio, told)
        if told.final:
            self._over(asked=closing)

    def _patience_s(self, part: _Part) -> float:
        assert self._context is not None
        settings = self._settings
        if part.passage.complete:
            return settings.doubt_s if self._last_of_all else settings.settle_s
        closing = self._context.closing
        return settings.doubt_s if part.heard and not closing else settings.audio_within_s

    @property
    def _last_of_all(self) -> bool:
        """Nothing else is owed, and the end of the context will be told."""
        assert self._context is not None
        return self._context.closing and len(self._owed) == 1

    def _hear(self, audio: bytes, told: wire.Told) -> None:
        self._silent = False
        whole = len(self._rest + audio) // self._sound.width * self._sound.width
        data, self._rest = (self._rest + audio)[:whole], (self._rest + audio)[whole:]
        pcm = self._sound.decode(data)
        alignment = told.alignment or told.normalized
        chars = alignment.times_s if alignment is not None else []
        while True:
            pcm, chars = self._spoken(pcm, chars)
            if not chars:
                break
        self._put(pcm, ())

    def _spoken(self, pcm: bytes, chars: list[Timed]) -> tuple[bytes, list[Timed]]:
        """Give the part owed first what is its own; returns what is left."""
        if not self._owed:
            return pcm, []
        part = self._owed[0]
        words, ours = part.passage.hear(chars, self._made, len(pcm) // 2)
        following = self._owed[1].passage if len(self._owed) > 1 else None
        if following is None or not following.begins(chars[ours:]):
            self._put(pcm, words)
            at_end = part.passage.complete and bool(chars) and chars[-1][0].isspace()
            if at_end and not self._last_of_all:
                self._complete(part)
            return b"", []
        cut_s = chars[ours][1]
        cut = min(max(round(cut_s * self._sound.rate_hz), 0), len(pcm) // 2) * 2
        self._put(pcm[:cut], words)
        self._complete(part)
        return pcm[cut:], [(char, start - cut_s, end - cut_s) for char, start, end in chars[ours:]]

    def _put(self, pcm: bytes, words: tuple[SpokenWord, ...]) -> None:
        if not self._owed:
            return
        part = self._owed[0]
        part.heard = part.heard or bool(pcm)
        self._made += len(pcm) // 2
        if pcm or words:
            self._ready.append(Spoken(pcm=pcm, clause=part.clause, words=words))

    def _complete(self, part: _Part) -> None:
        self._owed.popleft()
        if part.last:
            self._made = 0
        self._ready.append(Spoken(pcm=b"", clause=part.clause, last=part.last))

    def _over(self, *, asked: bool) -> None:
        """The context has ended, and with it all that was said in it. One that ended unasked
        may never have got what was sent last."""
        self._context = None
        if self._silent and self._owed:
            raise Unavailable("ended without speaking", provider=self._connections.peer.provider)
        while self._owed and (asked or self._owed[0].heard):
            self._complete(self._owed[0])
        while self._owed:
            self._said.appendleft(self._owed.pop())
