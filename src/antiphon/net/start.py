"""What every adapter does at the start of a process: try its vendor once, before a call does.

Lives here: what the outcome means. Must not live here: what is asked; that is the vendor's.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from antiphon.errors import ProviderError, Rejected

__all__ = ["trial"]

log: Final = logging.getLogger(__name__)


@contextmanager
def trial() -> Iterator[None]:
    """For the block that asks a vendor for something small. Raises `Rejected`, for a wrong key or
    setting; a vendor that is away for the moment is only logged, and does not keep the process
    from starting."""
    try:
        yield
    except Rejected:
        raise
    except ProviderError as error:
        log.warning("not reached at start, will be tried again: %s", error)
