"""The end of a turn: evidence of it, an answer prepared, the answer ordered.

Whether a pause is long enough is weighed in `pause`; here is what is done about it, and about a
caller who never pauses.
"""

import math

from antiphon import actions as order
from antiphon.events import EndpointHinted, TurnScored
from antiphon.turns import pause
from antiphon.turns.evidence import Evidence
from antiphon.turns.floor import Floor
from antiphon.turns.table import Cue, State
from antiphon.turns.turn import Turn

__all__ = ["answer", "consider_length", "consider_pause", "hinted", "scored"]

# Words that came without a voice are complete when no more have come for this long: a recogniser
# tells a word about so much later than the one before.
UNVOICED_S = 0.4


def scored(floor: Floor, event: TurnScored) -> None:
    """The model has heard how finished the speech sounds."""
    turn = floor.turn
    # A score of the last pause may still be on its way when the next one is weighed.
    if turn and not floor.voice and event.until_s > turn.anchor_s:
        turn.score = event.score if turn.score is None else min(turn.score, event.score)


def hinted(floor: Floor, event: EndpointHinted) -> None:
    """The recogniser has an opinion of its own."""
    if floor.turn:
        floor.turn.hint = "" if event.kind == "resumed" else event.kind


def consider_pause(floor: Floor, turn: Turn, now: float) -> float | None:
    """The caller is silent: answer, prepare, or say when to ask again."""
    length_s = floor.audio.until_s - turn.anchor_s
    text, end_s = floor.transcript.said(), floor.end_of(turn)
    ask_s = _finalise_unvoiced(floor, end_s)
    seen = pause.Pause(
        evidence=Evidence(
            text=text, score=turn.score, expectation=floor.expectation, hint=turn.hint
        ),
        final=floor.transcript.is_final(end_s),
        length_s=length_s,
        heard_s=length_s - floor.audio.missing_s,
        looks=turn.looks,
        prepared=turn.prepared is not None,
    )
    verdict = pause.judge(seen, floor.settings)
    if verdict.call == "answer":
        answer(floor, turn, text, verdict.why, now)
        return None
    if verdict.call == "nothing":
        _nothing_said(floor, turn)
        return None
    if verdict.look:
        floor.out.append(order.ScoreEndpoint(at_s=floor.audio.until_s))
        turn.looks = sum(at <= seen.heard_s for at in floor.settings.looks_s)
    if verdict.prepare:
        turn.prepared = text
        floor.out.append(
            order.Speculate(turn=turn.number, text=text, start_s=turn.start_s, end_s=turn.anchor_s)
        )
    return floor.audio.when(floor.audio.until_s + min(verdict.wait_s, ask_s))


def consider_length(floor: Floor, turn: Turn, now: float) -> float | None:
    """Somebody who never stops is answered all the same; a noise that never stops is not."""
    due_s = turn.start_s + floor.settings.max_turn_s * (turn.rounds + 1)
    if floor.audio.until_s >= due_s:
        if text := floor.transcript.said():
            turn.anchor_s = floor.audio.until_s
            answer(floor, turn, text, "the turn was very long", now)
            return None
        turn.rounds += 1
        due_s += floor.settings.max_turn_s
    return floor.audio.when(due_s)


def answer(floor: Floor, turn: Turn, text: str, why: str, now: float) -> None:
    """The turn is over, or was and has changed."""
    turn.answered, turn.prepared, turn.until_s = text, None, floor.end_of(turn)
    floor.waits.answered(now, first=not turn.times)
    turn.times += 1
    if floor.state in (State.HEARING, State.PAUSING):
        floor.go(Cue.TURN_OVER)
    floor.out.append(
        order.Answer(
            turn=turn.number, text=text, start_s=turn.start_s, end_s=turn.anchor_s, why=why
        )
    )


def _nothing_said(floor: Floor, turn: Turn) -> None:
    """It was a sound, not a turn: the caller is as silent as before. Where the recogniser has
    not heard it out, words that are read into it later still count."""
    floor.abandon(turn)
    floor.turn = None
    if floor.transcript.is_final(turn.anchor_s):
        floor.settle(turn.anchor_s)
    floor.go(Cue.NOTHING_SAID)


def _finalise_unvoiced(floor: Floor, end_s: float) -> float:
    """Words that came without a voice have no end of speech to ask for their final at: it is
    asked for when no more come. Returns how much more audio to wait for until then."""
    if not floor.unvoiced(end_s):
        return math.inf
    wait_s = floor.told_s + UNVOICED_S - floor.audio.until_s
    if wait_s > 0:
        return wait_s
    floor.finalise(floor.audio.until_s)
    return math.inf
