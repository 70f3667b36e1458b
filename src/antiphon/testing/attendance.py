"""Somebody who writes down who served a port: an `Attendance` for tests."""

from dataclasses import dataclass, field

from antiphon.errors import ProviderError

__all__ = ["Attendees"]


@dataclass(slots=True)
class Attendees:
    """Everything that was told, in order."""

    serving: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    deserted: list[str] = field(default_factory=list)
    worked: list[tuple[str, dict[str, float]]] = field(default_factory=list)

    def serves(self, provider: str) -> None:
        self.serving.append(provider)

    def lost(self, error: ProviderError) -> None:
        self.losses.append(str(error))

    def nobody(self, error: ProviderError) -> None:
        self.deserted.append(str(error))

    def used(self, provider: str, *, estimated: bool = False, **amounts: float) -> None:
        told = {**amounts, "estimated": True} if estimated else amounts
        self.worked.append((provider, told))
