"""Every provider there is, and from the names in an agent file to the engines that answer to them.

One line per vendor: what it offers stands in its own folder. A provider whose model, key or
package is missing says so when it is made, with what mends it.
"""

import difflib
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
from antiphon.providers.openai import offer_llm as openai_llm
from antiphon.providers.piper import offer as piper
from antiphon.providers.smart_turn import offer as smart_turn
from antiphon.providers.smollm2 import offer as smollm2
from antiphon.providers.vosk import offer as vosk
from antiphon.providers.whispercpp import offer as whispercpp
from antiphon.providers.xtts import offer as xtts

__all__ = ["OFFERS", "make", "offered", "offers"]

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
    *openai_llm.OFFERS,
    *vosk.OFFERS,
    *whispercpp.OFFERS,
    *xtts.OFFERS,
]
"""Those of this machine first, then the vendors by name."""


def offers(port: Port) -> list[Offer]:
    """All for one port."""
    return [offer for offer in OFFERS if offer.port == port]


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
