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
from typing import Final
from urllib.parse import quote

from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.net.child_job import sendable
from antiphon.net.clauses import pieces, speakable
from antiphon.ports.tts import Speaking, Spoken
from antiphon.providers.elevenlabs.account import peer
from antiphon.providers.elevenlabs.contexts import Connections, Context
from antiphon.providers.elevenlabs.following import Following, Part
from antiphon.providers.elevenlabs.passage import Passage
from antiphon.providers.elevenlabs.settings import SpeechSettings
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


class SpeechUtterance:
    """One reply; see `antiphon.ports.tts.Utterance`."""

    def __init__(
        self, connections: Connections, url: str, settings: SpeechSettings, speed: float
    ) -> None:
        self._connections, self._url, self._settings = connections, url, settings
        self._voice_settings = settings.voice_settings(speed)
        self._following = Following(settings.sound)
        self._said: deque[Part] = deque()
        """Not sent yet."""
        self._clauses = 0
        self._ended = False
        self._woken = asyncio.Event()
        self._context: Context | None = None

    def say(self, clause: str, stress: tuple[int, ...] = ()) -> None:
        texts = pieces(sendable(clause), PIECE_LETTERS)
        for number, text in enumerate(texts, 1):
            self._said.append(Part(self._clauses, number == len(texts), Passage(text)))
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
                while self._following.ready:
                    yield self._following.ready.popleft()
                if self._following.owed:
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
        while self._said and len(self._following.owed) < AHEAD:
            part = self._said[0]
            if not speakable(part.passage.text):
                if self._following.owed:
                    return
                self._following.ready.append(Spoken(pcm=b"", clause=part.clause, last=part.last))
            elif self._following.owed and self._context is not None and self._context.closing:
                return  # until all of it is spoken
            else:
                context = await self._opened()
                text = wire.Asked(text=f"{part.passage.text} ", context_id=context.name, flush=True)
                await context.send(text)
                self._following.owed.append(part)
            self._said.popleft()
        if self._ended and not self._said and self._following.owed and self._context is not None:
            await self._context.close()

    async def _opened(self) -> Context:
        """The context to speak in: the old one as long as it goes on."""
        if self._context is not None and not self._context.closing:
            return self._context
        if self._context is not None:
            await self._context.leave()
        self._context = context = await self._connections.context(self._url)
        self._following.restart()
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
        part, closing = self._following.owed[0], self._context.closing
        self._following.ending = closing
        wait_s = self._patience_s(part)
        try:
            async with asyncio.timeout(wait_s):
                told = await self._context.receive()
        except TimeoutError:
            if self._following.over:
                self._following.complete()
            elif part.made and not closing:
                await self._context.close()
            else:
                provider = self._connections.peer.provider
                raise TimedOut(f"no audio within {wait_s:g} s", provider=provider) from None
            return
        alignment = told.alignment or told.normalized
        chars = alignment.times_s if alignment is not None else []
        self._following.hear(told.audio or b"", chars)
        if told.final:
            self._over(asked=closing)

    def _patience_s(self, part: Part) -> float:
        assert self._context is not None
        settings = self._settings
        if self._following.over:
            return settings.doubt_s if self._following.last_of_all else settings.settle_s
        closing = self._context.closing
        return settings.doubt_s if part.made and not closing else settings.audio_within_s

    def _over(self, *, asked: bool) -> None:
        """The context has ended, and with it all that was said in it."""
        self._context, following = None, self._following
        provider = self._connections.peer.provider
        if following.owed and following.silent:
            raise Unavailable("ended without speaking", provider=provider)
        if following.owed and following.owed[0].made:
            if not asked and not following.owed[0].passage.complete:
                raise Unavailable("ended in the middle of speaking", provider=provider)
            following.complete()
            while asked and following.owed:
                following.complete()
        # An end from before this was sent: the context was not there any more to get it.
        while following.owed:
            part = following.owed.pop()
            self._said.appendleft(Part(part.clause, part.last, Passage(part.passage.text)))
