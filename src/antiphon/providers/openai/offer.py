"""OpenAI's engines, as they are listed and made."""

from functools import partial
from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.openai.settings_speech import (
    REALTIME,
    SPEECH,
    TRANSCRIBE,
    RealtimeSettings,
    SpeechSettings,
    TranscribeSettings,
)
from antiphon.providers.openai.stt import RealtimeRecogniser, TranscribeRecogniser
from antiphon.providers.openai.tts import SpeechSynthesiser
from antiphon.providers.openai.voices import SOURCE, VOICES

__all__ = ["OFFERS"]


def _realtime(offer: Offer, order: Order) -> RealtimeRecogniser:
    return RealtimeRecogniser(order.settings(RealtimeSettings, account=order.account(offer)))


def _transcribe(offer: Offer, order: Order) -> TranscribeRecogniser:
    return TranscribeRecogniser(order.settings(TranscribeSettings, account=order.account(offer)))


def _speech(offer: Offer, order: Order) -> SpeechSynthesiser:
    return SpeechSynthesiser(order.settings(SpeechSettings, account=order.account(offer)))


_offer = partial(
    Offer,
    proof="wire",
    key="OPENAI_API_KEY",
    address="OPENAI_BASE_URL",
    home="https://api.openai.com/v1",
)

OFFERS: Final[tuple[Offer, ...]] = (
    _offer(
        name="openai/realtime-transcription",
        port="stt",
        can=REALTIME,
        settings=RealtimeSettings,
        make=_realtime,
    ),
    _offer(
        name="openai/transcribe",
        port="stt",
        can=TRANSCRIBE,
        settings=TranscribeSettings,
        make=_transcribe,
        latency="slow",
        notes="partials cost: an utterance is read again and again while it grows",
    ),
    _offer(
        name="openai/speech",
        port="tts",
        can=SPEECH,
        settings=SpeechSettings,
        make=_speech,
        voices=lambda *_: VOICES,
        voices_note=SOURCE,
    ),
)
