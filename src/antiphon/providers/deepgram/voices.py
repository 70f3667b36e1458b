"""The voices that Deepgram's client names. There may be more, which can be used all the same."""

from collections.abc import Mapping
from typing import Final

from antiphon.net.cloning import KnownVoice, NamedVoices

__all__ = ["AURA", "FLUX", "SOURCE"]

SOURCE: Final = (
    "as the vendor's client 7.17.0 names them (2026-11); newer ones work by their id, and"
    " GET /v1/models of the vendor lists them all"
)
# By language; an id is the family, the name and the language.
AURA_NAMES: Final = {
    "en": (
        "amalthea andromeda apollo arcas aries asteria athena atlas aurora callista cora "
        "cordelia delia draco electra harmonia helena hera hermes hyperion iris janus "
        "juno jupiter luna mars minerva neptune odysseus ophelia orion orpheus pandora "
        "phoebe pluto saturn selene thalia theia vesta zeus"
    ),
    "es": (
        "agustina alvaro antonia aquila carina celeste diana estrella gloria javier "
        "luciano nestor olivia selena silvia sirio valerio"
    ),
    "de": "aurelia elara fabian julius kara lara viktoria",
    "nl": "beatrix cornelia daphne hestia lars leda rhea roman sander",
    "fr": "agathe hector",
    "it": "cesare cinzia demetra dionisio elio flavio livia maia melia",
    "ja": "ama ebisu fujin izanami uzume",
}
FLUX_NAMES: Final = {
    "en": (
        "alexis bree brittany brooke bruce cliff cole colin conor donovan drew elise "
        "gemma haley hannah heather jack kai kelsey kit maeve marcelo marcus meena meghan "
        "miles naveen paige priya rufus sean sharon sienna tanner wade wes"
    ),
}


def _voices(engine: str, family: str, names: Mapping[str, str]) -> NamedVoices:
    return NamedVoices(
        name=engine,
        known=tuple(
            KnownVoice(id=f"{family}-{name}-{language}", name=name.title(), language=language)
            for language, some in names.items()
            for name in some.split()
        ),
    )


AURA: Final = _voices("deepgram/aura-2", "aura-2", AURA_NAMES)
FLUX: Final = _voices("deepgram/flux-tts", "flux", FLUX_NAMES)
