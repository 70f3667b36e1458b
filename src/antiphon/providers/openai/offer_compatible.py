"""Voices of servers that take OpenAI's speech requests, as they are listed and made."""

from dataclasses import replace
from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.openai.settings_compatible import SPEAKS, CompatibleSpeechSettings
from antiphon.providers.openai.tts_compatible import CompatibleSynthesiser, CompatibleVoices

__all__ = ["OFFERS"]

KEY: Final = "COMPATIBLE_SPEECH_API_KEY"
"""Used where it is set: most such servers want none."""


def _settings(offer: Offer, order: Order) -> CompatibleSpeechSettings:
    account = order.account(replace(offer, key=KEY) if order.environ.get(KEY) else offer)
    return order.settings(CompatibleSpeechSettings, account=account, model=order.model)


def _speech(offer: Offer, order: Order) -> CompatibleSynthesiser:
    return CompatibleSynthesiser(order.name, _settings(offer, order))


def _voices(offer: Offer, order: Order) -> CompatibleVoices:
    return CompatibleVoices(order.name, _settings(offer, order))


OFFERS: Final = (
    Offer(
        name="compatible-speech/*",
        port="tts",
        can=SPEAKS,
        proof="wire",
        settings=CompatibleSpeechSettings,
        make=_speech,
        address="COMPATIBLE_SPEECH_BASE_URL",
        home="http://localhost:8880/v1",
        sandbox="/compatible/v1",
        notes="any server that takes OpenAI's speech requests and answers with pcm or wav:"
        f" Kokoro-FastAPI, AllTalk, openedai-speech; {KEY} is used where it is set; some servers"
        " do not heed the speed",
        voices=_voices,
        voices_note="as the server lists them at /audio/voices; where it has no such list, its own"
        " pages do",
    ),
)
