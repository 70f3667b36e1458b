"""How well a call is served: who hears, thinks and speaks for it, and what is left where they
fail. Pure.

    level 0   everybody is whom the agent file prefers
          1   somebody stands in; the caller may hear another voice, and loses nothing
          2   nobody thinks: only what is written down is said
          3   nobody hears, or nobody speaks: the caller is told, and soon taken leave of

Lives here: the levels and the notes in the call log. Must not live here: what the caller is told
(dialog), and who is tried next (`antiphon.net.roster`).
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from antiphon.errors import ProviderError
from antiphon.ports.attendance import Attendance

__all__ = ["Health"]

WITHOUT: Final[Mapping[str, int]] = {"llm": 2, "stt": 3, "tts": 3}
"""The level where nobody serves a port."""
LOST: Final[Mapping[str, str]] = {
    "llm": "model_lost",
    "stt": "recogniser_lost",
    "tts": "voice_lost",
}


class _Note(Protocol):
    def __call__(self, name: str, /, **fields: object) -> None: ...


class Health:
    """One call's."""

    def __init__(self, preferred: Mapping[str, tuple[str, ...]], note: _Note) -> None:
        """``preferred`` names providers for each port that has any."""
        self._preferred, self._note = dict(preferred), note
        self._levels = dict.fromkeys(preferred, 0)
        self._serving = {port: names[0] for port, names in preferred.items()}

    @property
    def level(self) -> int:
        """The worst of all ports."""
        return max(self._levels.values(), default=0)

    def of(
        self,
        port: str,
        *,
        deserted: Callable[[ProviderError], None] | None = None,
        served: Callable[[], None] | None = None,
    ) -> Attendance:
        """Who is told about a port. ``deserted`` is called when nobody serves it any more, and
        ``served`` when somebody does again."""
        return _Port(self, port, deserted, served)

    def note(self, name: str, /, **fields: object) -> None:
        """Into the call log."""
        self._note(name, **fields)

    def stands(self, port: str, provider: str) -> int:
        """Somebody serves a port. Returns the level it was at."""
        level = 0 if provider in self._preferred.get(port, (provider,)) else 1
        return self._settle(port, level, provider)

    def is_deserted(self, port: str) -> int:
        """Nobody does. Returns the level it was at."""
        return self._settle(port, WITHOUT[port], "nobody")

    def _settle(self, port: str, level: int, by: str) -> int:
        before, served_by = self._levels.get(port, 0), self._serving.get(port, by)
        self._levels[port], self._serving[port] = level, by
        if before != level or served_by != by:
            self._note("served", port=port, by=by, level=self.level)
        return before


class _Port:
    def __init__(
        self,
        health: Health,
        port: str,
        deserted: Callable[[ProviderError], None] | None,
        served: Callable[[], None] | None,
    ) -> None:
        self._health, self._port = health, port
        self._deserted, self._served = deserted, served

    def serves(self, provider: str) -> None:
        before = self._health.stands(self._port, provider)
        if before == WITHOUT[self._port] and self._served:
            self._served()

    def lost(self, error: ProviderError) -> None:
        self._health.note(LOST[self._port], why=str(error))

    def nobody(self, error: ProviderError) -> None:
        before = self._health.is_deserted(self._port)
        if before != WITHOUT[self._port] and self._deserted:
            self._deserted(error)

    def used(self, provider: str, *, estimated: bool = False, **amounts: float) -> None:
        worth: dict[str, object] = {
            name: round(amount, 3) for name, amount in amounts.items() if amount
        }
        if worth:
            worth |= {"estimated": True} if estimated else {}
            self._health.note("used", port=self._port, provider=provider, **worth)
