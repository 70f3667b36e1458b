"""Our own replies: offered, ready, audible, over, or never coming.

What they say is not known here. A reply that becomes audible while the caller goes on is for
`bargein`.
"""

import math

from antiphon import actions as order
from antiphon.events import ReplyOffered
from antiphon.turns import bargein, words
from antiphon.turns.floor import Floor
from antiphon.turns.table import Cue, State
from antiphon.turns.turn import Turn

__all__ = ["consider_wait", "ended", "offered", "ready", "started"]


def offered(floor: Floor, event: ReplyOffered) -> None:
    """There is something to say, be it the answer to the turn under way."""
    floor.replies.pending[event.reply] = event.kind
    if floor.turn and floor.turn.answered is not None and event.kind != "filler":
        floor.turn.replies.add(event.reply)


def ready(floor: Floor, reply: int) -> None:
    """Nobody needs "one moment, please" when the moment is over."""
    floor.replies.ready.add(reply)
    if reply in floor.replies.answers():
        for filler in floor.replies.waiting_fillers():
            floor.replies.end(filler)
            floor.out.append(order.DiscardReply(reply=filler))


def started(floor: Floor, reply: int) -> None:
    """The caller hears us from here on."""
    kind = floor.replies.pending.get(reply)
    if kind is None:
        return
    floor.replies.audible = reply
    talking = floor.state in (State.HEARING, State.PAUSING)
    if floor.turn and reply in floor.turn.replies:
        _answer_heard(floor, floor.turn, talking)
    protected = kind == "notice" or floor.settings.barge_in == "off"
    floor.go(Cue.NOTICE_SPOKEN if protected else Cue.AGENT_SPOKE)
    if talking and protected:
        floor.begin_or_go_on(floor.voice_start_s)
    elif talking:
        # It became audible in the very moment the caller went on.
        bargein.begin(floor, floor.voice_start_s)
        if not words.is_backchannel(floor.overheard.text):
            floor.give_to_caller("the caller is in the middle of a turn")


def ended(floor: Floor, reply: int, now: float) -> None:
    """A reply is over: said to its end, stopped, or failed."""
    unheard = reply in floor.replies.answers()
    audible = floor.replies.end(reply)
    floor.waits.agent_silent(now)
    turn = floor.turn
    if not audible:
        if unheard and floor.state is State.THINKING:
            _never_heard(floor, turn, reply, now)
        return
    if floor.voice or floor.state is State.OVERLAP or (turn and floor.fresh()):
        floor.give_to_caller("the caller speaks")
        return
    if turn and turn.answered is None:
        floor.turn = None
    owes = bool(floor.replies.pending) or floor.turn is not None
    floor.go(Cue.AGENT_OWES if owes else Cue.AGENT_SILENT)


def consider_wait(floor: Floor, turn: Turn | None, now: float) -> float | None:
    """The caller waits for us: fill the silence, give up, or say when to ask again."""
    if now >= floor.waits.lost_at():
        _give_up(floor, turn, now)
        return None
    if turn and not turn.filled and not floor.replies.ready & floor.replies.answers():
        if now < floor.waits.late_at():
            return floor.waits.late_at()
        turn.filled = True
        floor.out.append(order.FillSilence(turn=turn.number))
    return floor.waits.lost_at()


def _answer_heard(floor: Floor, turn: Turn, talking: bool) -> None:
    """From here on the answer cannot be taken back."""
    given = turn.answered if turn.answered is not None else turn.prepared
    if not talking:
        turn.until_s = max(turn.until_s, floor.end_of(turn))
    text = floor.transcript.said(turn.until_s if talking else math.inf)
    if words.words_of(text) and not words.same_words(text, given or ""):
        floor.out.append(order.Amend(turn=turn.number, text=text))
        given = text
    turn.answered, turn.prepared = given, None
    floor.heard_turn, floor.turn = turn, None
    floor.settle(turn.until_s)


def _never_heard(floor: Floor, turn: Turn | None, reply: int, now: float) -> None:
    """A reply ended before anybody heard of it: if it was all there was, waiting is over."""
    owed = turn is None or reply in turn.replies
    if owed and not floor.replies.answers():
        _give_up(floor, turn, now)


def _give_up(floor: Floor, turn: Turn | None, now: float) -> None:
    """No answer came, or no more of it."""
    floor.drop_pending("no answer came")
    if turn:
        _answer_heard(floor, turn, talking=False)
        floor.out.append(order.GiveUp(turn=turn.number))
    floor.waits.agent_silent(now)
    floor.go(Cue.GAVE_UP)
