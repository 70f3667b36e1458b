"""The recogniser behind a Vosk server, as it is listed and made."""

from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.vosk.settings import SERVER, VoskSettings
from antiphon.providers.vosk.stt import VoskRecogniser

__all__ = ["OFFERS"]


def _make(offer: Offer, order: Order) -> VoskRecogniser:
    return VoskRecogniser(order.settings(VoskSettings, account=order.account(offer)))


OFFERS: Final = (
    Offer(
        name="vosk/server",
        port="stt",
        can=SERVER,
        proof="wire",
        settings=VoskSettings,
        make=_make,
        address="VOSK_URL",
        home="http://localhost:2700",
        notes='a server of your own, new enough to know {"reset" : 1}; its model decides the '
        "language",
    ),
)
