"""Who has the floor: every state, every cue, every transition.

Everything that decides *where* the floor goes lives here as a literal table; what decides
*when* lives beside it (see `machine`). The documentation draws its diagram from `TRANSITIONS`.

    IDLE       nobody speaks and nobody owes an answer
    HEARING    the caller speaks
    PAUSING    the caller is silent; whether the turn is over is undecided
    THINKING   the turn is over; nothing of the answer is audible yet
    SPEAKING   the agent is audible
    OVERLAP    the caller made a sound over the agent, whose voice is lowered; undecided
    PROTECTED  the agent is audible and will not be interrupted
    ENDED      the call is over
"""

from enum import Enum
from typing import Final

from antiphon.errors import InternalError

__all__ = ["TRANSITIONS", "Cue", "State", "follow"]


class State(Enum):
    """Who has the floor. The values are what callers with a screen are shown."""

    IDLE = "idle"
    HEARING = "hearing"
    PAUSING = "pausing"
    THINKING = "thinking"
    SPEAKING = "speaking"
    OVERLAP = "overlap"
    PROTECTED = "protected"
    ENDED = "ended"


class Cue(Enum):
    """What moves the floor."""

    CALLER_SPOKE = "caller speaks"
    CALLER_PAUSED = "caller pauses"
    NOTHING_SAID = "a sound without words"
    TURN_OVER = "turn is over"
    CALLER_WENT_ON = "caller goes on before the answer"
    AGENT_SPOKE = "agent is audible"
    NOTICE_SPOKEN = "agent is audible, protected"
    AGENT_SILENT = "agent has finished"
    AGENT_OWES = "agent has finished, more to come"
    YIELD = "caller wants the floor"
    KEEP = "caller was only listening aloud"
    GAVE_UP = "no answer came"
    CALL_OVER = "call is over"


TRANSITIONS: Final[dict[State, dict[Cue, State]]] = {
    State.IDLE: {
        Cue.CALLER_SPOKE: State.HEARING,
        Cue.AGENT_SPOKE: State.SPEAKING,
        Cue.NOTICE_SPOKEN: State.PROTECTED,
        Cue.CALL_OVER: State.ENDED,
    },
    State.HEARING: {
        Cue.CALLER_PAUSED: State.PAUSING,
        Cue.TURN_OVER: State.THINKING,
        Cue.AGENT_SPOKE: State.OVERLAP,
        Cue.NOTICE_SPOKEN: State.PROTECTED,
        Cue.CALL_OVER: State.ENDED,
    },
    State.PAUSING: {
        Cue.CALLER_SPOKE: State.HEARING,
        Cue.NOTHING_SAID: State.IDLE,
        Cue.TURN_OVER: State.THINKING,
        Cue.AGENT_SPOKE: State.OVERLAP,
        Cue.NOTICE_SPOKEN: State.PROTECTED,
        Cue.CALL_OVER: State.ENDED,
    },
    State.THINKING: {
        Cue.CALLER_WENT_ON: State.HEARING,
        Cue.AGENT_SPOKE: State.SPEAKING,
        Cue.NOTICE_SPOKEN: State.PROTECTED,
        Cue.GAVE_UP: State.IDLE,
        Cue.CALL_OVER: State.ENDED,
    },
    State.SPEAKING: {
        Cue.CALLER_SPOKE: State.OVERLAP,
        Cue.AGENT_SPOKE: State.SPEAKING,
        Cue.NOTICE_SPOKEN: State.PROTECTED,
        Cue.AGENT_SILENT: State.IDLE,
        Cue.AGENT_OWES: State.THINKING,
        Cue.CALL_OVER: State.ENDED,
    },
    State.OVERLAP: {
        Cue.KEEP: State.SPEAKING,
        Cue.YIELD: State.HEARING,
        Cue.AGENT_SPOKE: State.OVERLAP,
        Cue.NOTICE_SPOKEN: State.PROTECTED,
        Cue.AGENT_SILENT: State.HEARING,
        Cue.AGENT_OWES: State.HEARING,
        Cue.CALL_OVER: State.ENDED,
    },
    State.PROTECTED: {
        Cue.CALLER_SPOKE: State.HEARING,
        Cue.AGENT_SPOKE: State.SPEAKING,
        Cue.NOTICE_SPOKEN: State.PROTECTED,
        Cue.AGENT_SILENT: State.IDLE,
        Cue.AGENT_OWES: State.THINKING,
        Cue.CALL_OVER: State.ENDED,
    },
    State.ENDED: {},
}


def follow(state: State, cue: Cue) -> State:
    """Where ``cue`` leads from ``state``. Raises `InternalError` where the table has no such
    transition: the machine should not have asked."""
    try:
        return TRANSITIONS[state][cue]
    except KeyError:
        raise InternalError(f"no transition for {cue.name} in {state.name}") from None
