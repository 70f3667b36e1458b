"""Piper, as it is listed and made."""

from typing import Final

from antiphon.net.offering import Offer, Order, Speaks
from antiphon.providers.piper.settings import PiperSettings
from antiphon.providers.piper.tts import PiperSynthesiser
from antiphon.providers.piper.voices import PiperVoices

__all__ = ["OFFERS"]


def _make(_: Offer, order: Order) -> PiperSynthesiser:
    return PiperSynthesiser(order.settings(PiperSettings, model=order.models("piper-joe")))


def _voices(_: Offer, order: Order) -> PiperVoices:
    return PiperVoices(order.models("piper-joe"))


OFFERS: Final = (
    Offer(
        name="local/piper",
        port="tts",
        can=Speaks(
            streaming=True,
            word_times=True,
            cancel=True,
            speed=(0.5, 2.0),
            encodings=("linear16",),
            languages=("en",),
            voices=(),
        ),
        proof="local",
        settings=PiperSettings,
        latency="instant",
        make=_make,
        sdk="piper",
        extra="voice-piper",
        notes="GPL-3.0-or-later, run as a program of its own",
        voices=_voices,
        voices_note="those of the model on this machine; a voice without an id is the only one",
    ),
)
