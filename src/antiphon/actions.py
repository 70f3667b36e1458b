"""Orders, in the imperative: everything a call's machines may ask the shell to do.

Same form as the events: frozen dataclasses that survive JSON. An action names its object by
number (a reply, a turn, a model request, a tool run); numbers are handed out in order by the
machines, so a replayed call hands out the same ones.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import msgspec

from antiphon.events import ReplyKind, decode

Trust: TypeAlias = Literal["author", "model"]
"""Who wrote a text, and so what its markup may do: an author's everything, a model's only what
changes the sound of its own words."""

# --- the turn machine orders -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FinaliseTranscript:
    """Ask the recogniser for its best reading of everything up to ``until_s``, now.

    The utterance may still go on: finalising must never split it.
    """

    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreEndpoint:
    """Ask the end-of-turn model about the audio so far."""

    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Speculate:
    """Prepare the answer to ``text`` as if the turn had ended, but let nothing be heard."""

    turn: int
    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandon:
    """Forget what was prepared for this turn; nothing happened."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The turn is over: answer it, with what was prepared if that still fits."""

    turn: int
    text: str
    start_s: float
    end_s: float
    why: str
    """The evidence that ended the turn, for people: ``"score 0.93 at 280 ms"``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """The caller went on before anything was heard: take the answer back, but keep it at hand."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """A late transcript changed a turn whose answer is already audible."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duck:
    """Lower the agent's voice at once: the caller may want the floor."""

    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """False alarm: raise the agent's voice again. ``why`` is the evidence, for people."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSpeaking:
    """The caller takes the floor: silence, flush, cancel. ``why`` is the evidence, for people."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteBackchannel:
    """The caller said this over the agent without wanting the floor."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """What the caller said up to ``until_s`` is dealt with: later speech is a new segment."""

    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSilence:
    """The caller is silent: the dialog may prompt, or on ``last`` take its leave."""

    count: int
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FillSilence:
    """The answer is late: a short filler would tell the caller the line is alive."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """No answer came: stop waiting for it and apologise."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTime:
    """A limit of the call is reached: the dialog should say goodbye."""

    limit: Literal["call", "turns"]


# --- the dialog orders -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak:
    """Say more of a reply. Pieces with the same ``reply`` are one utterance; ``last`` ends it."""

    reply: int
    text: str
    last: bool = True
    kind: ReplyKind = "reply"
    held: bool = False
    """Prepare but do not play until `ReleaseReply`."""
    manner: str = ""
    """Which of the agent's manners it is said in (``mouth.manners``); empty: that of its kind. The
    first piece decides."""
    trust: Trust = "model"
    """Which markup counts in the text: all of it, or only what a model may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseReply:
    """Let a held reply be heard."""

    reply: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReply:
    """Take back the release of a reply that is not audible yet."""

    reply: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardReply:
    """Throw away a reply that is not audible."""

    reply: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One line of what a language model is shown."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskModel:
    """Ask a language model; its answer arrives as ModelSaid and ModelFinished."""

    request: int
    messages: tuple[Message, ...]
    max_tokens: int = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimeModel:
    """Let the language model read what the next request will begin with, while nobody waits."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelModel:
    """The answer to this request is no longer wanted."""

    request: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTool:
    """Run a tool; its result arrives as ToolFinished. ``arguments`` is JSON text."""

    request: int
    name: str
    arguments: str
    read_only: bool = False
    """Only read-only tools may run while the turn is still a guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Hand the caller to a person or a queue. The call ends with it, or TransferFailed is told."""

    to: str
    """A number, an address, or a name that whoever connects the caller knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """End the call from our side."""

    reason: str


Action: TypeAlias = (
    FinaliseTranscript
    | ScoreEndpoint
    | Speculate
    | Abandon
    | Answer
    | Withdraw
    | Amend
    | Duck
    | Restore
    | StopSpeaking
    | NoteBackchannel
    | Settle
    | NoticeSilence
    | FillSilence
    | GiveUp
    | CallTime
    | Speak
    | ReleaseReply
    | HoldReply
    | DiscardReply
    | AskModel
    | PrimeModel
    | CancelModel
    | RunTool
    | Transfer
    | HangUp
)

KINDS: Final[dict[str, type[Any]]] = {kind.__name__: kind for kind in Action.__args__}


def to_json(action: Action) -> dict[str, Any]:
    """The action as plain JSON values, its name under ``type``."""
    return {"type": type(action).__name__, **msgspec.to_builtins(action)}


def from_json(record: dict[str, Any]) -> Action:
    """The action `to_json` made. Raises `RemoteProtocolError` on anything else."""
    return decode(record, KINDS)  # type: ignore[no-any-return]
