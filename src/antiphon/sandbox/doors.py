"""Every vendor the sandbox pretends: where WebSockets are opened, where HTTP requests are made.

A line for each vendor and kind; what is behind it stands in the vendor's folder.
"""

from typing import Final

from antiphon.sandbox.azure import doors as azure
from antiphon.sandbox.deepgram import doors as deepgram
from antiphon.sandbox.vendor import Desk, Door

__all__ = ["DESKS", "DOORS"]

DOORS: Final[tuple[Door, ...]] = (*deepgram.DOORS,)
DESKS: Final[tuple[Desk, ...]] = (*azure.DESKS,)
