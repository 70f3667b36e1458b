"""OpenAI's WebSocket and requests as the sandbox serves them: keys, parameters, refusals."""

from typing import Final

from antiphon.sandbox.vendor import Desk, Door

__all__ = ["DESKS", "DOORS"]

DOORS: Final[tuple[Door, ...]] = ()
DESKS: Final[tuple[Desk, ...]] = ()
