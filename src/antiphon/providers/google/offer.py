"""Google's engines, as they are listed and made."""

from collections.abc import Callable
from functools import partial
from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.google.sdk import Sdk, load_speech, load_voice
from antiphon.providers.google.settings import SPEECH, VOICE, SpeechSettings, VoiceSettings
from antiphon.providers.google.stt import SpeechRecogniser
from antiphon.providers.google.tts import VoiceSynthesiser

__all__ = ["OFFERS", "make_speech", "make_voice"]


def make_speech(
    offer: Offer, order: Order, sdk: Callable[[], Sdk] = load_speech
) -> SpeechRecogniser:
    return SpeechRecogniser(order.settings(SpeechSettings, account=order.account(offer)), sdk)


def make_voice(offer: Offer, order: Order, sdk: Callable[[], Sdk] = load_voice) -> VoiceSynthesiser:
    return VoiceSynthesiser(order.settings(VoiceSettings, account=order.account(offer)), sdk)


_offer = partial(
    Offer, proof="sdk boundary", key="GOOGLE_APPLICATION_CREDENTIALS", extra="google-speech"
)

OFFERS: Final = (
    _offer(
        name="google/speech-v2",
        port="stt",
        can=SPEECH,
        settings=SpeechSettings,
        make=make_speech,
        home="https://speech.googleapis.com",
        sdk="google.cloud.speech_v2",
        notes=(
            "through Google's SDK, tested with a fake in its place; the key is the path of a "
            "credentials file; every final ends a stream and the next words begin another "
            "(how short ones are billed is unconfirmed)"
        ),
    ),
    _offer(
        name="google/tts",
        port="tts",
        can=VOICE,
        settings=VoiceSettings,
        make=make_voice,
        home="https://texttospeech.googleapis.com",
        sdk="google.cloud.texttospeech",
        notes=(
            "through Google's SDK, tested with a fake in its place; the key is the path of a "
            "credentials file; Chirp 3 HD voices only"
        ),
        voices_note=(
            "Google's interface lists them: GET https://texttospeech.googleapis.com/v1/voices, or"
            " list_voices() of its package; those with Chirp3-HD in their names can be used"
        ),
    ),
)
