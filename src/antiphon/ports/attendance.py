"""Who did the work of one port in one call: told by whoever asks providers, kept by the call."""

from typing import Protocol

from antiphon.errors import ProviderError

__all__ = ["Attendance"]


class Attendance(Protocol):
    """All methods return at once."""

    def serves(self, provider: str) -> None:
        """This one does the work now, and well."""
        ...

    def lost(self, error: ProviderError) -> None:
        """One of them failed; another may do."""
        ...

    def nobody(self, error: ProviderError) -> None:
        """All of them failed."""
        ...

    def used(self, provider: str, *, estimated: bool = False, **amounts: float) -> None:
        """What it did, in what it is paid for: ``seconds``, ``open_s``, ``letters``, tokens.
        ``estimated``: it did not say, and we could not count."""
        ...
