"""AssemblyAI's engine, as it is listed and made."""

from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.assemblyai.settings import UNIVERSAL, UniversalSettings
from antiphon.providers.assemblyai.stt import UniversalRecogniser

__all__ = ["OFFERS"]


def _make(offer: Offer, order: Order) -> UniversalRecogniser:
    return UniversalRecogniser(order.settings(UniversalSettings, account=order.account(offer)))


OFFERS: Final = (
    Offer(
        name="assemblyai/universal-streaming",
        port="stt",
        can=UNIVERSAL,
        proof="wire",
        settings=UniversalSettings,
        make=_make,
        key="ASSEMBLYAI_API_KEY",
        address="ASSEMBLYAI_BASE_URL",
        home="https://streaming.assemblyai.com",
        notes="billed for as long as the connection is open, speech or not",
    ),
)
