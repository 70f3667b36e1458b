"""Time in a pretended world: what will happen when, and facts that travel for a while."""

import heapq
from collections import Counter
from collections.abc import Callable

from tests.properties.script import Dice

from antiphon.events import Event

__all__ = ["Time"]


class Time:
    """A heap of things to happen. Facts of one source are told in their order."""

    def __init__(self, dice: Dice, told: Callable[[Event], None]) -> None:
        self.dice = dice
        self.now = 0.0
        self.on_the_way: Counter[str] = Counter()
        """Facts that are not told yet, by source."""
        self._told = told
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = 0
        self._last_told: dict[str, float] = {}

    def at(self, when: float, what: Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (max(when, self.now), self._serial, what))

    def after(self, delay_s: float, what: Callable[[], None]) -> None:
        self.at(self.now + delay_s, what)

    def tell(self, event: Event, source: str) -> None:
        """Told a little later, if the dice say so."""
        when = self.now + (self.dice.between(0, 0.06) if self.dice.happens(0.4) else 0.0)
        when = self._last_told[source] = max(when, self._last_told.get(source, 0.0))
        self.on_the_way[source] += 1

        def arrive() -> None:
            self.on_the_way[source] -= 1
            self._told(event)

        self.at(when, arrive)

    def coming(self) -> float | None:
        """When the next thing happens."""
        return self._heap[0][0] if self._heap else None

    def step(self) -> None:
        """Let it happen."""
        self.now, _, what = heapq.heappop(self._heap)
        what()
