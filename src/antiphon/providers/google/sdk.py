"""What is used of Google's SDKs, and where their errors become ours.

Everything the adapters call is in `Sdk`; `load_speech` and `load_voice` fill it with the real thing
when an engine starts, a test with another. Requests are mappings: the SDK takes them wherever it
takes its own messages. Must not live here: what is asked.
"""

import importlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.net.refusal import washed

__all__ = ["Call", "Client", "Key", "Request", "Sdk", "load_speech", "load_voice", "translated"]

SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
REFUSALS: Final = (
    "INVALID_ARGUMENT NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED UNAUTHENTICATED "
    "FAILED_PRECONDITION UNIMPLEMENTED"
).split()
"""OUT_OF_RANGE and ABORTED are not among them: so ends a stream that was open too long, or was
not sent enough audio."""

KINDS: Final = {
    "service_account": ("google.oauth2.service_account", "from_service_account_info"),
    "authorized_user": ("google.oauth2.credentials", "from_authorized_user_info"),
    "external_account": ("google.auth.identity_pool", "from_info"),
}
"""Of credentials files, and what reads them."""

Request: TypeAlias = Mapping[str, Any]


class Call(Protocol):
    """A stream of answers."""

    def __aiter__(self) -> AsyncIterator[Any]: ...
    def cancel(self) -> bool: ...


Streaming: TypeAlias = Callable[[AsyncIterator[Request]], Awaitable[Call]]


class Client(Protocol):
    """Of ``SpeechAsyncClient`` and ``TextToSpeechAsyncClient``: the one streaming method that is
    used, and the way to close it."""

    @property
    def stream(self) -> Streaming: ...
    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Credentials, and the project they belong to."""

    credentials: Any
    project: str
    """Empty where the file does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdk:
    """The boundary."""

    key: Callable[[str], Key]
    """Reads a credentials file; blocks. Raises one of ``errors``, OSError or ValueError."""
    client: Callable[[Any, str], Client]
    """With these credentials, at this host; empty: the vendor's own."""
    errors: tuple[type[Exception], ...]
    """All that its calls raise."""


def translated(error: Exception, provider: str) -> ProviderError:
    """What an error of theirs means."""
    status = getattr(getattr(error, "grpc_status_code", None), "name", "")
    said = washed(getattr(error, "message", "") or str(error) or type(error).__name__, ())
    said = f"{status}: {said}" if status else said
    if status == "RESOURCE_EXHAUSTED":
        return AtCapacity(said, provider=provider, retry_after_s=_retry_after_s(error))
    if status == "DEADLINE_EXCEEDED":
        return TimedOut(said, provider=provider)
    # An error of the credentials has no status, and says itself whether it may pass.
    if status in REFUSALS or (not status and not getattr(error, "retryable", True)):
        return Rejected(said, provider=provider)
    return Unavailable(said, provider=provider)


def _retry_after_s(error: Exception) -> float | None:
    """From ``google.rpc.RetryInfo`` among the details."""
    for detail in getattr(error, "details", None) or ():
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return float(delay.seconds) + float(delay.nanos) / 1e9
    return None


# --- the real ones ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Client:
    stream: Streaming
    client: Any

    async def aclose(self) -> None:
        await self.client.transport.close()


def load_speech() -> Sdk:
    """google-cloud-speech."""
    module = importlib.import_module("google.cloud.speech_v2")
    return _sdk(module.SpeechAsyncClient, "streaming_recognize")


def load_voice() -> Sdk:
    """google-cloud-texttospeech."""
    module = importlib.import_module("google.cloud.texttospeech")
    return _sdk(module.TextToSpeechAsyncClient, "streaming_synthesize")


def _sdk(kind: Any, method: str) -> Sdk:
    api = importlib.import_module("google.api_core.exceptions")
    auth = importlib.import_module("google.auth.exceptions")

    def client(credentials: Any, host: str) -> Client:
        made = kind(
            credentials=credentials, client_options={"api_endpoint": host} if host else None
        )
        return _Client(getattr(made, method), made)

    return Sdk(key=_key, client=client, errors=(api.GoogleAPIError, auth.GoogleAuthError))


def _key(path: str) -> Key:
    known = json.loads(Path(path).read_text())
    kind = known.get("type") if isinstance(known, dict) else None
    if kind not in KINDS:
        raise ValueError(f"credentials of type {kind!r} are not read")
    module, method = KINDS[kind]
    made = getattr(importlib.import_module(module).Credentials, method)(known, scopes=SCOPES)
    project = known.get("project_id") or known.get("quota_project_id") or ""
    return Key(credentials=made, project=project)
