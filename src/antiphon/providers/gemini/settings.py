"""Settings of Gemini models."""

from typing import Final, Literal

from pydantic import Field

from antiphon.net.account import Account
from antiphon.net.draft import Waits
from antiphon.net.offering import Thinks

__all__ = ["GEMINI", "GeminiSettings"]

GEMINI: Final = Thinks(tools=True, cached_tokens=True)


class GeminiSettings(Waits):
    """A Gemini model."""

    account: Account
    """Whose account, and where."""
    model: str = Field(min_length=1)
    """As Google calls it: ``gemini-3.8-flash``."""
    thinking: Literal["minimal", "low", "medium", "high"] | None = "minimal"
    """How much it thinks before it speaks, which a caller hears as silence, and which counts as
    part of the answer's length. None, and for models that do not know such levels: the model's
    own idea."""
