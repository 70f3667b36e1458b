"""What an error of Amazon's SDKs means, each translated here and nowhere else.

Their messages may repeat the key's id, so it is washed out of them.
"""

from collections.abc import Mapping
from typing import Any, Final

from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.net.refusal import refusal, washed
from antiphon.providers.aws.account import Login
from antiphon.providers.aws.sdk import PollySdk

__all__ = ["of_polly", "of_transcribe"]

LIMITS: Final = (
    "LimitExceededException Throttling ThrottlingException TooManyRequestsException "
    "RequestLimitExceeded RequestThrottled"
).split()
WRONG: Final = (
    "BadRequestException SerializationException SerializerException ValidationException "
    "CredentialsException"
).split()
STARVED: Final = "timed out"
"""In the words of a bad request that is none: the stream was not sent audio for 15 seconds."""


def of_transcribe(error: Exception, login: Login, provider: str) -> ProviderError:
    """An error of amazon-transcribe, or of the library below it."""
    # What the SDK does not know has its code beside it; the rest is known by its class.
    name = str(getattr(error, "error_code", "") or type(error).__name__)
    text = str(getattr(error, "message", "") or error)
    said = washed(f"{name}: {text}", (login.key_id, login.secret, login.token))
    if name in LIMITS:
        return AtCapacity(said, provider=provider)
    if name in WRONG:
        starved = STARVED in text
        return (TimedOut if starved else Rejected)(said, provider=provider)
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return refusal(status, {}, said, provider=provider)
    return Unavailable(said, provider=provider)


def of_polly(error: Exception, sdk: PollySdk, login: Login, provider: str) -> ProviderError:
    """An error of boto3."""
    secrets = (login.key_id, login.secret, login.token)
    said = washed(f"{type(error).__name__}: {error}", secrets)
    if isinstance(error, sdk.slow):
        return TimedOut(said, provider=provider)
    if isinstance(error, sdk.wrong):
        return Rejected(said, provider=provider)
    answer: Mapping[str, Any] | None = getattr(error, "response", None)
    if not answer:
        return Unavailable(said, provider=provider)
    about = answer.get("ResponseMetadata", {})
    limited = answer.get("Error", {}).get("Code") in LIMITS
    status = 429 if limited else int(about.get("HTTPStatusCode", 500))
    return refusal(status, about.get("HTTPHeaders", {}), said, provider=provider)
