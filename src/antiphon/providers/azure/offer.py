"""Azure's engines, as they are listed and made."""

from dataclasses import replace
from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.azure.settings import REGION, SPEECH, SpeechSettings
from antiphon.providers.azure.tts import SpeechSynthesiser

__all__ = ["OFFERS"]


def _home(region: object) -> str:
    return f"https://{region}.tts.speech.microsoft.com"


def _speech(offer: Offer, order: Order) -> SpeechSynthesiser:
    there = replace(offer, home=_home(order.options.get("region", REGION)))
    return SpeechSynthesiser(order.settings(SpeechSettings, account=order.account(there)))


OFFERS: Final = (
    Offer(
        name="azure/speech",
        port="tts",
        can=SPEECH,
        proof="wire",
        settings=SpeechSettings,
        make=_speech,
        key="AZURE_SPEECH_KEY",
        address="AZURE_SPEECH_ENDPOINT",
        home=_home(REGION),
        notes="set region to the resource's own",
    ),
)
