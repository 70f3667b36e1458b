"""Deepgram's engines, as they are listed and made."""

from functools import partial
from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.deepgram import voices
from antiphon.providers.deepgram.flux import SEVERAL
from antiphon.providers.deepgram.flux_tts import FluxSynthesiser
from antiphon.providers.deepgram.settings import (
    AURA,
    FLUX,
    FLUX_TTS,
    NOVA,
    AuraSettings,
    FluxSettings,
    FluxTtsSettings,
    NovaSettings,
)
from antiphon.providers.deepgram.stt import FluxRecogniser, NovaRecogniser
from antiphon.providers.deepgram.tts import AuraSynthesiser

__all__ = ["OFFERS"]


def _nova(offer: Offer, order: Order) -> NovaRecogniser:
    return NovaRecogniser(order.settings(NovaSettings, account=order.account(offer)))


def _flux(offer: Offer, order: Order) -> FluxRecogniser:
    return FluxRecogniser(order.settings(FluxSettings, account=order.account(offer)))


def _aura(offer: Offer, order: Order) -> AuraSynthesiser:
    return AuraSynthesiser(order.settings(AuraSettings, account=order.account(offer)))


def _flux_tts(offer: Offer, order: Order) -> FluxSynthesiser:
    return FluxSynthesiser(order.settings(FluxTtsSettings, account=order.account(offer)))


_offer = partial(
    Offer,
    proof="wire",
    key="DEEPGRAM_API_KEY",
    address="DEEPGRAM_BASE_URL",
    home="https://api.deepgram.com",
)

OFFERS: Final = (
    _offer(name="deepgram/nova-3", port="stt", can=NOVA, settings=NovaSettings, make=_nova),
    _offer(
        name="deepgram/flux",
        port="stt",
        can=FLUX,
        settings=FluxSettings,
        make=_flux,
        several=SEVERAL,
    ),
    _offer(
        name="deepgram/aura-2",
        port="tts",
        can=AURA,
        settings=AuraSettings,
        make=_aura,
        voices=lambda *_: voices.AURA,
        voices_note=voices.SOURCE,
    ),
    _offer(
        name="deepgram/flux-tts",
        port="tts",
        can=FLUX_TTS,
        settings=FluxTtsSettings,
        make=_flux_tts,
        voices=lambda *_: voices.FLUX,
        voices_note=voices.SOURCE,
    ),
)
