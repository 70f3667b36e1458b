"""From the names in an agent file to the engines that answer to them.

One line per provider. A provider whose model or key is missing says so when it is made, with
what mends it.
"""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from pydantic import ValidationError

from antiphon.config import environment
from antiphon.errors import ConfigError, Missing
from antiphon.ports.endpoint import EndpointModel
from antiphon.ports.llm import LanguageModel
from antiphon.ports.stt import Recogniser
from antiphon.ports.tts import Synthesiser
from antiphon.providers.deepgram.settings import (
    Account,
    AuraSettings,
    FluxSettings,
    NovaSettings,
)
from antiphon.providers.deepgram.stt import FluxRecogniser, NovaRecogniser
from antiphon.providers.deepgram.tts import AuraSynthesiser
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


def _deepgram() -> Account:
    """Raises `Missing` where there is no key."""
    around = environment.read()
    if around.deepgram_api_key is None:
        raise Missing(
            "DEEPGRAM_API_KEY is not set",
            fix="put the account's key into the environment, or name a local engine",
        )
    address = {"base_url": around.deepgram_base_url} if around.deepgram_base_url else {}
    try:
        return Account.model_validate({"api_key": around.deepgram_api_key, **address})
    except ValidationError:
        raise ConfigError(
            f"DEEPGRAM_BASE_URL cannot be {around.deepgram_base_url!r}",
            fix="give scheme, host and port only: wss://api.deepgram.com",
        ) from None


STT: Final[Mapping[str, Callable[[Models], Recogniser]]] = {
    "local/moonshine": lambda models: MoonshineRecogniser(
        MoonshineSettings(model=models("moonshine-tiny-en"))
    ),
    "local/faster-whisper": lambda models: FasterWhisperRecogniser(
        FasterWhisperSettings(model=models("whisper-tiny-en"))
    ),
    "deepgram/nova-3": lambda _: NovaRecogniser(NovaSettings(account=_deepgram())),
    "deepgram/flux": lambda _: FluxRecogniser(FluxSettings(account=_deepgram())),
}
TTS: Final[Mapping[str, Callable[[Models], Synthesiser]]] = {
    "local/piper": lambda models: PiperSynthesiser(PiperSettings(model=models("piper-joe"))),
    "deepgram/aura-2": lambda _: AuraSynthesiser(AuraSettings(account=_deepgram())),
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
