"""Settings of Anthropic's models."""

from typing import Final, Literal

from pydantic import Field

from antiphon.net.account import Account
from antiphon.net.draft import Waits
from antiphon.net.offering import Thinks

__all__ = ["CLAUDE", "ClaudeSettings"]

CLAUDE: Final = Thinks(tools=True, cached_tokens=True)


class ClaudeSettings(Waits):
    """A model of Anthropic's."""

    account: Account
    """Whose account, and where."""
    model: str = Field(min_length=1)
    """As Anthropic calls it: ``claude-haiku-5-5``. With a dot, as people write it, it is the same
    model."""
    thinking: Literal["disabled", "adaptive"] | None = "disabled"
    """Whether it thinks before it speaks, which a caller hears as silence. None: the model's own
    idea; so is what a model that must think makes of ``disabled``."""
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    """How much it puts into an answer. None: the model's own idea."""
    cache: bool = True
    """The vendor keeps what it has read for some minutes. A token costs somewhat more the first
    time it is read, and far less every time after."""
