"""One call's ear towards a recogniser, kept open whatever happens to the recogniser.

A recognition that dies is opened again, or another recogniser's in its place, and hears once more
what no final reading covers yet, so that no word is lost; what it says then replaces what the dead
one had guessed, so that none is told twice (how it comes onto the call's own line: `listening`).
Where a recogniser stands in for a better one, it goes as soon as that one is well again and nobody
speaks.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from antiphon.audio.resample import Resampler
from antiphon.call.kept import KeptAudio
from antiphon.call.listening import Listening
from antiphon.call.openspeech import OpenSpeech
from antiphon.call.tries import WAITS_S, Tries
from antiphon.errors import ProviderError, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped, TranscriptChanged
from antiphon.net.roster import Roster
from antiphon.net.socket import together
from antiphon.ports.attendance import Attendance
from antiphon.ports.clock import Clock
from antiphon.ports.stt import Heard, Hearing, Recogniser, Recognition

__all__ = ["WIDE_HZ", "OpenEar"]

WIDE_HZ: Final = 16_000
"""What the call's ear makes of every line, and most recognisers want."""
LOOK_S: Final = 1.0
"""How often it is looked whether a better recogniser is well again."""
KEPT_S: Final = 20.0
"""Enough to hear the current utterance again; the oldest goes first."""
QUIET_KEPT_S: Final = 2.0
"""The same while nobody speaks and somebody listens: the beginning of speech is noticed late."""
ENOUGH_S: Final = 1.0
"""One that worked so long makes up for any number of failures before it."""
GOOD_S: Final = 10.0
"""And after so much audio heard without trouble it is well."""
SURE_S: Final = 4.0
"""One that says nothing is known to listen after this: none takes so long to connect. One that
fails before, without a word, has not worked at all: another is asked. One that did work may have
lost no more than its connection."""
DEAF_S: Final = 1.0
"""Nobody is told of less: what was said meanwhile is heard yet."""


