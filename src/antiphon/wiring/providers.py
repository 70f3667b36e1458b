"""Every provider there is, and from the names in an agent file to the engines that answer to them.

One line per vendor: what it offers stands in its own folder. A provider whose model, key or
package is missing says so when it is made, with what mends it. Those of other packages are asked
for when a name is first looked for, not when this is imported; how to write one is in
docs/how-to/add-a-provider.md.
"""

import difflib
import functools
import logging
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from antiphon.errors import ConfigError
from antiphon.net.offering import Offer, Order, Port
from antiphon.providers.anthropic import offer as anthropic
from antiphon.providers.assemblyai import offer as assemblyai
from antiphon.providers.aws import offer as aws
from antiphon.providers.azure import offer as azure
from antiphon.providers.cartesia import offer as cartesia
from antiphon.providers.deepgram import offer as deepgram
from antiphon.providers.elevenlabs import offer as elevenlabs
from antiphon.providers.faster_whisper import offer as faster_whisper
from antiphon.providers.gemini import offer as gemini
from antiphon.providers.google import offer as google
from antiphon.providers.livekit import offer as livekit
from antiphon.providers.moonshine import offer as moonshine
from antiphon.providers.openai import offer as openai
from antiphon.providers.openai import offer_compatible as openai_compatible
from antiphon.providers.openai import offer_llm as openai_llm
from antiphon.providers.piper import offer as piper
from antiphon.providers.smart_turn import offer as smart_turn
from antiphon.providers.smollm2 import offer as smollm2
from antiphon.providers.vosk import offer as vosk
from antiphon.providers.whispercpp import offer as whispercpp
from antiphon.providers.xtts import offer as xtts

__all__ = ["GROUP", "OFFERS", "everyones", "make", "offered", "offers"]

log: Final = logging.getLogger(__name__)

GROUP: Final = "antiphon.providers"
"""The entry points under which other packages have theirs: each is a tuple of `Offer`."""

OFFERS: Final[list[Offer]] = [
    *moonshine.OFFERS,
    *faster_whisper.OFFERS,
    *piper.OFFERS,
    *smollm2.OFFERS,
    *smart_turn.OFFERS,
    *anthropic.OFFERS,
    *assemblyai.OFFERS,
    *aws.OFFERS,
    *azure.OFFERS,
    *cartesia.OFFERS,
    *deepgram.OFFERS,
    *elevenlabs.OFFERS,
    *google.OFFERS,
    *livekit.OFFERS,
    *gemini.OFFERS,
    *openai.OFFERS,
    *openai_compatible.OFFERS,
    *openai_llm.OFFERS,
    *vosk.OFFERS,
    *whispercpp.OFFERS,
    *xtts.OFFERS,
]
"""Our own: those of this machine first, then the vendors by name."""


def everyones() -> list[Offer]:
    """Our own, then those of other packages."""
    return [*OFFERS, *_others()]


def offers(port: Port) -> list[Offer]:
    """All for one port."""
    return [offer for offer in everyones() if offer.port == port]


def offered(port: Port, name: str) -> Offer:
    """Who answers to a name. Raises `ConfigError` where nobody does."""
    for offer in offers(port):
        if offer.fits(name):
            return offer
    known = sorted(offer.name for offer in offers(port))
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ConfigError(f"{port}: no provider {name!r}", fix=f"{hint}there are: {', '.join(known)}")


def make(port: Port, order: Order) -> Any:
    """The engine that was ordered, not started. Raises `ConfigError` where there is none,
    `Missing` where its key, model or package is not here."""
    return offered(port, order.name).made(order)


# --- of other packages -------------------------------------------------------------------------


@functools.cache
def _others() -> tuple[Offer, ...]:
    """What other packages offer. One that is broken, or wants a name that is taken, is warned of
    and left out; everything else works without it."""
    found: list[Offer] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (_package(entry), entry.name)):
        try:
            theirs = tuple(_checked(entry.load()))
        except (ImportError, AttributeError, TypeError) as error:
            log.warning(
                "no providers from the package %s: %s: %s: %s",
                _package(entry), entry.value, type(error).__name__, error,
            )  # fmt: skip
            continue
        for offer in theirs:
            if taken := _taken(offer, [*OFFERS, *found]):
                log.warning(
                    "the package %s offers %s %s, but that name is taken by %s %s: left out",
                    _package(entry), offer.port, offer.name, taken.port, taken.name,
                )  # fmt: skip
            else:
                found.append(offer)
    return tuple(found)


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.module


def _checked(loaded: object) -> Iterator[Offer]:
    if not isinstance(loaded, tuple | list):
        raise TypeError(f"a tuple of Offer is wanted, not {type(loaded).__name__}")
    for offer in loaded:
        if not isinstance(offer, Offer):
            raise TypeError(f"a tuple of Offer is wanted, and one is a {type(offer).__name__}")
        yield offer


def _taken(offer: Offer, known: list[Offer]) -> Offer | None:
    """Who has its name already. No name stands for two ports, and no pattern hides a name."""
    for other in known:
        hidden = other.fits(offer.name) or offer.fits(other.name)
        if other.name == offer.name or (other.port == offer.port and hidden):
            return other
    return None
