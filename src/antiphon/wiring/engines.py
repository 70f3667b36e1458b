"""The engines an agent file names, made and not started."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from antiphon.config.agent import AgentSettings
from antiphon.errors import ConfigError
from antiphon.net.offering import Offer, Order, Port
from antiphon.ports.endpoint import EndpointModel
from antiphon.ports.llm import LanguageModel
from antiphon.ports.stt import Recogniser
from antiphon.ports.tts import Synthesiser
from antiphon.wiring import providers

__all__ = ["Engines", "engines", "mistakes", "model_of", "models", "named", "ordered"]


MODEL_SETTINGS: Final = ("model", "model_id", "speech_model", "engine")
"""What vendors call it, and their settings here after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Of each port the preferred one first."""

    recognisers: tuple[Recogniser, ...]
    voices: tuple[Synthesiser, ...]
    minds: tuple[LanguageModel, ...]
    endpoint: EndpointModel | None


def engines(
    settings: AgentSettings, environ: Mapping[str, str], models: Callable[[str], Path]
) -> Engines:
    """Raises `ConfigError` for the first that cannot be made; see `mistakes`."""

    def make(port: Port) -> tuple[Any, ...]:
        return tuple(
            providers.make(port, ordered(settings, name, environ, models))
            for at, name in named(settings)
            if at == port
        )

    return Engines(
        recognisers=make("stt"),
        voices=make("tts"),
        minds=make("llm"),
        endpoint=next(iter(make("endpoint")), None),
    )


def mistakes(
    settings: AgentSettings,
    environ: Mapping[str, str],
    models: Callable[[str], Path],
    where: Callable[[str, str], str] = lambda setting, value: "",
) -> list[ConfigError]:
    """What keeps engines from being made, all of it. ``where`` tells in which line a setting has
    a value."""
    found: list[ConfigError] = []
    for port, name in named(settings):
        try:
            providers.make(port, ordered(settings, name, environ, models))
        except ConfigError as error:
            setting = "providers" if error.what.startswith("providers: ") else port
            place = error.where or where(setting, name)
            found.append(type(error)(error.what, where=place, fix=error.fix))
    names = {name for _, name in named(settings)}
    found += [
        ConfigError(f"providers: {name} is not used by this agent", where=where("providers", name))
        for name in settings.providers
        if name not in names
    ]
    return found


def named(settings: AgentSettings) -> Iterator[tuple[Port, str]]:
    """Every provider of an agent, port by port, in its order."""
    yield from (("stt", name) for name in settings.stt)
    yield from (("tts", name) for name in settings.tts)
    yield from (("llm", name) for name in settings.llm or ())
    if settings.endpoint:
        yield "endpoint", settings.endpoint


def models(settings: AgentSettings) -> dict[tuple[str, str], str]:
    """Which model each provider of an agent is, where its settings name one."""
    found: dict[tuple[str, str], str] = {}
    for port, name in named(settings):
        try:
            offer = providers.offered(port, name)
        except ConfigError:  # an agent of another time
            continue
        if model := model_of(offer, settings.providers.get(name, {})):
            found[port, name] = model
    return found


def model_of(offer: Offer, options: Mapping[str, Any] = MappingProxyType({})) -> str:
    """The model an engine is with these settings; empty: the one it is named for."""
    for name in MODEL_SETTINGS:
        if field := offer.settings.model_fields.get(name):
            model = options.get(name, field.default)
            if isinstance(model, str):
                return model
    return ""


def ordered(
    settings: AgentSettings,
    name: str,
    environ: Mapping[str, str],
    models: Callable[[str], Path],
) -> Order:
    """One of them, as the file asks for it."""
    return Order(
        name=name, options=settings.providers.get(name, {}), environ=environ, models=models
    )
