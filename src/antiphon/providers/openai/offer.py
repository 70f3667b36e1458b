"""OpenAI's engines, as they are listed and made."""

from typing import Final

from antiphon.net.offering import Offer

__all__ = ["OFFERS"]

OFFERS: Final[tuple[Offer, ...]] = ()
