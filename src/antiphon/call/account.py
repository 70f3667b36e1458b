"""What is written down of a call, and shown to those who look on.

The call log gets everything, in order, before anything is done about it. Whoever looks on gets
the same; one that fails is done without and noted.
"""

import functools
import traceback
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from antiphon.actions import Action
from antiphon.events import Event
from antiphon.ports.journal import Journal

__all__ = ["Account", "Watcher", "leaves", "short"]


Marks: TypeAlias = tuple[tuple[int, int], ...]


class Watcher(Protocol):
    """Whoever looks on: a terminal, a caller's screen. Must return at once."""

    def event(self, event: Event, now: float) -> None: ...
    def actions(self, actions: list[Action], now: float) -> None: ...

    def spoken(self, reply: int, text: str, marks: Marks) -> None:
        """More of what the agent says, and by which sample of its audio how many characters of
        this text are heard."""
        ...


class Account:
    """One call's. ``now`` is the time since the call began."""

    def __init__(
        self, journal: Journal, watchers: Sequence[Watcher], now: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._watchers = list(watchers)
        self._now = now

    def told(self, event: Event, now: float) -> None:
        """An input."""
        self._journal.event(event, now)
        self._show(lambda watcher: watcher.event(event, now))

    def ticked(self, now: float) -> None:
        """The time is an input too."""
        self._journal.tick(now)

    def ordered(self, actions: list[Action], now: float) -> None:
        """What came of it."""
        self._journal.actions(actions, now)
        self._show(lambda watcher: watcher.actions(actions, now))

    def spoken(self, reply: int, text: str, marks: Marks) -> None:
        """Words found their place in the agent's audio."""
        self._show(lambda watcher: watcher.spoken(reply, text, marks))

    def note(self, name: str, /, **fields: object) -> None:
        """Something worth keeping that is no input."""
        self._journal.note(name, self._now(), **fields)

    def trouble(self, error: Exception) -> None:
        """A bug, ours or an adapter's: all that is known of it, for whoever mends it."""
        self.note("trouble", why=short(error), trace="".join(traceback.format_exception(error)))

    def attempt(self, what: str, act: Callable[[], None]) -> bool:
        """Do what the call can do without; whether it went well."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - a screen or a recorder must not end a call
            self.note(f"{what}_lost", why=short(error))
            return False
        return True

    def close(self) -> None:
        """Nothing more will come."""
        self._journal.close()

    def _show(self, act: Callable[[Watcher], None]) -> None:
        for watcher in tuple(self._watchers):
            if not self.attempt("watcher", functools.partial(act, watcher)):
                self._watchers.remove(watcher)


def short(error: Exception) -> str:
    """An error in a line."""
    return f"{type(error).__name__}: {error}"


def leaves(error: Exception) -> list[Exception]:
    """What really happened, without the groups of the tasks it came through."""
    if not isinstance(error, ExceptionGroup):
        return [error]
    return [leaf for inner in error.exceptions for leaf in leaves(inner)]
