"""Latencies of many turns as a few figures. Pure."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from antiphon.observe.latency import STAGES, TurnLatency

__all__ = ["RANKS", "percentile", "spread", "summary"]

RANKS: Final = (50, 75, 95, 99)


def percentile(values: Sequence[float], rank: float) -> float:
    """Nearest rank: the smallest value that at least ``rank`` percent of them do not exceed.
    Always one of the values, never something in between. Raises `ValueError` on none."""
    if not values:
        raise ValueError("no values, no percentile")
    return sorted(values)[max(0, math.ceil(rank / 100 * len(values)) - 1)]


def spread(values: Sequence[float]) -> dict[str, float | int | None]:
    """p50, p75, p95 and p99 by nearest rank, and how many values there are."""
    ranks = {f"p{rank}": percentile(values, rank) if values else None for rank in RANKS}
    return {**ranks, "n": len(values)}


def summary(answered: Iterable[TurnLatency]) -> dict[str, Any]:
    """The figures of a call, in milliseconds, ready for JSON."""
    answered = list(answered)
    stages = [stage for turn in answered for stage in turn.stages]
    guesses = [turn.guessing for turn in answered]
    return {
        "total_ms": spread([turn.total_ms for turn in answered if turn.total_ms is not None]),
        "stages_ms": {
            name: spread([stage.ms for stage in stages if stage.name == name]) for name in STAGES
        },
        "guesses": {kind: guesses.count(kind) for kind in ("hit", "miss", "none")},
        "fillers": sum(turn.filler_s is not None for turn in answered),
    }
