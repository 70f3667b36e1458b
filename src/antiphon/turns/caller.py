"""What the caller does: a voice begins and ends, words are read, a key is pressed, or nothing.

A sound over the agent goes on in `bargein`, a pause in `endpoint`.
"""

from antiphon import actions as order
from antiphon.events import TranscriptChanged
from antiphon.turns import bargein, endpoint, words
from antiphon.turns.floor import Floor
from antiphon.turns.table import Cue, State
from antiphon.turns.transcript import BLUR_S
from antiphon.turns.turn import Turn

__all__ = [
    "consider_silence",
    "digit_pressed",
    "speech_started",
    "speech_stopped",
    "transcript_changed",
]


def speech_started(floor: Floor, at_s: float) -> None:
    """A voice: whose turn it is depends on who has the floor."""
    if floor.voice:
        return
    floor.voice, floor.voice_start_s = True, at_s
    match floor.state:
        case State.IDLE | State.PAUSING:
            if set(floor.replies.pending.values()) == {"prompt"}:
                floor.drop_pending("the caller speaks")
            floor.begin_or_go_on(at_s)
            floor.go(Cue.CALLER_SPOKE)
        case State.THINKING:
            floor.take_back()
            floor.drop_pending("the caller speaks")
            floor.begin_or_go_on(at_s)
            floor.go(Cue.CALLER_WENT_ON)
        case State.SPEAKING:
            bargein.begin(floor, at_s)
        case _:
            floor.begin_or_go_on(at_s)


def speech_stopped(floor: Floor, at_s: float) -> None:
    """The voice has ended: from here on the pause is counted."""
    if not floor.voice:
        return
    floor.voice = False
    if turn := floor.turn:
        turn.score = None
        turn.voiced_s += max(0.0, at_s - floor.voice_start_s)
        at_s = turn.anchor_s = max(turn.anchor_s, at_s)
    if floor.state is State.HEARING:
        floor.go(Cue.CALLER_PAUSED)
    floor.finalise(at_s)


def transcript_changed(floor: Floor, heard: TranscriptChanged, now: float) -> None:
    """A new reading: of the turn under way, of a sound over the agent, or of a turn before."""
    before = floor.transcript.said()
    floor.transcript.change(heard)
    if floor.transcript.said() != before:
        floor.told_s = floor.audio.position(now)
    if heard.final:
        _amend_heard_turn(floor)
    if floor.state is State.OVERLAP and heard.end_s > floor.overlap_s:
        bargein.hear(floor)
    if fresh := floor.fresh():
        _words_without_voice(floor, fresh, heard, now)
    turn, said = floor.turn, floor.transcript.said()
    if turn is None or not said or floor.state in (State.OVERLAP, State.PROTECTED):
        return
    if turn.answered is not None and not words.same_words(turn.answered, said):
        _answer_again(floor, turn, now)
    elif turn.prepared is not None and not words.same_words(turn.prepared, said):
        floor.abandon(turn)


def digit_pressed(floor: Floor, digit: str, now: float) -> None:
    """A key is pressed: no prompt is protected from it."""
    floor.waits.caller_acted(now)
    if floor.replies.audible is None:
        return
    if floor.turn or floor.voice:
        floor.give_to_caller(f"key {digit}")
        return
    floor.drop_pending(f"key {digit}")
    floor.go(Cue.AGENT_SILENT)


def consider_silence(floor: Floor, now: float) -> float | None:
    """Nobody speaks; unless words or a voice are left over from something we said."""
    span = floor.transcript.open()
    if floor.voice or span:
        begin_s, end_s = span or (max(floor.voice_start_s, floor.transcript.settled_s), 0.0)
        turn = floor.begin_or_go_on(begin_s)
        floor.go(Cue.CALLER_SPOKE)
        if not floor.voice:
            turn.anchor_s = max(begin_s, min(end_s, floor.audio.position(now)))
            floor.go(Cue.CALLER_PAUSED)
        return None
    told, due = floor.waits.silence(now)
    if told:
        floor.out.append(told)
    return due


def _amend_heard_turn(floor: Floor) -> None:
    """A late reading may change a turn whose answer is audible."""
    turn = floor.heard_turn
    if turn is None:
        return
    # What nobody else can have said belongs to it, be it a little late.
    until_s = turn.until_s + (0.0 if floor.turn else BLUR_S)
    text = floor.transcript.text(turn.from_s, until_s)
    if not words.words_of(text) or words.same_words(text, turn.answered or ""):
        return
    turn.answered = text
    floor.out.append(order.Amend(turn=turn.number, text=text))
    span = floor.transcript.span(turn.from_s, until_s)
    if span and not floor.turn:
        turn.until_s = max(turn.until_s, span[1])
        floor.settle(turn.until_s)


def _answer_again(floor: Floor, turn: Turn, now: float) -> None:
    """A late final changed the words before the answer was audible: once, start over."""
    if turn.amended:
        return
    turn.amended = True
    floor.take_back()
    floor.abandon(turn)
    endpoint.answer(floor, turn, floor.transcript.said(), "a late transcript", now)


def _words_without_voice(
    floor: Floor, fresh: tuple[float, float], heard: TranscriptChanged, now: float
) -> None:
    """The recogniser heard words where our detector heard no voice: the words win."""
    if floor.voice or floor.state in (State.THINKING, State.HEARING):
        return
    if floor.state is State.SPEAKING:
        bargein.begin(floor, fresh[0])
    elif floor.state is State.PROTECTED:
        floor.begin_or_go_on(fresh[0])
    turn, last = floor.turn, heard.words[-1].end_s if heard.words else None
    if turn and last is not None and last > turn.anchor_s + 2 * BLUR_S:
        turn.anchor_s = max(turn.anchor_s, min(last, floor.audio.position(now)))
