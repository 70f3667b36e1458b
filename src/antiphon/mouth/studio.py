"""What the clauses of a call are made with.

Lives here: the voices as they are set for this call and what is known of them, their way through
the phrase cache. When a clause is made is decided in voicing.py, the making is take.py.
"""

from collections.abc import Collection, Sequence

from antiphon.mouth.clause import LETTERS_PER_S, Clause
from antiphon.mouth.phrases import Phrase, PhraseCache, PhraseKey
from antiphon.mouth.polish import Loudness
from antiphon.mouth.settings import MouthSettings
from antiphon.mouth.speakable import speakable
from antiphon.net.roster import Roster
from antiphon.ports.clock import Clock
from antiphon.ports.tts import Speaking, Synthesiser, Utterance

__all__ = ["Studio"]


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
    ) -> None:
        """``rate_hz`` is the transport's."""
        self.voices, self.settings, self.rate_hz = voices, settings, rate_hz
        self.clock, self.phrases = clock, phrases
        self._loudness = {voice.name: Loudness(settings.loudness_dbfs) for voice in voices.engines}
        self.letters_per_s = dict.fromkeys(self._loudness, LETTERS_PER_S)
        """How fast each voice speaks, as far as it was heard."""

    def clause(self, text: str) -> Clause:
        written = speakable(text, language=self.settings.language, lexicon=self.settings.lexicon)
        silent = not written.text
        return Clause(text, written, said=silent, complete=silent)

    def loudness(self, voice: Synthesiser) -> Loudness:
        """What was learned of a voice's level."""
        return self._loudness[voice.name]

    def patience_s(self, without: Collection[Synthesiser]) -> float:
        """How long a voice that owes audio may be silent: not so long where another is well that
        is none of these."""
        well = self.voices.well(self.clock.now())
        alone = all(voice in without for voice in well)
        return self.settings.stall_s if alone else self.settings.stand_in_s

    def utter(self, voice: Synthesiser) -> Utterance:
        settings = self.settings
        return voice.utter(
            Speaking(
                voice=self._voice_name(voice), speed=settings.speed, language=settings.language
            )
        )

    def key(self, clause: Clause, voice: Synthesiser) -> PhraseKey:
        return PhraseKey(
            text=clause.spoken.text,
            voice=self._voice_name(voice),
            speed=self.settings.speed,
            language=self.settings.language,
            fingerprint=voice.fingerprint,
            loudness_dbfs=self.settings.loudness_dbfs,
            rate_hz=self.rate_hz,
        )

    def cached(self, clause: Clause, voice: Synthesiser | None) -> Phrase | None:
        """The clause as this voice once said it; None: as whoever would say it now did, and in
        any voice where none is well."""
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
                self.loudness(voice).known(phrase.gain_db)
                return phrase
        return None

    def _voice_name(self, voice: Synthesiser) -> str:
        return self.settings.voice if voice is self.voices.preferred else ""
