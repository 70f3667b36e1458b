"""A TTS class of a LiveKit plugin as a `Synthesiser`: a synthesis for each clause.

The next clause is begun while the one before is spoken, so that they follow each other without a
gap; whoever closes the audio early cancels both.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Final

from antiphon.errors import TimedOut
from antiphon.net.child import Child
from antiphon.net.child_job import Answer, Job, Urgency, sendable
from antiphon.net.clauses import pieces, speakable
from antiphon.ports.tts import Speaking, Spoken, SpokenWord
from antiphon.providers.livekit.plugin import Wishes, fingerprint, plugin_child
from antiphon.providers.livekit.settings import VoiceSettings

__all__ = ["PluginSynthesiser", "PluginUtterance"]

PIECE_LETTERS: Final = 1000
"""More in one synthesis than many vendors take."""
USUAL: Final = "en"
"""What the plugins speak where nothing is said; some vendors take no language with some models,
so it is named only where it is another."""


class PluginSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`. The rate and the fingerprint are known after
    `start`."""

    def __init__(self, name: str, settings: VoiceSettings, environ: Mapping[str, str]) -> None:
        self.name = name
        self.rate_hz = 24_000
        self.fingerprint = ""
        self._settings = settings
        self._child = plugin_child(name, "tts", settings, environ)
        self._wishes = Wishes(name)

    @property
    def child(self) -> Child:
        """Where the plugin runs."""
        return self._child

    async def start(self) -> None:
        """Start the child and make the plugin's class; the vendor is met in the first reply.
        Raises `Missing` where the plugin is not installed or lacks its key."""
        facts = await self._child.start()
        self._wishes.learn(facts)
        self.rate_hz = int(facts["rate_hz"])
        arguments = self._settings.arguments
        self.fingerprint = fingerprint(self.name, str(facts["version"]), arguments)

    def utter(self, speaking: Speaking) -> "PluginUtterance":
        wishes = self._wishes.make(
            speed=None if speaking.speed == 1.0 else speaking.speed,
            language=None if speaking.language == USUAL else speaking.language,
        )
        return PluginUtterance(self._child, self.rate_hz, self._settings, wishes)

    async def aclose(self) -> None:
        await self._child.aclose()


class PluginUtterance:
    """One reply; see `antiphon.ports.tts.Utterance`."""

    def __init__(
        self,
        child: Child,
        rate_hz: int,
        settings: VoiceSettings,
        wishes: Mapping[str, object],
    ) -> None:
        self._child, self._rate_hz, self._wishes = child, rate_hz, wishes
        self._within_s, self._ahead = settings.audio_within_s, settings.ahead
        self._texts: deque[tuple[int, str, bool]] = deque()
        """Said, but not begun: of which clause, and whether it is the last of it."""
        self._begun: deque[tuple[int, Job | None, bool]] = deque()
        """No job where there is nothing to speak."""
        self._latest: float = 0
        """Where the last word told of this clause ends."""
        self._clauses = 0
        self._ended = False
        self._woken = asyncio.Event()

    def say(self, clause: str, stress: tuple[int, ...] = ()) -> None:
        found = pieces(sendable(clause), PIECE_LETTERS)
        for number, text in enumerate(found, 1):
            self._texts.append((self._clauses, text, number == len(found)))
        self._clauses += 1
        self._woken.set()

    def end(self) -> None:
        self._ended = True
        self._woken.set()

    async def audio(self) -> AsyncIterator[Spoken]:
        done = 0
        """Samples of the clause that earlier pieces made."""
        try:
            while True:
                self._begin()
                if self._begun:
                    clause, job, last = self._begun[0]
                    made = 0
                    while job is not None and (answer := await self._next(job)) is not None:
                        words = self._words(answer, done)
                        yield Spoken(pcm=answer.payload, clause=clause, words=tuple(words))
                        made += len(answer.payload) // 2
                        self._begin()
                    if last:
                        yield Spoken(pcm=b"", clause=clause, last=True)
                    done = 0 if last else done + made
                    self._latest = 0 if last else self._latest
                    self._begun.popleft()
                elif self._ended and not self._texts:
                    return
                elif not self._texts:
                    self._woken.clear()
                    await self._woken.wait()
        finally:
            for _, job, _ in self._begun:
                if job is not None:
                    job.cancel()

    def _begin(self) -> None:
        while self._texts and len(self._begun) < self._ahead:
            clause, text, last = self._texts.popleft()
            job = None
            if speakable(text):
                fields = {"do": "speak", "text": text, **self._wishes}
                job = self._child.ask(fields, urgency=Urgency.SOON)
            self._begun.append((clause, job, last))

    async def _next(self, job: Job) -> Answer | None:
        """The next audio; None where it is complete."""
        try:
            async with asyncio.timeout(self._within_s):
                return await anext(job, None)
        except TimeoutError:
            what = f"no audio within {self._within_s:g} s"
            raise TimedOut(what, provider=self._child.program.name) from None

    def _words(self, answer: Answer, begin: int) -> list[SpokenWord]:
        """The words that come with a piece of audio. Where times run backwards, the plugin has
        them from somewhere else than the clause's beginning: then no more of this clause are
        told, and whoever wants all of them does without."""
        found: list[SpokenWord] = []
        for text, start_s, end_s, _ in answer.fields["words"]:
            start, end = (begin + round(at_s * self._rate_hz) for at_s in (start_s, end_s))
            if not self._latest <= start <= end:
                self._latest = math.inf
                break
            self._latest = end
            found.append(SpokenWord(text=text, start=start, end=end))
        return found
