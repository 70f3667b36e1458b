"""What is used of Amazon's SDKs: amazon-transcribe listens, boto3 has Polly.

Everything the adapters call is in the protocols here; `load_transcribe` and `load_polly` give the
real thing when an engine starts, a test gives another. Must not live here: what is asked, and what
an error means (`errors`).
"""

import importlib
from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from antiphon.providers.aws.account import Login

__all__ = [
    "AudioIn",
    "Body",
    "Polly",
    "PollySdk",
    "Stream",
    "Transcribe",
    "TranscribeSdk",
    "load_polly",
    "load_transcribe",
]

# --- amazon-transcribe -----------------------------------------------------------------------


class AudioIn(Protocol):
    """``AudioStream``."""

    async def send_audio_event(self, audio_chunk: bytes) -> None: ...
    async def end_stream(self) -> None: ...


class Stream(Protocol):
    """``StartStreamTranscriptionEventStream``."""

    @property
    def input_stream(self) -> AudioIn: ...
    @property
    def output_stream(self) -> AsyncIterable[Any]:
        """Of ``TranscriptEvent``, and None for what the SDK does not know. It ends without an
        error where the connection is lost."""
        ...


class Transcribe(Protocol):
    """``TranscribeStreamingClient``."""

    async def start_stream_transcription(
        self,
        *,
        media_sample_rate_hz: int,
        media_encoding: str,
        enable_partial_results_stabilization: bool,
        partial_results_stability: str | None,
        **wishes: Any,
    ) -> Stream:
        """``wishes``: a ``language_code`` with its vocabulary, or several to choose from; whether
        speakers are told apart."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribeSdk:
    """The boundary."""

    client: Callable[[Login], Transcribe]
    errors: tuple[type[Exception], ...]
    """All that its calls raise."""


def load_transcribe() -> TranscribeSdk:
    """amazon-transcribe."""
    client = importlib.import_module("amazon_transcribe.client")
    auth = importlib.import_module("amazon_transcribe.auth")
    endpoints = importlib.import_module("amazon_transcribe.endpoints")
    theirs = importlib.import_module("amazon_transcribe.exceptions")
    crt = importlib.import_module("awscrt.exceptions")

    def made(login: Login) -> Transcribe:
        resolver = auth.StaticCredentialResolver(login.key_id, login.secret, login.token or None)
        where = endpoints.StaticEndpointResolver(login.endpoint) if login.endpoint else None
        made: Transcribe = client.TranscribeStreamingClient(
            region=login.region, endpoint_resolver=where, credential_resolver=resolver
        )
        return made

    # OSError: its buffer for outgoing audio is closed when the stream is.
    return TranscribeSdk(client=made, errors=(theirs.SDKError, crt.AwsCrtError, OSError))


# --- boto3 -----------------------------------------------------------------------------------


class Body(Protocol):
    """``StreamingBody``. Its methods block."""

    def read(self, amt: int) -> bytes: ...
    def close(self) -> None: ...


class Polly(Protocol):
    """boto3's client for Polly. Its methods block."""

    def synthesize_speech(self, **request: str) -> Mapping[str, Any]:
        """The answer has a `Body` as ``AudioStream``."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PollySdk:
    """The boundary."""

    client: Callable[[Login, float, float], Polly]
    """With time for connecting and time without an answer; blocks, as it reads the SDK's data."""
    errors: tuple[type[Exception], ...]
    """All that its calls raise."""
    slow: tuple[type[Exception], ...]
    """Those of them that mean it took too long."""
    wrong: tuple[type[Exception], ...]
    """Those that mean it would never do."""


def load_polly() -> PollySdk:
    """boto3."""
    session = importlib.import_module("boto3.session")
    config = importlib.import_module("botocore.config")
    theirs = importlib.import_module("botocore.exceptions")

    def made(login: Login, connect_s: float, silent_s: float) -> Polly:
        made: Polly = session.Session().client(
            "polly",
            region_name=login.region,
            endpoint_url=login.endpoint or None,
            aws_access_key_id=login.key_id,
            aws_secret_access_key=login.secret,
            aws_session_token=login.token or None,
            config=config.Config(
                connect_timeout=connect_s,
                read_timeout=silent_s,
                retries={"total_max_attempts": 1},  # whoever waits has others to ask
                max_pool_connections=16,
            ),
        )
        return made

    return PollySdk(
        client=made,
        errors=(theirs.BotoCoreError, theirs.ClientError),
        slow=(theirs.ConnectTimeoutError, theirs.ReadTimeoutError),
        wrong=(
            theirs.NoCredentialsError,
            theirs.PartialCredentialsError,
            theirs.ParamValidationError,
            theirs.InvalidRegionError,
        ),
    )
