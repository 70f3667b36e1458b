"""Cartesia's engines, as they are listed and made."""

from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.cartesia.settings import SONIC, SonicSettings
from antiphon.providers.cartesia.tts import SonicSynthesiser

__all__ = ["OFFERS"]


def _sonic(offer: Offer, order: Order) -> SonicSynthesiser:
    return SonicSynthesiser(order.settings(SonicSettings, account=order.account(offer)))


OFFERS: Final = (
    Offer(
        name="cartesia/sonic-3",
        port="tts",
        can=SONIC,
        proof="wire",
        settings=SonicSettings,
        make=_sonic,
        key="CARTESIA_API_KEY",
        address="CARTESIA_BASE_URL",
        home="https://api.cartesia.ai",
    ),
)
