"""ElevenLabs' engines, as they are listed and made."""

from functools import partial
from typing import Final

from antiphon.net.cloning import Clips
from antiphon.net.offering import Designs, Offer, Order, Trains
from antiphon.providers.elevenlabs.designs import BOUNDS, ElevenLabsDesigner
from antiphon.providers.elevenlabs.settings import (
    SCRIBE,
    STREAMED,
    VOICE,
    HttpSettings,
    MultilingualSettings,
    ScribeSettings,
    SpeechSettings,
)
from antiphon.providers.elevenlabs.streamed import StreamedSynthesiser
from antiphon.providers.elevenlabs.stt import ScribeRecogniser
from antiphon.providers.elevenlabs.trained import CLIPS as TRAINING_CLIPS
from antiphon.providers.elevenlabs.trained import MODEL, ElevenLabsTrainer
from antiphon.providers.elevenlabs.tts import SpeechSynthesiser
from antiphon.providers.elevenlabs.voices import ElevenLabsVoices

__all__ = ["OFFERS"]


def _speech(offer: Offer, order: Order) -> SpeechSynthesiser:
    kind = MultilingualSettings if order.model == "multilingual" else SpeechSettings
    return SpeechSynthesiser(offer.name, order.settings(kind, account=order.account(offer)))


def _streamed(offer: Offer, order: Order) -> StreamedSynthesiser:
    return StreamedSynthesiser(order.settings(HttpSettings, account=order.account(offer)))


def _scribe(offer: Offer, order: Order) -> ScribeRecogniser:
    return ScribeRecogniser(order.settings(ScribeSettings, account=order.account(offer)))


def _voices(offer: Offer, order: Order) -> ElevenLabsVoices:
    return ElevenLabsVoices(order.account(offer))


def _designer(offer: Offer, order: Order) -> ElevenLabsDesigner:
    return ElevenLabsDesigner(order.account(offer))


def _trainer(offer: Offer, order: Order) -> ElevenLabsTrainer:
    return ElevenLabsTrainer(order.account(offer))


CLIPS: Final = Clips(
    most=25,
    kinds=("wav", "mp3", "m4a", "flac", "ogg", "webm"),
    shortest_s=5.0,
    largest_mb=10.0,
    advice="one or two minutes of one person in a quiet room (third parties say so; unconfirmed)",
)
_offer = partial(
    Offer,
    proof="wire",
    key="ELEVENLABS_API_KEY",
    address="ELEVENLABS_BASE_URL",
    home="https://api.elevenlabs.io",
)
_list = partial(
    _offer,
    voices=_voices,
    clips=CLIPS,
    design=Designs(make=_designer, bounds=BOUNDS),
    training=Trains(make=_trainer, clips=TRAINING_CLIPS, model=MODEL),
)
_voice = partial(_list, port="tts", can=VOICE, make=_speech)

OFFERS: Final = (
    _voice(name="elevenlabs/flash", settings=SpeechSettings),
    _voice(name="elevenlabs/multilingual", settings=MultilingualSettings),
    _list(
        name="elevenlabs/http",
        port="tts",
        can=STREAMED,
        settings=HttpSettings,
        make=_streamed,
        notes="where WebSockets are not let through; a request for each clause",
    ),
    _offer(name="elevenlabs/scribe", port="stt", can=SCRIBE, settings=ScribeSettings, make=_scribe),
)
