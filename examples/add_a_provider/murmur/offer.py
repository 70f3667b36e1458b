"""Murmur's engines, as they are listed and made."""

from typing import Final

from antiphon.net.offering import Offer, Order
from murmur.settings import WHISPER, MurmurSettings
from murmur.tts import MurmurSynthesiser


def _whisper(offer: Offer, order: Order) -> MurmurSynthesiser:
    return MurmurSynthesiser(order.settings(MurmurSettings, account=order.account(offer)))


OFFERS: Final = (
    Offer(
        name="murmur/whisper",
        port="tts",
        can=WHISPER,
        proof="wire",
        settings=MurmurSettings,
        make=_whisper,
        key="MURMUR_API_KEY",
        address="MURMUR_BASE_URL",
        home="https://api.murmur.example",
        sandbox="/murmur",
    ),
)
