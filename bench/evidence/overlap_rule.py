"""Evidence (c), second half: single features, and the rule that came out of them.

python bench/evidence/overlap_rule.py --looks overlap.jsonl
"""

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

WINDOW_MS = 32
LOOKS_MS = (200, 300, 350, 400, 450, 500, 600, 700, 800, 900, 1000)
READ_MS = 60
"""From a look to its reading: one recognition of a snippet, plus waiting for a window."""

LISTENING = frozenset(
    """mhm mm mmm mmhmm hm hmm huh uh uhhuh um umhum ah aha oh ooh ok okay kay yeah yep yup ya
    right alright sure yes great good nice cool wow really true exactly gotcha fine perfect lovely
    thanks""".split()
)
PHRASES = ("i see", "got it", "go on", "of course", "makes sense", "all right", "thank you")
# What Moonshine tiny writes when it hears no word.
NOTHING = frozenset("you s f".split())
# Nobody says these just to show that they listen, and no hum is read as one.
CLAIMS = frozenset(
    """stop wait hold hang excuse actually sorry how can can't could why where when who please let
    don't i'm""".split()
)
# The same once the voice has ended; while it lasts, "oh" is read as "no" and "yes" as "what".
CLAIMS_ENDED = CLAIMS | frozenset("no nope what but never that's not cancel repeat again".split())
# After a listening word these turn it round: "yes, but", "yeah, no".
TURNS = frozenset("but no and how what i".split())

GROUPS = {
    "interruptions, synthetic": lambda r: r["kind"] == "interruption",
    "interruptions, joe": lambda r: r["kind"] == "interruption" and r["voice"] == "joe",
    "recorded speech": lambda r: (
        r["source"] == "recorded" and r["kind"] in ("complete", "comma", "trailing")
    ),
    "backchannels, synthetic": lambda r: r["kind"] == "backchannel" and r["voice"] != "hum",
    "backchannels, joe": lambda r: r["kind"] == "backchannel" and r["voice"] == "joe",
    "backchannels, read right in the end": lambda r: (
        r["kind"] == "backchannel"
        and r["voice"] != "hum"
        and listening(words(r["looks"][-1]["text"]))
    ),
    "hums, by formula": lambda r: r["voice"] == "hum",
    "recorded 'yes'": lambda r: r["source"] == "recorded" and r["text"] == "Yes.",
    "coughs, slams, clicks, breath": lambda r: r["kind"] == "noise",
}


def words(text: str) -> list[str]:
    found = re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("’", "'"))
    return [word for word in found if word not in NOTHING]


def listening(said: list[str]) -> bool:
    plain = f" {' '.join(said)} "
    for phrase in PHRASES:
        plain = plain.replace(f" {phrase} ", " ")
    return all(word in LISTENING for word in plain.split())


@dataclass
class Rule:
    """Walks the looks of one sound. Its numbers were tuned on corpus.py's material and do worse on
    other words: docs/decisions/0003-evidence.md has both."""

    claim_from_ms: int = 300
    remember_from_ms: int = 300
    """A reading as a listening noise from here on makes what is read later doubtful."""
    run_voiced_ms: int = 280
    go_on_ms: int = 500
    """Voice this long with other words takes the floor."""
    go_on_doubtful_ms: int = 650
    go_on_listening_ms: int = 850
    ended_ms: int = 90
    keep_quiet_ms: int = 300

    def decide(self, sound: dict[str, Any]) -> tuple[int | None, str]:
        """When the caller gets the floor (ms after the first sample; None: never) and why."""
        doubtful, run, text = 0, 0, ""
        for look in sound["looks"]:
            at_ms, text, said = look["at_ms"], look["text"], words(look["text"])
            heard = voice(look["p"])
            if at_ms not in LOOKS_MS or heard is None:
                continue
            listens = listening(said)
            doubtful += bool(listens and said and at_ms >= self.remember_from_ms)
            run = 0 if listens else run + 1
            if why := self._yields(at_ms, said, listens, doubtful, run, heard):
                return at_ms + READ_MS, f"{why}: {text}"
            if heard[1] >= self.keep_quiet_ms and at_ms >= 500:
                break
        return None, f"kept: {text}"

    def _yields(
        self,
        at_ms: int,
        said: list[str],
        listens: bool,
        doubtful: int,
        run: int,
        heard: tuple[int, int],
    ) -> str:
        voiced_ms, quiet_ms = heard
        turned = len(said) > 1 and listening(said[:1]) and bool(TURNS & set(said[1:]))
        limit_ms = self.go_on_doubtful_ms if doubtful else self.go_on_ms
        limit_ms = self.go_on_listening_ms if listens else limit_ms
        ended = quiet_ms >= self.ended_ms
        several = len(said) >= 2 and voiced_ms >= 400
        reasons = {
            "claims": at_ms >= self.claim_from_ms and CLAIMS & set(said),
            "turns": at_ms >= self.claim_from_ms and turned,
            "words twice": run >= 2
            and len(said) >= 2
            and voiced_ms >= self.run_voiced_ms
            and doubtful <= 1,
            "goes on": not ended and voiced_ms >= limit_ms,
            "claimed": ended and not doubtful and CLAIMS_ENDED & set(said),
            "said": ended and not doubtful and not listens and (voiced_ms >= 500 or several),
            "said much": ended and doubtful and not listens and len(said) >= 4,
        }
        return next((why for why, holds in reasons.items() if holds), "")


