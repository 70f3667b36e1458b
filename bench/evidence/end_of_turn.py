"""Evidence (a): the end-of-turn model's score against the length of the pause.

Every phrase is given to the model with a growing pause (line noise at -65 dBFS) behind it,
as recorded and through a telephone band (300-3400 Hz, mu-law).

    python bench/evidence/end_of_turn.py --corpus DIR --model smart-turn.onnx
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from channel import RANDOM, RATE_HZ, Floats, load, phone

from antiphon.media.smart_turn import EndOfTurnModel

PAUSES_MS = (0, 60, 120, 200, 250, 350, 450, 600, 800, 1000)
DONE = ("complete", "one word", "digits whole")
OPEN = ("comma", "cut", "trailing", "digits group")


def with_pause(audio: Floats, pause_ms: int) -> Floats:
    noise = RANDOM.standard_normal(pause_ms * RATE_HZ // 1000).astype(np.float32)
    return np.concatenate([audio, noise * np.float32(10 ** (-65 / 20))])


def auc(done: Floats, unfinished: Floats) -> float:
    """How often a finished turn scores above an unfinished one."""
    wins = (done[:, None] > unfinished).mean() + 0.5 * (done[:, None] == unfinished).mean()
    return float(wins)


def measure(
    rows: list[dict[str, Any]], corpus: Path, model: EndOfTurnModel
) -> list[dict[str, Any]]:
    out = []
    for row in rows:
        clean = load(corpus / row["file"])
        for line, audio in (("wide", clean), ("phone", phone(clean))):
            scores = {}
            for pause_ms in PAUSES_MS:
                pcm = (with_pause(audio, pause_ms) * 32767).clip(-32768, 32767).astype("<i2")
                scores[pause_ms] = model.score(pcm.tobytes())
            out.append({**row, "line": line, "scores": scores})
    return out


def column(found: list[dict[str, Any]], pause_ms: int, **where: Any) -> Floats:
    kept = [
        row["scores"][pause_ms]
        for row in found
        if all(row[key] in value for key, value in where.items())
    ]
    return np.array(kept, dtype=np.float32)


def table(found: list[dict[str, Any]], source: str, line: str) -> None:
    print(f"\n### {source}, {line}: median (p10-p90)\n")
    print("| class | n | " + " | ".join(map(str, PAUSES_MS)) + " |")
    print("|---|---|" + "---|" * len(PAUSES_MS))
    for kind in DONE + OPEN:
        cells, count = [], 0
        for pause_ms in PAUSES_MS:
            scores = column(found, pause_ms, kind=(kind,), source=(source,), line=(line,))
            count = len(scores)
            if count:
                low, mid, high = np.percentile(scores, (10, 50, 90))
                cells.append(f"{mid:.2f} ({low:.2f}-{high:.2f})")
        if count:
            print(f"| {kind} | {count} | " + " | ".join(cells) + " |")
    cells = []
    for pause_ms in PAUSES_MS:
        done = column(found, pause_ms, kind=DONE, source=(source,), line=(line,))
        unfinished = column(found, pause_ms, kind=OPEN, source=(source,), line=(line,))
        cells.append(f"{auc(done, unfinished):.2f}")
    print("| AUC | | " + " | ".join(cells) + " |")


def thresholds(found: list[dict[str, Any]], line: str) -> None:
    print(f"\n### {line}: share called finished, done / unfinished, by threshold\n")
    marks = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
    print("| pause ms | " + " | ".join(map(str, marks)) + " |\n|---|" + "---|" * len(marks))
    for pause_ms in PAUSES_MS:
        done = column(found, pause_ms, kind=DONE, line=(line,))
        unfinished = column(found, pause_ms, kind=OPEN, line=(line,))
        cells = [f"{(done > t).mean():.2f} / {(unfinished > t).mean():.2f}" for t in marks]
        print(f"| {pause_ms} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--keep", type=Path, help="write every score here, as JSON lines")
    args = parser.parse_args()
    model = EndOfTurnModel(args.model)
    rows = [json.loads(line) for line in (args.corpus / "manifest.jsonl").open()]
    rows = [row for row in rows if row["kind"] in DONE + OPEN]
    began = time.perf_counter()
    found = measure(rows, args.corpus, model)
    each_ms = (time.perf_counter() - began) * 1000 / (len(found) * len(PAUSES_MS))
    print(f"{len(found)} phrases and lines, {each_ms:.1f} ms a score")
    for source in ("recorded", "synthetic"):
        for line in ("wide", "phone"):
            table(found, source, line)
    for line in ("wide", "phone"):
        thresholds(found, line)
    if args.keep:
        args.keep.write_text("".join(json.dumps(row) + "\n" for row in found))


if __name__ == "__main__":
    main()
