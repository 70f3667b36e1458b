"""Settings of language models that speak one of OpenAI's protocols, its own and others'."""

from typing import Final

from pydantic import Field

from antiphon.net.account import Account
from antiphon.net.draft import Waits
from antiphon.net.offering import Thinks

__all__ = ["COMPATIBLE", "THINKS", "ChatSettings", "ResponsesSettings"]

THINKS: Final = Thinks(tools=True, cached_tokens=True)
COMPATIBLE: Final = Thinks(tools=True)
"""Whether it knows tools depends on how the server was started."""


class ChatSettings(Waits):
    """A model behind chat completions."""

    account: Account
    """Whose account, and where."""
    model: str = Field(min_length=1)
    """As the server calls it."""
    reasoning_effort: str | None = None
    """How much a reasoning model thinks before it speaks; on a telephone the least it knows
    (``none`` or ``minimal``). None: the model's own idea."""


class ResponsesSettings(ChatSettings):
    """A model behind the Responses API."""

    store: bool = False
    """The vendor keeps what was said, and shows it in its dashboard."""
