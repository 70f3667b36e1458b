"""Evidence (a), last part: policies for how long to wait, played on the measured scores.

A finished turn costs its wait; an unfinished one is cut off if the wait is shorter than the
caller's pause. Looks come 60 ms late (the model's run); no turn ends before 120 ms.

    python bench/evidence/endpoint_wait.py --joint joint.jsonl
"""

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from end_of_turn import DONE

LOOKS_MS = (120, 250, 450, 800)
LATE_MS = 60
# Log-odds fitted on all phrases together with the score at 120 ms (logistic regression).
WORDS = {"asked": 0.65, "closed": 0.55, "comma": -1.25, "open": -0.9, "nothing": 0.0}

Policy = Callable[[dict[str, Any], list[float]], float]


def log_odds(score: float) -> float:
    bounded = min(max(score, 0.02), 0.98)
    return math.log(bounded / (1 - bounded))


def wait_ms(row: dict[str, Any], policy: Policy) -> float:
    """When this pause is called the end of the turn."""
    wait = policy(row, [])
    for count, at_ms in enumerate(LOOKS_MS, start=1):
        if wait <= at_ms:
            break
        wait = policy(row, [row["scores"][str(look)] for look in LOOKS_MS[:count]])
        wait = max(wait, at_ms + LATE_MS)
    return max(wait, 120.0)


def curve(
    pick: Callable[[list[float]], float], weight: float, words: float, sure: float, unsure: float
) -> Policy:
    """sure * (unsure / sure) ** (1 - p), p from the picked score and the shape of the words."""

    def policy(row: dict[str, Any], scores: list[float]) -> float:
        evidence = weight * log_odds(pick(scores)) if scores else 0.0
        p = 1 / (1 + math.exp(-evidence - words * WORDS[row["shape"]]))
        return 1000 * sure * (unsure / sure) ** (1 - p)

    return policy


POLICIES: dict[str, Policy] = {
    "500 ms, always": lambda row, scores: 500.0,
    "700 ms, always": lambda row, scores: 700.0,
    "score once at 250 ms > 0.5, else 1600": lambda row, scores: (
        1600.0 if len(scores) < 2 or scores[1] <= 0.5 else 250.0
    ),
    "words only": curve(lambda s: 0.5, 0.0, 2.0, 0.2, 1.6),
    "newest score and words": curve(lambda s: s[-1], 1.0, 2.0, 0.2, 1.6),
    "mean score and words": curve(lambda s: float(np.mean(s)), 1.0, 2.0, 0.2, 1.6),
    "first score and words": curve(lambda s: s[0], 1.0, 2.0, 0.2, 1.6),
    "lowest score and words": curve(min, 1.0, 2.0, 0.2, 1.6),
    "lowest, half weight": curve(min, 0.5, 2.0, 0.2, 1.6),
    "lowest, 0.7, unsure 1.3": curve(min, 0.7, 2.0, 0.2, 1.3),
    "lowest, 0.7, words 1.5": curve(min, 0.7, 1.5, 0.2, 1.6),
    "lowest, 0.7, words 1.5, sure 0.25": curve(min, 0.7, 1.5, 0.25, 1.4),
}


def eager(rows: list[dict[str, Any]]) -> None:
    """At the first look: how often an answer would be begun, rightly and wrongly."""
    print("\n| prepare when p >= | finished prepared | unfinished prepared |\n|---|---|---|")
    for least in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
        shares = []
        for finished in (True, False):
            of = [row for row in rows if (row["kind"] in DONE) == finished]
            odds = [0.7 * log_odds(row["scores"]["120"]) + 1.5 * WORDS[row["shape"]] for row in of]
            shares.append(np.mean([1 / (1 + math.exp(-z)) >= least for z in odds]))
        print(f"| {least} | {shares[0]:.2f} | {shares[1]:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--joint", type=Path, required=True)
    args = parser.parse_args()
    rows = [json.loads(line) for line in args.joint.open()]
    pauses = (300, 500, 700, 1000)
    heads = ["finished: wait ms p50 / p90"] + [f"cut off at {pause} ms" for pause in pauses]
    print("| policy | source | " + " | ".join(heads) + " |\n|---|---|" + "---|" * len(heads))
    for name, policy in POLICIES.items():
        for source in ("recorded", "synthetic"):
            of = [row for row in rows if row["source"] == source]
            waits = np.array([wait_ms(row, policy) for row in of])
            done = np.array([row["kind"] in DONE for row in of])
            low, high = np.percentile(waits[done], (50, 90))
            cells = [f"{low:.0f} / {high:.0f}"]
            cells += [f"{(waits[~done] <= pause).mean():.2f}" for pause in pauses]
            print(f"| {name} | {source} | " + " | ".join(cells) + " |")
    eager(rows)


if __name__ == "__main__":
    main()
