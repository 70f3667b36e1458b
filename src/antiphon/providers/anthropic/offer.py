"""Anthropic's models, as they are listed and made."""

from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.anthropic.llm import Claude
from antiphon.providers.anthropic.settings import CLAUDE, ClaudeSettings

__all__ = ["OFFERS"]


def _make(offer: Offer, order: Order) -> Claude:
    model = order.model.replace(".", "-")  # claude-haiku-5.5, as people write it
    return Claude(
        order.name, order.settings(ClaudeSettings, account=order.account(offer), model=model)
    )


OFFERS: Final = (
    Offer(
        name="anthropic/*",
        port="llm",
        can=CLAUDE,
        proof="wire",
        settings=ClaudeSettings,
        make=_make,
        key="ANTHROPIC_API_KEY",
        address="ANTHROPIC_BASE_URL",
        home="https://api.anthropic.com",
        sdk="anthropic",
        extra="anthropic",
        notes="takes no temperature: the same question may be answered in other words",
    ),
)
