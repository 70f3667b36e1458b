"""Gemini's models, as they are listed and made."""

from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.gemini.llm import Gemini
from antiphon.providers.gemini.settings import GEMINI, GeminiSettings

__all__ = ["OFFERS"]


def _make(offer: Offer, order: Order) -> Gemini:
    settings = order.settings(GeminiSettings, account=order.account(offer), model=order.model)
    return Gemini(order.name, settings)


OFFERS: Final = (
    Offer(
        name="gemini/*",
        port="llm",
        can=GEMINI,
        proof="wire",
        settings=GeminiSettings,
        make=_make,
        key="GOOGLE_API_KEY",
        address="GEMINI_BASE_URL",
        home="https://generativelanguage.googleapis.com",
        sdk="google.genai",
        extra="gemini",
    ),
)