class OpenEar:
    """Feeds a recognition and tells what it hears in the call's own time. `run` it in the call's
    task group; what comes before that is kept for it."""

    def __init__(
        self,
        recognisers: Roster[Recogniser],
        *,
        line: Hearing,
        tell: Callable[[Heard], None],
        attendance: Attendance,
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        """``line`` is what the caller's audio is; ``chance`` gives numbers from 0 to 1, which
        waits are drawn with."""
        self._recognisers = recognisers
        self._line = line
        self._tell = tell
        self._attendance = attendance
        self._clock, self._chance = clock, chance
        self._kept = {WIDE_HZ: KeptAudio(WIDE_HZ)}
        if any(_takes_the_line(each, line) for each in recognisers.engines):
            self._kept[line.rate_hz] = KeptAudio(line.rate_hz)
        self._open_speech = OpenSpeech()
        self._now: Listening | None = None

    @property
    def rates_hz(self) -> frozenset[int]:
        """At which audio is to be fed: all of them, the same stretch of the call each time."""
        return frozenset(self._kept)

    def feed(self, pcm: bytes, rate_hz: int = WIDE_HZ) -> None:
        """Caller audio at one of the rates, in order."""
        quiet = self._works and not self._open_speech
        self._kept[rate_hz].feed(pcm, QUIET_KEPT_S if quiet else KEPT_S)
        if self._now and self._now.source is self._kept[rate_hz]:
            self._now.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        """An edge of voice activity, in the call's audio time."""
        self._open_speech.edge(edge)
        if self._now:
            self._now.voice(edge)

    def finalise(self, until_s: float) -> None:
        """Ask for a final reading of everything so far."""
        self._open_speech.owed_s = until_s
        if self._now:
            self._now.finalise(until_s)

    def settle(self, until_s: float) -> None:
        """Words up to here are dealt with."""
        self._open_speech.settle(until_s)
        if self._now:
            self._now.forget(until_s)

    async def run(self) -> None:
        """Keep a recognition running until cancelled."""
        tries = Tries(self._recognisers, self._chance)
        deaf_since_s: float | None = None
        while True:
            recogniser, began_s = tries.pick(self._clock.now()), self._fed_s
            lost = await self._shift(recogniser)
            if lost is None:
                tries.forget()
                deaf_since_s = None
                continue
            worked, self._now = self._works, None
            now_s = self._clock.now()
            self._recognisers.failed(recogniser, lost, now_s)
            self._attendance.lost(lost)
            if not worked:
                wait_s = tries.useless(recogniser, now_s)
            elif self._fed_s - began_s > ENOUGH_S:
                wait_s = tries.broke_after_long(now_s)
            else:
                wait_s = tries.broke(now_s)
            if worked or deaf_since_s is None:
                deaf_since_s = now_s
            if wait_s:
                await self._wait(now_s, wait_s, deaf_since_s, lost)

    async def _wait(
        self, now_s: float, wait_s: float, deaf_since_s: float, lost: ProviderError
    ) -> None:
        """Nobody listens for so long, which is told where it is long already or will be."""
        told_s = deaf_since_s + DEAF_S
        if told_s <= now_s or wait_s > WAITS_S[-1][1]:
            await self._clock.sleep_until(max(told_s, now_s))
            self._attendance.nobody(lost)
        await self._clock.sleep_until(now_s + wait_s)

    async def _shift(self, recogniser: Recogniser) -> ProviderError | None:
        """Let one listen until it fails, or somebody better is well."""
        lost: ProviderError | None = None
        began_s, opened_s = self._fed_s, self._clock.now()
        try:
            await together(self._listen(recogniser), self._until_better(recogniser))
        except ProviderError as error:
            lost = error
        finally:
            if lost is None:
                self._recognisers.dropped(recogniser, opened_s)
            if lost is None or self._works:
                self._attendance.used(
                    recogniser.name,
                    seconds=self._fed_s - (self._now.origin_s if self._now else began_s),
                    open_s=self._clock.now() - opened_s,
                )
        return lost

    async def _listen(self, recogniser: Recogniser) -> None:
        await self._open(recogniser).run()
        raise Unavailable("stopped listening", provider=recogniser.name)

    async def _until_better(self, recogniser: Recogniser) -> None:
        """Ends when somebody better may be asked, and nobody speaks."""
        began_s, serves, good = self._fed_s, False, False
        while True:
            now = self._clock.now()
            await self._clock.sleep_until(now + LOOK_S)
            if not serves and self._works and not self._open_speech:
                serves = True
                self._attendance.serves(recogniser.name)
            if not good and self._fed_s - began_s > GOOD_S:
                good = True
                self._recognisers.succeeded(recogniser)
            if not self._open_speech and self._recognisers.better(recogniser, now + LOOK_S):
                return

    @property
    def _works(self) -> bool:
        """It is known that somebody listens, or did until now."""
        now = self._now
        return now is not None and (now.told or self._clock.now() - now.opened_s >= SURE_S)

    # --- opening again -----------------------------------------------------------------------

    @property
    def _fed_s(self) -> float:
        return self._kept[WIDE_HZ].fed_s

    def _open(self, recogniser: Recogniser) -> Recognition:
        """A recognition that hears again what no final reading covers."""
        source_hz, hearing = self._fitting(recogniser)
        source = self._kept[source_hz]
        origin_s, segment, changed = self._open_speech.resume(self._first_s(source))
        for told in changed:
            self._tell(told)
        now = self._now = Listening(
            source=source, origin_s=origin_s, first_segment=segment, opened_s=self._clock.now()
        )
        if hearing.rate_hz != source_hz:
            now.resampler = Resampler(source_hz, hearing.rate_hz)
        now.recognition = recogniser.listen(hearing, lambda heard: self._heard(heard, now))
        now.catch_up(self._open_speech)
        return now.recognition

    def _first_s(self, audio: KeptAudio) -> float:
        """From where on audio is worth hearing again: a little before anything that is not dealt
        with. To read through silence takes a vendor time, and the caller waits."""
        begins_s = self._open_speech.begins_s
        from_s = audio.fed_s if begins_s is None else begins_s
        return max(audio.first_s, from_s - QUIET_KEPT_S)

    def _fitting(self, recogniser: Recogniser) -> tuple[int, Hearing]:
        """Which of the kept audio it is fed, and as what: the line's own where it can be."""
        line, rates = self._line, recogniser.rates_hz
        if _takes_the_line(recogniser, line):
            return line.rate_hz, line
        rate_hz = WIDE_HZ if WIDE_HZ in rates else rates[0]
        return WIDE_HZ, replace(line, rate_hz=rate_hz, encoding="pcm16")

    def _heard(self, heard: Heard, by: Listening) -> None:
        if by is not self._now:
            return  # a dead recognition: another hears the same again
        by.told = True
        told = by.placed(heard)
        if isinstance(told, TranscriptChanged):
            self._open_speech.read(told)
        self._tell(told)


def _takes_the_line(recogniser: Recogniser, line: Hearing) -> bool:
    return not recogniser.rates_hz or line.rate_hz in recogniser.rates_hz
