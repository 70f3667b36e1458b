"""The XTTS server's voice, as it is listed and made."""

from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.xtts.settings import XTTS, XttsSettings
from antiphon.providers.xtts.tts import XttsSynthesiser

__all__ = ["OFFERS"]


def _server(offer: Offer, order: Order) -> XttsSynthesiser:
    return XttsSynthesiser(order.settings(XttsSettings, account=order.account(offer)))


OFFERS: Final = (
    Offer(
        name="xtts/server",
        port="tts",
        can=XTTS,
        proof="wire",
        settings=XttsSettings,
        make=_server,
        address="XTTS_URL",
        home="http://localhost:8000",
        notes="run coqui-ai/xtts-streaming-server; its model's licence is not for business",
    ),
)
