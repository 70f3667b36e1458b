"""An ElevenLabs account as the sandbox keeps it, from one request to the next, and its refusals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from starlette.datastructures import UploadFile

from antiphon.providers.elevenlabs.wire import voices
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.vendor import Means

__all__ = ["Account", "account", "detail", "recordings", "refuse"]

NAMES: Final = {
    400: "invalid_request",
    401: "invalid_api_key",
    403: "forbidden",
    404: "voice_not_found",
    422: "invalid_parameters",
    429: "too_many_concurrent_requests",
}
PREMADE: Final = (
    voices.Voice(
        voice_id="JBFqnCBsd6RMkjVDRZzb",
        name="George",
        category="premade",
        labels={"language": "en", "accent": "british"},
    ),
    voices.Voice(
        voice_id="21m00Tcm4TlvDq8ikWAM",
        name="Rachel",
        category="premade",
        labels={"language": "en", "accent": "american"},
    ),
)


@dataclass(slots=True)
class Account:
    """What it holds."""

    known: dict[str, voices.Voice] = field(
        default_factory=lambda: {voice.voice_id: voice for voice in PREMADE}
    )
    gone: set[str] = field(default_factory=set)
    designed: set[str] = field(default_factory=set)
    """Previews that nobody has kept yet."""
    words: dict[str, str] = field(default_factory=dict)
    """What is to be read aloud for a voice."""


def account(means: Means) -> Account:
    """The one account there is."""
    kept: Account = means.kept.setdefault("elevenlabs", Account())
    return kept


def detail(status: int, why: str) -> Mapping[str, Any]:
    """The body of a refusal."""
    return {"detail": {"status": NAMES.get(status, "error"), "message": why}}


async def refuse(exchange: Exchange, status: int, why: str) -> None:
    """Say no."""
    await exchange.answer(msgspec.json.encode(detail(status, why)), status=status)


def recordings(form: Any, field: str) -> list[UploadFile]:
    """Those of a form; none where one of them is empty."""
    files = [each for each in form.getlist(field) if isinstance(each, UploadFile)]
    return files if all(each.size for each in files) else []
