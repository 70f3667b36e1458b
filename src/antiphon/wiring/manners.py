"""Whether the voices of an agent can speak as its file asks them to."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from antiphon.config.agent import AgentSettings
from antiphon.errors import ConfigError
from antiphon.net.offering import Speaks
from antiphon.wiring import providers

__all__ = ["mistakes"]


def mistakes(settings: AgentSettings, where: Callable[[str, str], str]) -> Iterator[ConfigError]:
    """Voices that an engine is known not to have, or that are meant for an engine that the agent
    does not have, and styles that none of its voices has."""
    voices: dict[str, Speaks] = {}
    for name in settings.tts:
        with suppress(ConfigError):  # told where it is made
            can = providers.offered("tts", name).can
            if isinstance(can, Speaks):
                voices[name] = can
    for name, can in voices.items():
        for setting, voice, at in _asked(name, settings):
            if can.voices is not None and voice not in can.voices:
                has = ", ".join(can.voices)
                yield ConfigError(
                    f"{setting}: {name} has no voice {voice!r}",
                    where=where(setting, at),
                    fix=f"it has {has}" if has else "leave it out: it has one",
                )
    yield from _for_others(settings, where)
    yield from _styles(settings, voices, where)


def _asked(name: str, settings: AgentSettings) -> Iterator[tuple[str, str, str]]:
    """The voices an engine is asked for: by which setting, and what stands there. One that is
    named alone is meant for the first engine; those that stand in for it have their own."""
    first, mouth = name == settings.tts[0], settings.mouth
    if mouth.voice and first:
        yield "mouth.voice", mouth.voice, mouth.voice
    for manner, ways in mouth.manners.items():
        setting = f"mouth.manners.{manner}.voice"
        if isinstance(ways.voice, Mapping):
            if voice := ways.voice.get(name):
                yield setting, voice, name
        elif ways.voice and first:
            yield setting, ways.voice, ways.voice


def _for_others(settings: AgentSettings, where: Callable[[str, str], str]) -> Iterator[ConfigError]:
    for manner, ways in settings.mouth.manners.items():
        setting = f"mouth.manners.{manner}.voice"
        engines = ways.voice if isinstance(ways.voice, Mapping) else ()
        for engine in (engine for engine in engines if engine not in settings.tts):
            yield ConfigError(
                f"{setting}: this agent has no {engine!r}",
                where=where(setting, engine),
                fix=f"it has {', '.join(settings.tts)}",
            )


def _styles(
    settings: AgentSettings, voices: Mapping[str, Speaks], where: Callable[[str, str], str]
) -> Iterator[ConfigError]:
    known = sorted({style for can in voices.values() for style in can.styles})
    asked = {"mouth.style": settings.mouth.style}
    for manner, ways in settings.mouth.manners.items():
        asked[f"mouth.manners.{manner}.style"] = ways.style or ""
    for setting, style in asked.items():
        if style and style not in known and "*" not in known:
            close = difflib.get_close_matches(style, known, n=1)
            yield ConfigError(
                f"{setting}: no voice of this agent can be {style!r}",
                where=where(setting, style),
                fix=f"did you mean {close[0]!r}?" if close else "leave it out: it changes nothing",
            )
