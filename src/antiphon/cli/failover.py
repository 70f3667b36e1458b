"""`antiphon bench failover`: a spoken call through three pretended vendors, each killed once in the
middle of a sentence.

The vendors are the sandbox's, played by the engines of this machine, over real sockets. What is
claimed is measured: dead air in the recording, words in the call log.
"""

from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

from antiphon.actions import Amend, Answer
from antiphon.cli.examples import folder
from antiphon.cli.live import console, say
from antiphon.cli.pretended import local
from antiphon.config import agent
from antiphon.config.environment import Environment
from antiphon.events import ModelFailed, ReplyFailed, ReplyFinished
from antiphon.observe.deadair import dead_air
from antiphon.observe.evidence import caller_said
from antiphon.observe.logreader import CallLog, Noted, Ordered, Told
from antiphon.observe.playback import Recording
from antiphon.observe.terminal import Show
from antiphon.sandbox.faults import Fault, Rule
from antiphon.sandbox.server import Sandbox
from antiphon.testing import scriptfile
from antiphon.testing.rehearsal import rehearse
from antiphon.testing.saboteur import Saboteur, Victim
from antiphon.turns.words import words_of
from antiphon.wiring.agent import open_agent
from antiphon.wiring.placed import PHONE_HZ, Placing, place_script

__all__ = ["DEAD_AIR_S", "figures", "place"]

DEAD_AIR_S: Final = 1.5
NEAR: Final = 4
"""A word that comes again within so many words was heard twice."""
SHOWN: Final = 6
"""Of the silences, the longest."""
PATHS: Final[dict[Victim, str]] = {
    "stt": "/v1/listen",
    "llm": "/v1/messages",
    "tts": "/v1/text-to-speech",
}
PACE: Final[dict[Victim, float]] = {"llm": 0.02, "tts": 0.1}
"""Seconds between two pieces: local engines would be done before anybody could kill them."""


async def place(environment: Environment, out: Path, *, quiet: bool, for_good: bool) -> Saboteur:
    """The call. ``for_good``: who is killed stays dead."""
    bench = folder().parent.parent / "bench" / "failover"
    settings = agent.load(bench)
    script = scriptfile.read(bench / "script.yaml")
    show = None if quiet else Show(console())
    makers = local()
    with Sandbox(ears=makers.ears, voice=makers.voice, mind=makers.mind) as sandbox:
        vendors = {**environment.vendors, **sandbox.environ()}
        pointed = environment.model_copy(update={"vendors": vendors})

        def kill(victim: Victim) -> None:
            if for_good:
                dead = Rule(fault=Fault(refuse=503), path=PATHS[victim], times=None)
                sandbox.rules.rules.insert(0, dead)
            sandbox.vanish(PATHS[victim])

        saboteur = Saboteur(kill)
        async with open_agent(settings, pointed, progress=say) as opened:
            say("rehearsing the caller's lines")
            own = opened.equipment.voices.engines[-1]
            lines = await rehearse(script, own, PHONE_HZ)
            for port, pace_s in PACE.items():
                sandbox.rules.add(Fault(latency_s=pace_s), path=PATHS[port], times=None)
            placing = Placing(
                call="bench-failover",
                events=out / "call.jsonl",
                record=out / "call.wav",
                watchers=[saboteur, *([show] if show else [])],
            )
            await place_script(opened, script, lines, placing)
            if show:
                show.close()
    return saboteur


def figures(log: CallLog, recording: Recording, saboteur: Saboteur) -> dict[str, Any]:
    """What came of it, ready for JSON; ``ok`` is whether all of it is well."""
    silences = dead_air(recording)
    longest_s = silences[0].seconds if silences else None
    told = [line.event for line in log.lines if isinstance(line, Told)]
    replies = [event.heard for event in told if isinstance(event, ReplyFinished)]
    failed = [event for event in told if isinstance(event, ReplyFailed | ModelFailed)]
    said, heard = [each.text for each in caller_said(log) if each.text], _turns(log)
    lost, twice = _missing(words_of(" ".join(said)), words_of(" ".join(heard)))
    doubled = [text for text in replies if _doubles(text)]
    all_killed = len(saboteur.killed) == len(saboteur.order)
    in_time = longest_s is not None and longest_s < DEAD_AIR_S
    return {
        "ok": all_killed and in_time and not (failed or lost or twice or doubled),
        "killed": [{"port": port, "at_s": round(at_s, 2)} for port, at_s in saboteur.killed],
        "served": [
            {"at_s": round(line.t, 2), **line.fields}
            for line in log.lines
            if isinstance(line, Noted) and line.name == "served"
        ],
        "longest_dead_air_s": longest_s and round(longest_s, 3),
        "dead_air": [
            {"at_s": round(each.start_s, 2), "seconds": round(each.seconds, 3)}
            for each in silences[:SHOWN]
        ],
        "turns": heard,
        "said": said,
        "words_lost": lost,
        "words_twice": twice,
        "replies": replies,
        "doubled": doubled,
        "failed": len(failed),
    }


def _missing(said: tuple[str, ...], heard: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Words that were said and not understood at all, and words understood twice. One that was
    taken for another is the recogniser's mistake and nobody's loss."""
    lost: list[str] = []
    twice: list[str] = []
    matched = SequenceMatcher(None, said, heard, autojunk=False)
    for _, first, last, start, stop in matched.get_opcodes():
        missing, added = said[first:last], heard[start:stop]
        lost += missing[len(added) :]
        near = said[max(0, first - NEAR) : last + NEAR]
        twice += [word for word in added[len(missing) :] if word in near]
    return lost, twice


def _turns(log: CallLog) -> list[str]:
    """What every turn was understood as, in the end."""
    turns: dict[int, str] = {}
    for line in log.lines:
        for action in line.actions if isinstance(line, Ordered) else ():
            if isinstance(action, Answer | Amend):
                turns[action.turn] = action.text
    return list(turns.values())


def _doubles(text: str) -> bool:
    """Two words in a row that were said just before: the mark of a seam that repeats."""
    words = words_of(text)
    return any(words[at : at + 2] == words[at + 2 : at + 4] for at in range(len(words) - 3))
