"""What a call hears, thinks and speaks with. Data only: what is done with it is the runner's."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from antiphon.call.settings import HearingSettings
from antiphon.media.plane import Plane
from antiphon.mouth.ambient import Ambience
from antiphon.mouth.clips import Clips
from antiphon.mouth.phrases import PhraseCache
from antiphon.mouth.settings import MouthSettings
from antiphon.net.roster import Roster
from antiphon.ports.clock import Clock
from antiphon.ports.endpoint import EndpointModel
from antiphon.ports.llm import LanguageModel
from antiphon.ports.stt import Chunk, Hearing, Recogniser
from antiphon.ports.transport import TransportFacts
from antiphon.ports.tts import Synthesiser

__all__ = ["Equipment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """Shared by all calls of a process."""

    clock: Clock
    plane: Plane
    recognisers: Roster[Recogniser]
    voices: Roster[Synthesiser]
    model: LanguageModel | None = None
    thinkers: tuple[str, ...] = ()
    """Whom the model asks if all are well; empty: it is its own."""
    endpoint: EndpointModel | None = None
    mouth: MouthSettings
    phrases: PhraseCache | None = None
    clips: Clips | None = None
    """Recordings that replies play."""
    ambience: Ambience | None = None
    """What is heard behind the agent's voice and in its pauses."""
    language: str = "en"
    keyterms: tuple[str, ...] = ()
    chunk_ms: Chunk = "auto"
    """See `Hearing`."""
    heard: HearingSettings = field(default_factory=HearingSettings)
    chance: Callable[[], float] = random.random
    """Numbers from 0 to 1 that waits are drawn with; nothing a call decides hangs on them."""

    @property
    def preferred(self) -> dict[str, tuple[str, ...]]:
        """Who serves each port that somebody serves, if all are well."""
        named: dict[str, tuple[str, ...]] = {
            "stt": (self.recognisers.preferred.name,),
            "tts": (self.voices.preferred.name,),
        }
        return {**named, "llm": self.thinkers or (self.model.name,)} if self.model else named

    def hearing(self, facts: TransportFacts) -> Hearing:
        """How a caller on such a line wants to be listened to."""
        return Hearing(
            rate_hz=facts.rate_hz,
            encoding=facts.encoding,
            language=self.language,
            detect=self.heard.detect,
            formatting=self.heard.formatting,
            keep_fillers=self.heard.fillers == "keep",
            speakers=self.heard.speakers,
            keyterms=self.keyterms,
            chunk_ms=self.chunk_ms,
        )
