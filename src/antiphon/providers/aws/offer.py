"""Amazon's engines, as they are listed and made."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.aws import stt, tts
from antiphon.providers.aws.account import REGION, Secrets
from antiphon.providers.aws.sdk import PollySdk, TranscribeSdk, load_polly, load_transcribe
from antiphon.providers.aws.settings import POLLY, TRANSCRIBE, PollySettings, TranscribeSettings

__all__ = ["OFFERS", "make_polly", "make_transcribe"]


def _given(offer: Offer, order: Order) -> dict[str, Any]:
    """What the environment says; a region there is for agent files that name none."""
    given: dict[str, Any] = {
        "account": order.account(offer),
        "secrets": Secrets.of(order.environ, order.name),
    }
    if "region" not in order.options:
        environ = order.environ
        region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or REGION
        given["region"] = region
    return given


def make_transcribe(
    offer: Offer, order: Order, sdk: Callable[[], TranscribeSdk] = load_transcribe
) -> stt.TranscribeRecogniser:
    settings = order.settings(TranscribeSettings, **_given(offer, order))
    return stt.TranscribeRecogniser(settings, sdk)


def make_polly(
    offer: Offer, order: Order, sdk: Callable[[], PollySdk] = load_polly
) -> tts.PollySynthesiser:
    return tts.PollySynthesiser(order.settings(PollySettings, **_given(offer, order)), sdk)


_offer = partial(Offer, proof="sdk boundary", key="AWS_ACCESS_KEY_ID", extra="aws")
_KEYS: Final = "wants AWS_SECRET_ACCESS_KEY too, and AWS_SESSION_TOKEN with temporary keys"

OFFERS: Final = (
    _offer(
        name="aws/transcribe",
        port="stt",
        can=TRANSCRIBE,
        settings=TranscribeSettings,
        make=make_transcribe,
        address="AWS_ENDPOINT_URL_TRANSCRIBE_STREAMING",
        home=stt.HOME,
        sdk="amazon_transcribe",
        notes=(
            f"through Amazon's SDK, tested with a fake in its place; {_KEYS}; "
            "every final ends a stream and the next words begin another"
        ),
    ),
    _offer(
        name="aws/polly",
        port="tts",
        can=POLLY,
        settings=PollySettings,
        make=make_polly,
        address="AWS_ENDPOINT_URL_POLLY",
        home=tts.HOME,
        sdk="boto3",
        notes=f"through Amazon's SDK, tested with a fake in its place; {_KEYS}",
        voices_note="Amazon's own tool lists a region's: aws polly describe-voices --engine neural",
    ),
)
