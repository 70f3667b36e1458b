"""Cartesia's engines, as they are listed and made."""

from functools import partial
from typing import Final

from antiphon.net.cloning import Clips
from antiphon.net.offering import Offer, Order
from antiphon.providers.cartesia.settings import (
    INK,
    INK_TURNS,
    SONIC,
    InkSettings,
    InkTurnsSettings,
    SonicSettings,
)
from antiphon.providers.cartesia.stt import InkRecogniser
from antiphon.providers.cartesia.tts import SonicSynthesiser
from antiphon.providers.cartesia.turns import InkTurnsRecogniser
from antiphon.providers.cartesia.voices import CartesiaVoices

__all__ = ["OFFERS"]


def _sonic(offer: Offer, order: Order) -> SonicSynthesiser:
    return SonicSynthesiser(order.settings(SonicSettings, account=order.account(offer)))


def _ink(offer: Offer, order: Order) -> InkRecogniser:
    return InkRecogniser(order.settings(InkSettings, account=order.account(offer)))


def _ink_turns(offer: Offer, order: Order) -> InkTurnsRecogniser:
    return InkTurnsRecogniser(order.settings(InkTurnsSettings, account=order.account(offer)))


def _voices(offer: Offer, order: Order) -> CartesiaVoices:
    return CartesiaVoices(order.account(offer))


CLIPS: Final = Clips(
    kinds=("wav", "mp3", "flac", "ogg", "webm"),
    shortest_s=3.0,
    largest_mb=5.0,
    advice="about five seconds, as the vendor's client says; noise is copied too (the limits are"
    " third parties'; unconfirmed)",
)
_offer = partial(
    Offer,
    proof="wire",
    key="CARTESIA_API_KEY",
    address="CARTESIA_BASE_URL",
    home="https://api.cartesia.ai",
)

OFFERS: Final = (
    _offer(name="cartesia/ink-2", port="stt", can=INK, settings=InkSettings, make=_ink),
    _offer(
        name="cartesia/ink-2-turns",
        port="stt",
        can=INK_TURNS,
        settings=InkTurnsSettings,
        make=_ink_turns,
    ),
    _offer(
        name="cartesia/sonic-3",
        port="tts",
        can=SONIC,
        settings=SonicSettings,
        make=_sonic,
        voices=_voices,
        clips=CLIPS,
    ),
)
