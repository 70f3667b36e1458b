"""From the names in an agent file to the engines that answer to them.

One line per provider. A provider that is not installed or whose model is missing says so when
it is started, with the command that mends it.
"""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from antiphon.errors import ConfigError
from antiphon.ports.endpoint import EndpointModel
from antiphon.ports.llm import LanguageModel
from antiphon.ports.stt import Recogniser
from antiphon.ports.tts import Synthesiser
from antiphon.providers.faster_whisper.settings import FasterWhisperSettings
from antiphon.providers.faster_whisper.stt import FasterWhisperRecogniser
from antiphon.providers.moonshine.settings import MoonshineSettings
from antiphon.providers.moonshine.stt import MoonshineRecogniser
from antiphon.providers.piper.settings import PiperSettings
from antiphon.providers.piper.tts import PiperSynthesiser
from antiphon.providers.smart_turn.endpoint import SmartTurn
from antiphon.providers.smart_turn.settings import SmartTurnSettings
from antiphon.providers.smollm2.llm import SmolLM2
from antiphon.providers.smollm2.settings import SmolLM2Settings

__all__ = ["ENDPOINTS", "LLM", "STT", "TTS", "make"]

Models: TypeAlias = Callable[[str], Path]
"""Where a local model lies; raises `Missing` with the command that fetches it."""

STT: Final[Mapping[str, Callable[[Models], Recogniser]]] = {
    "local/moonshine": lambda models: MoonshineRecogniser(
        MoonshineSettings(model=models("moonshine-tiny-en"))
    ),
    "local/faster-whisper": lambda models: FasterWhisperRecogniser(
        FasterWhisperSettings(model=models("whisper-tiny-en"))
    ),
}
TTS: Final[Mapping[str, Callable[[Models], Synthesiser]]] = {
    "local/piper": lambda models: PiperSynthesiser(PiperSettings(model=models("piper-joe"))),
}
LLM: Final[Mapping[str, Callable[[Models], LanguageModel]]] = {
    "local/smollm2": lambda models: SmolLM2(SmolLM2Settings(model=models("smollm2-135m"))),
}
ENDPOINTS: Final[Mapping[str, Callable[[Models], EndpointModel]]] = {
    "local/smart-turn": lambda models: SmartTurn(SmartTurnSettings(model=models("smart-turn"))),
}

_E = TypeVar("_E")


def make(port: str, name: str, known: Mapping[str, Callable[[Models], _E]], models: Models) -> _E:
    """The engine ``name`` of a port. Raises `ConfigError` where there is none, `Missing` where
    its model is not on this machine."""
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ConfigError(
            f"{port}: no provider {name!r}", fix=f"{hint}there are: {', '.join(sorted(known))}"
        )
    return known[name](models)
