"""Faster-Whisper, as it is listed and made."""

from typing import Final

from antiphon.net.offering import Hears, Offer, Order
from antiphon.providers.faster_whisper.settings import FasterWhisperSettings
from antiphon.providers.faster_whisper.stt import FasterWhisperRecogniser

__all__ = ["OFFERS"]


def _make(_: Offer, order: Order) -> FasterWhisperRecogniser:
    model = order.models("whisper-tiny-en")
    return FasterWhisperRecogniser(order.settings(FasterWhisperSettings, model=model))


OFFERS: Final = (
    Offer(
        name="local/faster-whisper",
        port="stt",
        can=Hears(
            streaming=True,
            word_times=True,
            finalise=True,
            end_of_turn="none",
            keep_alive="none",
            keyterms=True,
            encodings=("linear16",),
            rates_hz=(16_000,),
            formatting="always",  # unconfirmed
        ),
        proof="local",
        settings=FasterWhisperSettings,
        latency="instant",
        make=_make,
        sdk="faster_whisper",
        extra="whisper",
    ),
)
