"""What a vendor's refusal means, whichever way it came: an HTTP status becomes one of our errors.

Lives here: the translation, and the washing of a vendor's words before they are shown: they may
repeat the key they were sent. Must not live here: any library's exceptions.
"""

import email.utils
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec

from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable

__all__ = ["EMPTY_S", "in_words", "refusal", "washed"]

EMPTY_S: Final = 60.0
"""An account that is used up is left alone for so long: it is no wrong key, for which nothing would
start, and nothing that passes in seconds."""
SAID_LETTERS: Final = 200
_WORDS_IN: Final = ("message", "detail", "error", "err_msg", "error_description", "description")
"""Where vendors put the words of a refusal, or another object that has them."""
_CODE_IN: Final = ("code", "status", "type", "error_code", "err_code", "error_type")
"""Where the name of what went wrong stands, beside the words: adapters and searches know it."""


def refusal(status: int, headers: Mapping[str, str], said: str, *, provider: str) -> ProviderError:
    """``said`` is washed already; ``headers`` are looked up in lower case."""
    after_s = _retry_after_s(headers)
    match status:
        case 429 | 529:  # 529: "overloaded", one vendor's own
            return AtCapacity(said, provider=provider, retry_after_s=after_s)
        case 402:  # somebody has to pay first
            return AtCapacity(said, provider=provider, retry_after_s=EMPTY_S)
        case 401 | 403 if "quota" in said.lower():  # some say so in place of 429
            return AtCapacity(said, provider=provider, retry_after_s=EMPTY_S)
        case 408 | 504:
            return TimedOut(said, provider=provider, retry_after_s=after_s)
        case _ if 400 <= status < 500:
            return Rejected(said, provider=provider, retry_after_s=after_s)
        case _:
            return Unavailable(said, provider=provider, retry_after_s=after_s)


def in_words(body: str) -> str:
    """What a person can read in the body of a refusal; all of it where it is not JSON, or has
    no place for words that we know."""
    try:
        told = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    return _words(told) or body


def _words(told: Any) -> str:
    if isinstance(told, str):
        return told
    if not isinstance(told, dict):
        return ""
    words = next((words for name in _WORDS_IN if (words := _words(told.get(name)))), "")
    code = next((code for name in _CODE_IN if isinstance(code := told.get(name), str)), "")
    return f"{code}: {words}" if words and code and code not in words else words


def washed(said: str, secrets: Iterable[str]) -> str:
    """A vendor's words, short and without what we sent as our secret."""
    for value in secrets:
        for secret in (value, value.rpartition(" ")[2]):
            said = said.replace(secret, "***") if len(secret) > 3 else said
    return " ".join(said.split())[:SAID_LETTERS]


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds, or a date to be compared with the vendor's own; None where it is neither."""
    if in_ms := headers.get("retry-after-ms"):
        with suppress(ValueError):
            return max(0.0, float(in_ms) / 1000)
    value, date = headers.get("retry-after"), headers.get("date")
    if value is None:
        return None
    with suppress(ValueError):
        return max(0.0, float(value))
    with suppress(ValueError, TypeError):
        then, now = (email.utils.parsedate_to_datetime(when or "") for when in (value, date))
        return max(0.0, (then - now).total_seconds())
    return None
