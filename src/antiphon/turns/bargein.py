"""A sound over the agent: the voice is lowered, the sound heard out, the floor given or kept.

Whether the caller wants the floor is weighed in `overlap`; here is what is done about it.
"""

from antiphon import actions as order
from antiphon.turns import overlap, words
from antiphon.turns.floor import Floor
from antiphon.turns.table import Cue, State
from antiphon.turns.turn import Turn

__all__ = ["begin", "consider", "hear"]


def begin(floor: Floor, at_s: float) -> None:
    """Lower the voice first, then find out what it was."""
    floor.overlap_s = floor.transcript.settled_s
    if floor.turn and floor.turn.answered is not None:
        floor.overlap_s, floor.turn.voiced_s = at_s, 0.0
    floor.begin_or_go_on(at_s)
    floor.overheard = overlap.Overheard()
    hear(floor)
    if floor.state is not State.OVERLAP:
        floor.go(Cue.CALLER_SPOKE)
    if floor.settings.barge_in == "decide":
        floor.out.append(order.Duck(at_s=at_s))


def hear(floor: Floor) -> None:
    """Take the newest reading of the sound over the agent."""
    text = floor.transcript.text(floor.overlap_s)
    if floor.turn and words.words_of(text):
        floor.overheard.hear(text, _voiced(floor, floor.turn))


def consider(floor: Floor, turn: Turn) -> float | None:
    """Give or keep the floor, or say when to ask again."""
    voiced_s = _voiced(floor, turn)
    _ask_early(floor, turn, voiced_s)
    pause_s = None if floor.voice else max(0.0, floor.audio.until_s - turn.anchor_s)
    final = floor.transcript.is_final(floor.end_of(turn))
    verdict = overlap.judge(floor.overheard, voiced_s, pause_s, final, floor.settings)
    if verdict.call == "wait":
        return floor.audio.when(floor.audio.until_s + verdict.wait_s)
    if verdict.call == "yield":
        floor.give_to_caller(verdict.why)
    else:
        _keep(floor, turn, final, verdict.why)
    return None


def _voiced(floor: Floor, turn: Turn) -> float:
    """How much voice the overlap holds by now."""
    going_on_s = floor.audio.until_s - floor.voice_start_s if floor.voice else 0.0
    return turn.voiced_s + max(0.0, going_on_s)


def _ask_early(floor: Floor, turn: Turn, voiced_s: float) -> None:
    """Do not wait for the sound to end to find out what it says."""
    looks = sum(at <= voiced_s for at in floor.settings.overlap_looks_s)
    if floor.voice and looks > turn.looks:
        turn.looks = looks
        floor.finalise(floor.audio.until_s)


def _keep(floor: Floor, turn: Turn, final: bool, why: str) -> None:
    """The agent keeps the floor, and what was said belongs to no turn. What may still be read
    otherwise stays open."""
    floor.go(Cue.KEEP)
    floor.out.append(order.Restore(why=why))
    span, turn.voiced_s = floor.transcript.span(floor.overlap_s), 0.0
    if span and final:
        floor.out.append(order.NoteBackchannel(text=floor.transcript.text(floor.overlap_s)))
        floor.transcript.cut(floor.overlap_s, span[1])
    if span and floor.unvoiced(span[1]):
        floor.finalise(floor.audio.until_s)
    if turn.answered is None and (final or not span):
        floor.abandon(turn)
        floor.turn = None
        if final:
            floor.settle(span[1] if span else turn.anchor_s)
