"""The engines an agent file names, made and not started."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antiphon.config.agent import AgentSettings
from antiphon.errors import ConfigError
from antiphon.net.offering import Order, Port
from antiphon.ports.endpoint import EndpointModel
from antiphon.ports.llm import LanguageModel
from antiphon.ports.stt import Recogniser
from antiphon.ports.tts import Synthesiser
from antiphon.wiring import providers

__all__ = ["Engines", "engines", "mistakes", "named", "ordered"]


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
            place = error.where or where(port, name)
            found.append(type(error)(error.what, where=place, fix=error.fix))
    names = {name for _, name in named(settings)}
    found += [
        ConfigError(f"providers: {name} is not used by this agent")
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
