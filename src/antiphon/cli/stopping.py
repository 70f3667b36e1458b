"""Ending a call that is under way: what Ctrl-C and SIGTERM mean to the commands that hold one.

The first signal hangs up, so that the log and the recording are written to their end; the second
does not wait for that. Outside a call the first one already ends the command.
"""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol, TypeVar

__all__ = ["REASON", "Stopping", "hold"]

T = TypeVar("T")

REASON: Final = "interrupted"
"""Why the call ended, as its log says it."""
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class _HangsUp(Protocol):
    def hang_up(self, reason: str) -> None: ...


class Stopping:
    """What a signal does at the moment. Tell it `begun` when there is a call to hang up."""

    def __init__(self, cancel: Callable[[], object]) -> None:
        self.asked = False
        """Somebody wants it to end."""
        self._cancel = cancel
        self._call: _HangsUp | None = None

    def begun(self, call: _HangsUp) -> None:
        """From now on the first signal ends this call."""
        self._call = call

    def stop(self) -> None:
        """A signal came."""
        if self._call is None or self.asked:
            self._cancel()
        else:
            self._call.hang_up(REASON)
        self.asked = True


def hold(work: Callable[[Stopping], Coroutine[Any, Any, T]]) -> tuple[T, bool]:
    """Run it to its end; what it returns, and whether it was asked to end. Raises
    KeyboardInterrupt where it did not come so far as to return."""

    async def watched() -> tuple[T, bool]:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        stopping = Stopping(task.cancel)
        for number in _SIGNALS:
            loop.add_signal_handler(number, stopping.stop)
        try:
            return await work(stopping), stopping.asked
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