def voice(scores: list[float]) -> tuple[int, int] | None:
    """How long voice has lasted and how long it has been gone, in ms; None: no voice yet."""
    p = np.array(scores)
    on = np.flatnonzero(p >= 0.35)
    if not len(on) or (p.max() < 0.5 and len(on) < 2):
        return None
    return int(on[-1] - on[0] + 1) * WINDOW_MS, int(len(p) - 1 - on[-1]) * WINDOW_MS


def auc(one: list[float], other: list[float]) -> float:
    a, b = np.array(one), np.array(other)
    return float((a[:, None] > b).mean() + 0.5 * (a[:, None] == b).mean())


def single_features(rows: list[dict[str, Any]]) -> None:
    """How well each feature alone puts interruptions above backchannels and hums."""
    features = {
        "mean score": lambda look: float(np.mean(look["p"])) if look["p"] else 0.0,
        "voiced ms": lambda look: float((np.array(look["p"]) >= 0.35).sum()),
        "level": lambda look: look["rms_db"],
        "flatness": lambda look: look["flat"],
        "brightness": lambda look: look["bright_db"],
        "periodicity": lambda look: look["periodic"],
        "words, not listening": lambda look: float(not listening(words(look["text"]))),
        "number of words": lambda look: float(len(words(look["text"]))),
        "a claim": lambda look: float(bool(CLAIMS & set(words(look["text"])))),
    }
    looks = (150, 200, 250, 300, 400, 600, 800)
    print("AUC, interruption above backchannel (both lines)\n")
    print("| feature | " + " | ".join(map(str, looks)) + " |\n|---|" + "---|" * len(looks))
    for name, feature in features.items():
        cells = []
        for at_ms in looks:
            of = {
                kind: [
                    feature(next(look for look in row["looks"] if look["at_ms"] == at_ms))
                    for row in rows
                    if row["kind"] == kind
                ]
                for kind in ("interruption", "backchannel")
            }
            cells.append(f"{auc(of['interruption'], of['backchannel']):.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--looks", type=Path, required=True)
    parser.add_argument("--show", action="store_true", help="print every wrong decision")
    args = parser.parse_args()
    rows = [json.loads(line) for line in args.looks.open()]
    single_features(rows)
    rule = Rule()
    print("\n| line | sounds | n | yield | decided after ms, p50 / p95 |\n|---|---|---|---|---|")
    for line in ("wide", "phone"):
        for name, belongs in GROUPS.items():
            of = [row for row in rows if row["line"] == line and belongs(row)]
            if not of:
                continue
            found = [rule.decide(row) for row in of]
            at_ms = [when for when, _ in found if when]
            spread = "{:.0f} / {:.0f}".format(*np.percentile(at_ms, (50, 95))) if at_ms else ""
            print(f"| {line} | {name} | {len(of)} | {len(at_ms) / len(of):.3f} | {spread} |")
            if args.show:
                for row, (when, why) in zip(of, found, strict=True):
                    print(f"    {row['voice']} {row['text']} {when} {why}")


if __name__ == "__main__":
    main()
