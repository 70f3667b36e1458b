"""Evidence (a), second half: the score and the words together.

Adds what Moonshine tiny reads of each phrase to the scores that end_of_turn.py kept, and
asks how much of the decision either carries.

    python bench/evidence/completeness.py --corpus DIR --scores eot.jsonl --keep joint.jsonl
"""

import argparse
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from channel import load, phone
from end_of_turn import DONE
from overlap import Recogniser

# A clause that ends in one of these has not ended: joints, fillers, and what needs an object.
OPEN_WORDS = frozenset(
    """and but or so because if when while that which who um uh er hmm like well the a an my your
    our their his her this these some to of for with from at in on about into by is are was am
    i'm it's i we you would could can could've will want need have than as then not very""".split()
)
SCORED_AT = ("120", "250", "450")


def shape(text: str) -> str:
    """What the words alone say: asked, closed, comma, open, or nothing."""
    words = text.lower().replace(",", "").replace(".", "").replace("?", "").replace("!", "").split()
    if not words:
        return "nothing"
    if words[-1] in OPEN_WORDS or text.rstrip().endswith(("...", "-")):
        return "open"
    if text.rstrip().endswith("?"):
        return "asked"
    return "comma" if text.rstrip().endswith(",") else "closed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True)
    args = parser.parse_args()
    recogniser = Recogniser()
    rows: list[dict[str, Any]] = [json.loads(line) for line in args.scores.open()]
    for row in rows:
        clean = load(args.corpus / row["file"])
        row["read"] = recogniser.read(phone(clean) if row["line"] == "phone" else clean)
        row["shape"] = shape(row["read"])
        row["mean"] = float(np.mean([row["scores"][at] for at in SCORED_AT]))
    args.keep.write_text("".join(json.dumps(row) + "\n" for row in rows))
    shapes = ("asked", "closed", "comma", "open", "nothing")
    print("| class | n | " + " | ".join(shapes) + " |\n|---|---|" + "---|" * len(shapes))
    for kind in dict.fromkeys(row["kind"] for row in rows):
        of = [row for row in rows if row["kind"] == kind]
        cells = [f"{np.mean([row['shape'] == s for row in of]):.2f}" for s in shapes]
        print(f"| {kind} | {len(of)} | " + " | ".join(cells) + " |")
    edges = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.01)
    buckets = list(itertools.pairwise(edges))
    for at in SCORED_AT:
        print(f"\nshare of turns that were done (n), by words and score at {at} ms\n")
        print("| words | " + " | ".join(f"{low}-{min(high, 1)}" for low, high in buckets) + " |")
        print("|---|" + "---|" * len(buckets))
        for s in shapes:
            cells = []
            for low, high in buckets:
                of = [r for r in rows if r["shape"] == s and low <= r["scores"][at] < high]
                done = np.mean([r["kind"] in DONE for r in of]) if of else float("nan")
                cells.append(f"{done:.2f} ({len(of)})")
            print(f"| {s} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
