"""The XTTS server's voice, as it is listed and made."""

from typing import Final

from antiphon.net.cloning import Clips
from antiphon.net.offering import Offer, Order
from antiphon.providers.xtts.settings import XTTS, XttsSettings
from antiphon.providers.xtts.tts import XttsSynthesiser
from antiphon.providers.xtts.unkept import StudioVoices
from antiphon.providers.xtts.voices import XttsVoices

__all__ = ["OFFERS"]


def _server(offer: Offer, order: Order) -> XttsSynthesiser:
    return XttsSynthesiser(order.settings(XttsSettings, account=order.account(offer)))


def _voices(offer: Offer, order: Order) -> XttsVoices:
    settings = order.settings(XttsSettings, account=order.account(offer))
    if settings.voices is None:
        return StudioVoices(settings.account)
    return XttsVoices(settings.account, settings.voices)


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
        voices=_voices,
        voices_note="those of the server, and those cloned into the folder that `voices` names",
        clips=Clips(
            shortest_s=3.0, advice="six seconds or more of one person, without noise (unconfirmed)"
        ),
    ),
)
