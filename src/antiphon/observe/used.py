"""What a call used of its providers, out of its log. Pure.

A call notes what it used as it goes, one ``used`` note for each connection or request:

    {"t": 9.1, "note": "used", "port": "stt", "provider": "deepgram/nova-3", "seconds": 8.4,
     "open_s": 9.0}
    {"t": 4.2, "note": "used", "port": "tts", "provider": "elevenlabs/flash", "letters": 41}
    {"t": 3.9, "note": "used", "port": "llm", "provider": "anthropic/claude-haiku-5.5",
     "prompt_tokens": 412, "cached_tokens": 0, "reply_tokens": 23}

``"estimated": true`` is added where the provider did not count.

Must not live here: what it cost (`cost`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from antiphon.observe.logreader import Line, Noted

__all__ = ["NOTE", "Used", "uses"]

NOTE: Final = "used"

_NAMES: Final = ("port", "provider", "model")
_AMOUNTS: Final = (
    "seconds",
    "open_s",
    "letters",
    "prompt_tokens",
    "cached_tokens",
    "reply_tokens",
    "audio_tokens",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one connection or one request used; None: it does not say. Amounts of nothing need
    not be said."""

    port: str
    """``stt``, ``tts``, ``llm``, ``endpoint`` or ``line``."""
    provider: str
    """As the agent file names it."""
    model: str = ""
    """Which of its models; empty: what follows the vendor's name."""
    seconds: float | None = None
    """Of audio, as it was fed."""
    open_s: float | None = None
    """How long the connection was open."""
    letters: int | None = None
    """That were to be spoken; those that were cancelled in time are not among them."""
    prompt_tokens: int | None = None
    """Of the whole request."""
    cached_tokens: int | None = None
    """Of those, how many had been read before."""
    reply_tokens: int | None = None
    audio_tokens: int | None = None
    """Of all tokens, how many stood for sound."""
    estimated: bool = False
    """The provider did not count its tokens: they are reckoned from letters."""


def uses(lines: Iterable[Line]) -> list[Used]:
    """What the log of a call says was used. An amount that is no number is left out."""
    found = []
    for line in lines:
        if isinstance(line, Noted) and line.name == NOTE:
            names: dict[str, Any] = {k: str(line.fields.get(k, "")) for k in _NAMES}
            estimated = line.fields.get("estimated") is True
            found.append(Used(**names, **_amounts(line.fields), estimated=estimated))
    return found


def _amounts(fields: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: fields.get(name) for name in _AMOUNTS}
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    }
