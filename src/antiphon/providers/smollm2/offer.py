"""SmolLM2, as it is listed and made."""

from typing import Final

from antiphon.net.offering import Offer, Order, Thinks
from antiphon.providers.smollm2.llm import SmolLM2
from antiphon.providers.smollm2.settings import SmolLM2Settings

__all__ = ["OFFERS"]


def _make(_: Offer, order: Order) -> SmolLM2:
    return SmolLM2(order.settings(SmolLM2Settings, model=order.models("smollm2-135m")))


OFFERS: Final = (
    Offer(
        name="local/smollm2",
        port="llm",
        can=Thinks(tools=False, local=True),
        proof="local",
        settings=SmolLM2Settings,
        latency="instant",
        make=_make,
        notes="small talk, never facts",
    ),
)
