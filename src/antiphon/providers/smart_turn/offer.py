"""Smart Turn, as it is listed and made."""

from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.smart_turn.endpoint import SmartTurn
from antiphon.providers.smart_turn.settings import SmartTurnSettings

__all__ = ["OFFERS"]


def _make(_: Offer, order: Order) -> SmartTurn:
    return SmartTurn(order.settings(SmartTurnSettings, model=order.models("smart-turn")))


OFFERS: Final = (
    Offer(
        name="local/smart-turn",
        port="endpoint",
        can=None,
        proof="local",
        settings=SmartTurnSettings,
        latency="instant",
        make=_make,
    ),
)
