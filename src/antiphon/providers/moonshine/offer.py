"""Moonshine, as it is listed and made."""

from typing import Final

from antiphon.net.offering import Hears, Offer, Order
from antiphon.providers.moonshine.settings import MoonshineSettings
from antiphon.providers.moonshine.stt import MoonshineRecogniser

__all__ = ["OFFERS"]


def _make(_: Offer, order: Order) -> MoonshineRecogniser:
    model = order.models("moonshine-tiny-en")
    return MoonshineRecogniser(order.settings(MoonshineSettings, model=model))


OFFERS: Final = (
    Offer(
        name="local/moonshine",
        port="stt",
        can=Hears(
            streaming=True,
            word_times=False,
            finalise=True,
            end_of_turn="none",
            keep_alive="none",
            keyterms=False,
            encodings=("linear16",),
            rates_hz=(16_000,),
            languages=("en",),
        ),
        proof="local",
        settings=MoonshineSettings,
        latency="instant",
        make=_make,
        notes="English",
    ),
)
