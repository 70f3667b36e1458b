"""The engines an agent file names, made and not started."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from antiphon.config.agent import AgentSettings
from antiphon.errors import ConfigError
from antiphon.net.offering import Hears, Offer, Order, Port, Speaks, WrongSetting
from antiphon.ports.endpoint import EndpointModel
from antiphon.ports.llm import LanguageModel
from antiphon.ports.stt import Recogniser
from antiphon.ports.tts import Synthesiser
from antiphon.wiring import manners, providers

__all__ = [
    "Engines",
    "Where",
    "engines",
    "made",
    "mistakes",
    "model_of",
    "models",
    "named",
    "nowhere",
    "ordered",
]


MODEL_SETTINGS: Final = ("model", "model_id", "speech_model", "engine")
"""What vendors call it, and their settings here after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Of each port the preferred one first."""

    recognisers: tuple[Recogniser, ...]
    voices: tuple[Synthesiser, ...]
    minds: tuple[LanguageModel, ...]
    large_minds: tuple[LanguageModel, ...]
    endpoint: EndpointModel | None


Where: TypeAlias = Callable[[str, str], str]
"""Tells in which line of the agent file a setting has a value; empty: not known."""


def nowhere(setting: str, value: str) -> str:
    """For settings that come from no file."""
    return ""


def engines(
    settings: AgentSettings,
    environ: Mapping[str, str],
    models: Callable[[str], Path],
    where: Where = nowhere,
) -> Engines:
    """Raises `ConfigError` for the first that cannot be made; see `mistakes`."""

    def make(port: Port) -> tuple[Any, ...]:
        return tuple(
            made(port, ordered(settings, name, environ, models), where)
            for at, name in named(settings)
            if at == port
        )

    minds, small = make("llm"), len(settings.llm or ())
    return Engines(
        recognisers=make("stt"),
        voices=make("tts"),
        minds=minds[:small],
        large_minds=minds[small:],
        endpoint=next(iter(make("endpoint")), None),
    )


def mistakes(
    settings: AgentSettings,
    environ: Mapping[str, str],
    models: Callable[[str], Path],
    where: Where = nowhere,
) -> list[ConfigError]:
    """What keeps engines from being made, all of it, and what they cannot hear or speak."""
    found: list[ConfigError] = []
    for port, name in named(settings):
        try:
            offer = providers.offered(port, name)
        except ConfigError as error:
            found.append(type(error)(error.what, where=where(port, name), fix=error.fix))
            continue
        found += _flaws(offer, ordered(settings, name, environ, models), where)
        found += _beyond(offer, name, settings, where)
    return [*found, *manners.mistakes(settings, where), *_unused(settings, where)]


def _flaws(offer: Offer, order: Order, where: Where) -> Iterator[ConfigError]:
    """What keeps one engine from being made. A key that is missing hides nothing else."""
    try:
        made(offer.port, order, where)
        return
    except ConfigError as error:
        yield error
    if offer.key and not order.environ.get(offer.key):
        keyed = replace(order, environ={**order.environ, offer.key: "any"})
        yield from _flaws(offer, keyed, where)


def _unused(settings: AgentSettings, where: Where) -> Iterator[ConfigError]:
    """Settings of providers that nobody named."""
    names = list(dict.fromkeys(name for _, name in named(settings)))
    for name in settings.providers:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            yield ConfigError(
                f"providers: {name} is not used by this agent",
                where=where("providers", name),
                fix=f"{hint}it uses {', '.join(names)}",
            )


def made(port: Port, order: Order, where: Where = nowhere) -> Any:
    """One engine, not started. Raises `ConfigError`, with the line that names it."""
    try:
        return providers.make(port, order)
    except WrongSetting as error:
        place = where(f"providers.{order.name}", error.at) or where("providers", order.name)
        raise ConfigError(error.what, where=place, fix=error.fix) from None
    except ConfigError as error:
        setting = "providers" if error.what.startswith("providers: ") else port
        place = error.where or where(setting, order.name)
        raise type(error)(error.what, where=place, fix=error.fix) from None


def _beyond(
    offer: Offer, name: str, settings: AgentSettings, where: Where
) -> Iterator[ConfigError]:
    """What an engine is asked for that it is known not to do."""
    can, mouth = offer.can, settings.mouth
    if isinstance(can, Hears | Speaks) and can.languages:
        setting, does = (
            ("language", "hears") if offer.port == "stt" else ("mouth.language", "speaks")
        )
        asked = settings.language if offer.port == "stt" else mouth.language
        if asked.partition("-")[0] not in can.languages:
            yield ConfigError(
                f"{setting}: {name} {does} no {asked!r}",
                where=where(setting, asked),
                fix=f"it {does} {', '.join(can.languages)}; name another engine for {asked}",
            )


def named(settings: AgentSettings) -> Iterator[tuple[Port, str]]:
    """Every provider of an agent, port by port, in its order."""
    yield from (("stt", name) for name in settings.stt)
    yield from (("tts", name) for name in settings.tts)
    yield from (("llm", name) for name in settings.llm or ())
    yield from (("llm", name) for name in settings.llm_large or ())
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
        model = model_of(offer, settings.providers.get(name, {}))
        if model := model or (offer.several if settings.hearing.detect else ""):
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
