"""Where a call writes what happened to it, as it happens."""

from typing import Protocol

from antiphon.actions import Action
from antiphon.events import Event


class Journal(Protocol):
    """The call log. Neither method may block or raise: a full disk must not end a call, so a
    journal that cannot write counts what it lost and says so when it is closed."""

    def event(self, event: Event, now_s: float) -> None:
        """An input, before the machines are told."""
        ...

    def actions(self, actions: list[Action], now_s: float) -> None:
        """What the machines made of it."""
        ...

    def tick(self, now_s: float) -> None:
        """The timer fired: time itself is an input too."""
        ...

    def note(self, name: str, now_s: float, /, **fields: object) -> None:
        """Something worth keeping that is not an input: a warning, a measurement."""
        ...

    def close(self) -> None:
        """Flush, and say what was lost."""
        ...
