"""The recogniser behind a whisper.cpp server, as it is listed and made."""

from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.whispercpp.settings import SERVER, WhisperCppSettings
from antiphon.providers.whispercpp.stt import WhisperCppRecogniser

__all__ = ["OFFERS"]


def _make(offer: Offer, order: Order) -> WhisperCppRecogniser:
    return WhisperCppRecogniser(order.settings(WhisperCppSettings, account=order.account(offer)))


OFFERS: Final = (
    Offer(
        name="whispercpp/server",
        port="stt",
        can=SERVER,
        proof="wire",
        settings=WhisperCppSettings,
        make=_make,
        latency="slow",
        address="WHISPERCPP_URL",
        home="http://localhost:8080",
        notes="a server of your own; it reads one recording at a time, so few calls share it",
    ),
)
