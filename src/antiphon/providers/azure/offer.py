"""Azure's engines, as they are listed and made."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.azure import recognition, recognition_sdk
from antiphon.providers.azure.settings import REGION, SPEECH, SpeechSettings
from antiphon.providers.azure.settings_stt import RECOGNITION, RecognitionSettings
from antiphon.providers.azure.stt import AzureRecogniser
from antiphon.providers.azure.tts import SpeechSynthesiser
from antiphon.providers.azure.voices import AzureVoices

__all__ = ["OFFERS", "make_recognition"]


def _home(region: object) -> str:
    return f"https://{region}.tts.speech.microsoft.com"


def _speech(offer: Offer, order: Order) -> SpeechSynthesiser:
    return SpeechSynthesiser(_settings(offer, order))


def _voices(offer: Offer, order: Order) -> AzureVoices:
    return AzureVoices(_settings(offer, order).account)


def _settings(offer: Offer, order: Order) -> SpeechSettings:
    there = replace(offer, home=_home(order.options.get("region", REGION)))
    return order.settings(SpeechSettings, account=order.account(there))


def make_recognition(
    offer: Offer,
    order: Order,
    sdk: Callable[[], recognition_sdk.SpeechSdk] = recognition_sdk.load,
) -> AzureRecogniser:
    return AzureRecogniser(order.settings(RecognitionSettings, account=order.account(offer)), sdk)


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
        voices=_voices,
        voices_note="of the region; voices made in the vendor's studio are not among them",
    ),
    Offer(
        name="azure/recognition",
        port="stt",
        can=RECOGNITION,
        proof="sdk boundary",
        settings=RecognitionSettings,
        make=make_recognition,
        key="AZURE_SPEECH_KEY",
        address="AZURE_SPEECH_ENDPOINT",
        home=recognition.HOME,
        sdk="azure.cognitiveservices.speech",
        extra="azure",
        notes=(
            "through Azure's SDK, tested with a fake in its place; set region to the resource's "
            "own; every final ends a connection and the next words begin another"
        ),
    ),
)
