"""Cartesia's engines, as they are listed and made."""

from functools import partial
from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.cartesia.settings import INK, SONIC, InkSettings, SonicSettings
from antiphon.providers.cartesia.stt import InkRecogniser
from antiphon.providers.cartesia.tts import SonicSynthesiser

__all__ = ["OFFERS"]


def _sonic(offer: Offer, order: Order) -> SonicSynthesiser:
    return SonicSynthesiser(order.settings(SonicSettings, account=order.account(offer)))


def _ink(offer: Offer, order: Order) -> InkRecogniser:
    return InkRecogniser(order.settings(InkSettings, account=order.account(offer)))


_offer = partial(
    Offer,
    proof="wire",
    key="CARTESIA_API_KEY",
    address="CARTESIA_BASE_URL",
    home="https://api.cartesia.ai",
)

OFFERS: Final = (
    _offer(name="cartesia/ink-2", port="stt", can=INK, settings=InkSettings, make=_ink),
    _offer(name="cartesia/sonic-3", port="tts", can=SONIC, settings=SonicSettings, make=_sonic),
)
