"""What the clauses of a call are made with.

Lives here: the voices as they are set for this call and what is known of them, how a clause is to
sound in each of them, the way through the phrase cache. When a clause is made is decided in
voicing.py, the making is take.py.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from antiphon.mouth.clause import LETTERS_PER_S, Clause
from antiphon.mouth.clips import Clips
from antiphon.mouth.manuscript import Line, Part
from antiphon.mouth.markup import Break
from antiphon.mouth.phrases import Phrase, PhraseCache, PhraseKey
from antiphon.mouth.polish import Loudness
from antiphon.mouth.settings import Manner, MouthSettings
from antiphon.mouth.speakable import Speakable, speakable, stressed
from antiphon.mouth.tags import FASTEST, LOUDEST_DB, SLOWEST, SOFTEST_DB, within
from antiphon.net.roster import Roster
from antiphon.ports.clock import Clock
from antiphon.ports.tts import Speaking, Synthesiser

__all__ = ["Studio"]

_USUAL: Final = Manner()


class Studio:
    """What all replies of one call are made with."""

    def __init__(
        self,
        *,
        voices: Roster[Synthesiser],
        settings: MouthSettings,
        rate_hz: int,
        clock: Clock,
        phrases: PhraseCache | None,
        clips: Clips | None = None,
    ) -> None:
        """``rate_hz`` is the transport's."""
        self.voices, self.settings, self.rate_hz = voices, settings, rate_hz
        self.clock, self.phrases, self._clips = clock, phrases, clips
        self._loudness: dict[tuple[str, str, str], Loudness] = {}
        self._paces: dict[tuple[str, Speaking], float] = {}

    # --- what is said ------------------------------------------------------------------------

    def clause(self, part: Part, manner: str = "") -> Clause:
        """A part of a reply whose own manner is this one."""
        if isinstance(part, Break):
            silence = bytes(2 * round(part.seconds * self.rate_hz))
            return Clause("", Speakable("", ()), ready=Phrase(pcm=silence), breaks=True)
        clause = self._line(part if isinstance(part, Line) else Line(part.text), part, manner)
        if not isinstance(part, Line) and (pcm := self._clip(part.name)) is not None:
            clause.ready, clause.said, clause.complete = Phrase(pcm=pcm), False, False
        return clause

    def _line(self, line: Line, part: Part, manner: str) -> Clause:
        assert not isinstance(part, Break)
        settings, delivery = self.settings, part.delivery
        if not delivery.manner:
            delivery = replace(delivery, manner=manner)
        written = speakable(
            line.text,
            language=settings.language,
            lexicon=settings.lexicon,
            readings=line.readings,
        )
        silent = not written.text
        louder_db = delivery.volume_db + self._manner(delivery.manner).volume_db
        return Clause(
            line.text,
            written,
            delivery=delivery,
            stress=stressed(written, line.stressed) if line.stressed else (),
            volume_db=within(SOFTEST_DB, louder_db, LOUDEST_DB),
            said=silent,
            complete=silent,
        )

    def _clip(self, name: str) -> bytes | None:
        return self._clips.at(name, self.rate_hz) if self._clips else None

    # --- how it sounds -----------------------------------------------------------------------

    def speaking(self, clause: Clause, voice: Synthesiser) -> Speaking:
        """How a voice is to say a clause."""
        settings, delivery = self.settings, clause.delivery
        manner = self._manner(delivery.manner)
        speed = settings.speed if manner.speed is None else manner.speed
        return Speaking(
            voice=self._voice_name(manner, voice),
            speed=within(SLOWEST, round(speed * delivery.rate, 3), FASTEST),
            language=settings.language,
            style=settings.style if manner.style is None else manner.style,
            pitch_semitones=round(manner.pitch_semitones + delivery.pitch_semitones, 2),
        )

    def _manner(self, name: str) -> Manner:
        return self.settings.manners.get(name, _USUAL)

    def _voice_name(self, manner: Manner, voice: Synthesiser) -> str:
        preferred = voice is self.voices.preferred
        usual = self.settings.voice if preferred else ""
        if isinstance(manner.voice, str):
            return (manner.voice if preferred else "") or usual
        return manner.voice.get(voice.name, usual)

    def loudness(self, clause: Clause, voice: Synthesiser) -> Loudness:
        """What was learned of a voice's level."""
        speaking = self.speaking(clause, voice)
        key = (voice.name, speaking.voice, speaking.style)
        if key not in self._loudness:
            self._loudness[key] = Loudness(self.settings.loudness_dbfs)
        return self._loudness[key]

    def letters_per_s(self, clause: Clause, voice: Synthesiser) -> float:
        """How fast a voice says clauses like this, as far as it was heard."""
        speaking = self.speaking(clause, voice)
        return self._paces.get((voice.name, speaking), LETTERS_PER_S * speaking.speed)

    def learn_pace(self, clause: Clause, voice: Synthesiser, letters_per_s: float) -> None:
        """It said this one so fast."""
        self._paces[voice.name, self.speaking(clause, voice)] = letters_per_s

    def patience_s(self, without: Collection[Synthesiser]) -> float:
        """How long a voice that owes audio may be silent: not so long where another is well that
        is none of these."""
        well = self.voices.well(self.clock.now())
        alone = all(voice in without for voice in well)
        return self.settings.stall_s if alone else self.settings.stand_in_s

    # --- what was said before ----------------------------------------------------------------

    def key(self, clause: Clause, voice: Synthesiser) -> PhraseKey:
        speaking = self.speaking(clause, voice)
        return PhraseKey(
            text=clause.spoken.text,
            voice=speaking.voice,
            speed=speaking.speed,
            language=speaking.language,
            style=speaking.style,
            pitch_semitones=speaking.pitch_semitones,
            stress=clause.stress,
            fingerprint=voice.fingerprint,
            loudness_dbfs=self.settings.loudness_dbfs,
            rate_hz=self.rate_hz,
        )

    def cached(self, clause: Clause, voice: Synthesiser | None) -> Phrase | None:
        """The clause as this voice once said it; None: as whoever would say it now did, and in
        any voice where none is well. What nobody has to say is always there."""
        if clause.ready:
            return clause.ready
        well = [voice] if voice else self.voices.well(self.clock.now())[:1]
        return self._found(clause, well or self.voices.engines)

    def cached_at_all(self, clause: Clause) -> Phrase | None:
        """The clause in any voice."""
        return self._found(clause, self.voices.engines)

    def _found(self, clause: Clause, voices: Sequence[Synthesiser]) -> Phrase | None:
        if self.phrases is None:
            return None
        for voice in voices:
            if phrase := self.phrases.get(self.key(clause, voice)):
                self.loudness(clause, voice).known(phrase.gain_db)
                return phrase
        return None
