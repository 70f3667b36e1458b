"""One run of `antiphon voices`: the engine that was meant, its settings, its list of voices."""

import asyncio
import difflib
from argparse import Namespace
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import yaml

from antiphon.errors import ConfigError
from antiphon.net.cloning import KnownVoice, VoiceList
from antiphon.net.offering import Designs, Offer, Order, Speaks, Trains
from antiphon.wiring import providers

__all__ = ["Task", "chosen", "facts", "listed", "options", "whose"]

T = TypeVar("T")

LANGUAGE: Final = "en"
CONSENTS: Final = "consents.jsonl"
EXAMPLES: Final = {
    "livekit:*": "livekit:elevenlabs.TTS",
    "compatible-speech/*": "compatible-speech/kokoro",
}
"""Of engines behind one name."""


@dataclass(frozen=True, slots=True)
class Task:
    """What was asked for, and of whom."""

    args: Namespace
    offer: Offer
    order: Order
    calls: Path
    """Where call logs lie, and the consents beside them."""

    @property
    def language(self) -> str:
        """Of what is spoken."""
        return self.args.language or LANGUAGE

    @property
    def hint(self) -> str:
        """How to find voices that are not listed here."""
        return self.offer.voices_note or f"look where {self.offer.vendor} describes them"

    def with_voices(self, use: Callable[[Any], Awaitable[T]]) -> T:
        """What comes of using the list. Raises `ConfigError` where there is none."""
        if self.offer.voices is None:
            raise ConfigError(
                f"the voices of {self.order.name} cannot be listed here",
                fix=self.hint,
            )
        return self.using(self.offer.voices, use)

    def using(self, make: Callable[[Offer, Order], Any], use: Callable[[Any], Awaitable[T]]) -> T:
        """What comes of using what ``make`` makes, which is closed again."""
        # A package that it needs is looked for as it is for the engine itself.
        made: VoiceList = replace(self.offer, make=make).made(self.order)

        async def used() -> T:
            try:
                return await use(made)
            finally:
                await made.aclose()

        return asyncio.run(used())

    def consents(self) -> Path:
        """Where they are written. What was only pretended does not go among the real ones."""
        if self.args.consents:
            return cast("Path", self.args.consents)
        self.calls.mkdir(parents=True, exist_ok=True)
        return self.calls / (f"pretended-{CONSENTS}" if self.args.sandbox else CONSENTS)

    def for_cloning(self) -> None:
        """Raises `ConfigError` where no voice can be made or deleted."""
        if not (isinstance(self.offer.can, Speaks) and self.offer.can.cloning):
            able = [o.name for o in providers.offers("tts") if getattr(o.can, "cloning", False)]
            raise ConfigError(
                f"voices of {self.order.name} can be neither cloned nor deleted here",
                fix=f"those that can: {', '.join(able)}",
            )

    def for_designing(self) -> Designs:
        """Raises `ConfigError` where no voice can be designed."""
        if self.offer.design is None:
            able = [offer.name for offer in providers.offers("tts") if offer.design]
            raise ConfigError(
                f"voices of {self.order.name} cannot be designed from words here",
                fix=f"those that can: {', '.join(able)}",
            )
        return self.offer.design

    def for_training(self) -> Trains:
        """Raises `ConfigError` where no voice can be trained."""
        if self.offer.training is None:
            able = [offer.name for offer in providers.offers("tts") if offer.training]
            raise ConfigError(
                f"voices of {self.order.name} cannot be trained here",
                fix=f"those that can: {', '.join(able)}",
            )
        return self.offer.training


async def listed(voices: VoiceList) -> list[KnownVoice]:
    """The account's own before the vendor's."""
    return sorted(await voices.list(), key=lambda voice: not voice.cloned)


def whose(voice: KnownVoice) -> str:
    return "own" if voice.cloned else "stock"


def facts(voice: KnownVoice) -> dict[str, Any]:
    return {
        "id": voice.id,
        "name": voice.name,
        "language": voice.language,
        "whose": whose(voice),
    }


# --- which engine ----------------------------------------------------------------------------


def chosen(name: str) -> tuple[Offer, str]:
    """The engine somebody means by its name, by its vendor's, or by its own without that. Raises
    `ConfigError` where that is none, or several."""
    offers = providers.offers("tts")
    for offer in offers:
        if offer.fits(name):
            return offer, name
    meant = [o for o in offers if name in (o.vendor, o.name.partition("/")[2])]
    known = sorted(offer.name for offer in offers)
    if not meant:
        words = {*known, *(offer.vendor for offer in offers)}
        close = difflib.get_close_matches(name, sorted(words), n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ConfigError(
            f"no voice is called {name!r}", fix=f"{hint}there are: {', '.join(known)}"
        )
    if meant[0].name.endswith("*"):
        example = EXAMPLES.get(meant[0].name, f"{meant[0].name[:-1]}NAME")
        raise ConfigError(f"{name} is a bridge to many engines", fix=f"name one, as {example}")
    if any(o.voices is not meant[0].voices for o in meant):
        raise ConfigError(
            f"{name} has several engines, and not the same voices in each",
            fix=f"name one: {', '.join(offer.name for offer in meant)}",
        )
    return meant[0], meant[0].name


def options(offer: Offer, given: Sequence[str]) -> Mapping[str, Any]:
    """Settings as they would stand in an agent file."""
    options: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in offer.settings.model_fields:
            close = difflib.get_close_matches(name, offer.settings.model_fields, n=1)
            hint = f"did you mean {close[0]}=...? " if close else ""
            raise ConfigError(
                f"--set {text}: {offer.name} has no such setting",
                fix=f"{hint}write NAME=VALUE; the names: docs/reference/settings.md",
            )
        try:
            options[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            options[name] = value
    return options
