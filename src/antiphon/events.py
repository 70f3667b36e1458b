"""Facts, in the past tense: everything a call's machines may be told.

Each event is a frozen dataclass with a JSON form (`to_json`, `from_json`), because the call log
is a list of them and replaying that list must give the same call. Nothing here may hold an
object that does not survive JSON.

Two clocks run through these fields. ``*_at_s`` and ``*_until_s`` are *audio time*: seconds of
caller audio since the call's first sample. The time an event is *told* is not in the event: the
shell passes it beside, as ``now``.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import msgspec

from antiphon.errors import RemoteProtocolError


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One recognised word and where it lies in the caller's audio."""

    text: str
    start_s: float
    end_s: float
    confidence: float = 1.0
    speaker: int | None = None
    """Who said it, as the recogniser numbers voices; None: not told, which is not in the JSON."""


# --- the call ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """The caller is connected and audio may flow."""

    channel: str
    caller: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """Nothing more will be heard or said. ``by`` is who ended it."""

    by: Literal["caller", "agent", "failure"]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitPressed:
    """A telephone key: 0-9, *, #, A-D."""

    digit: str


# --- hearing -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    """Voice activity began. ``at_s`` is the first speech sample, not the moment we knew."""

    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStopped:
    """Voice activity ended. ``at_s`` is the last speech sample, not the moment we knew."""

    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioAdvanced:
    """How far the caller's audio has come; told before every tick, so that pauses are counted
    in audio and not in arrival times. ``missing_s`` is how much of the end of it never arrived.
    """

    until_s: float
    missing_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnScored:
    """The end-of-turn model's opinion, in 0..1, of the audio up to ``until_s``."""

    until_s: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptChanged:
    """What the recogniser makes of one stretch of audio.

    A later event with the same ``segment`` replaces this one. ``final`` says the recogniser has
    heard everything up to ``end_s`` and will not change its mind unless speech goes on.
    """

    segment: int
    text: str
    start_s: float
    end_s: float
    final: bool
    words: tuple[Word, ...] = ()
    confidence: float = 1.0
    language: str = ""
    """Heard in it, as the recogniser names it; empty: not told, which is not in the JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointHinted:
    """A recogniser's own end-of-turn event."""

    kind: Literal["eager", "resumed", "ended"]
    at_s: float


# --- speaking ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyReady:
    """The first clause of a reply is synthesised. If held, it waits for its release."""

    reply: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyStarted:
    """The first sample of a reply went out to the caller."""

    reply: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyFinished:
    """The caller heard all of a reply."""

    reply: int
    heard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyStopped:
    """A reply was cut off: what the caller heard of it, and what not."""

    reply: int
    heard: str
    unheard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyFailed:
    """No voice could be found for the rest of a reply."""

    reply: int
    heard: str
    reason: str


# --- between the two machines (made by call/conversation.py, never logged as input) ---------

ReplyKind: TypeAlias = Literal["reply", "filler", "prompt", "notice"]
"""A filler bridges a wait and goes before everything not yet audible; a prompt asks a silent
caller; a notice is protected: it is neither ducked nor stopped."""

Expecting: TypeAlias = Literal["open", "yes_no", "digits", "spelling", "date", "name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What kind of answer the dialog has just asked for; it sets how long to wait for more."""

    kind: Expecting = "open"
    count: int = 0
    """How many digits or letters; 0 where unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationSet:
    """The dialog now expects this kind of answer."""

    expectation: Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyOffered:
    """The dialog has something to say, and it may be heard as soon as it is ready."""

    reply: int
    kind: ReplyKind = "reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded:
    """The caller has said what they wanted to say; it is the dialog's turn to answer."""

    turn: int
    text: str
    start_s: float
    end_s: float
    language: str = ""
    """The last one a recogniser heard in this call; empty: none was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptAmended:
    """A late transcript changed a turn that is already being answered aloud."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackchannelHeard:
    """The caller made a listening noise over the agent; it belongs to no turn."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceNoticed:
    """The caller has said nothing for a while. ``count`` grows until they speak; on ``last``
    the dialog should take its leave."""

    count: int
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyLate:
    """The caller has been waiting for an answer; a filler would be welcome."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyLost:
    """No answer came at all; the caller deserves an apology."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReached:
    """The call has reached its maximum length or number of turns."""

    limit: Literal["call", "turns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EarsLost:
    """No recogniser can be reached: what the caller says is not understood for now."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EarsFound:
    """What the caller says is understood again."""


# --- handing over --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFailed:
    """The caller could not be handed over and is still here."""

    to: str
    reason: str


# --- thinking ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSaid:
    """A language model produced more text for a request."""

    request: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFinished:
    """A language model ended its answer."""

    request: int
    reason: str = "stop"
    prompt_tokens: int = 0
    reply_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFailed:
    """No language model could answer a request."""

    request: int
    reason: str
    kind: Literal["error", "late"] = "error"
    """It failed, or it took too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinished:
    """A tool returned. ``result`` is JSON text."""

    request: int
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEnded:
    """A tool ended without a result."""

    request: int
    reason: str


Event: TypeAlias = (
    CallStarted
    | CallEnded
    | DigitPressed
    | SpeechStarted
    | SpeechStopped
    | AudioAdvanced
    | TurnScored
    | TranscriptChanged
    | EndpointHinted
    | ReplyReady
    | ReplyStarted
    | ReplyFinished
    | ReplyStopped
    | ReplyFailed
    | ExpectationSet
    | ReplyOffered
    | TurnEnded
    | TranscriptAmended
    | BackchannelHeard
    | SilenceNoticed
    | ReplyLate
    | ReplyLost
    | LimitReached
    | EarsLost
    | EarsFound
    | TransferFailed
    | ModelSaid
    | ModelFinished
    | ModelFailed
    | ToolFinished
    | ToolEnded
)

KINDS: Final[dict[str, type[Any]]] = {kind.__name__: kind for kind in Event.__args__}


def to_json(event: Event) -> dict[str, Any]:
    """The event as plain JSON values, its name under ``type``."""
    fields = msgspec.to_builtins(event)
    if isinstance(event, TranscriptChanged):
        _leave_out_untold(fields)
    return {"type": type(event).__name__, **fields}


def _leave_out_untold(transcript: dict[str, Any]) -> None:
    """Most engines tell neither language nor speakers, and a log has a word of it many times."""
    if not transcript["language"]:
        del transcript["language"]
    for word in transcript["words"]:
        if word["speaker"] is None:
            del word["speaker"]


def from_json(record: dict[str, Any]) -> Event:
    """The event `to_json` made. Raises `RemoteProtocolError` on anything else."""
    return decode(record, KINDS)  # type: ignore[no-any-return]


def decode(record: dict[str, Any], kinds: dict[str, type[Any]]) -> Any:
    """One of ``kinds`` from its JSON form; actions share this."""
    fields = dict(record)
    name = fields.pop("type", None)
    if not isinstance(name, str) or name not in kinds:
        raise RemoteProtocolError(f"unknown type {name!r}; known: {', '.join(sorted(kinds))}")
    if unknown := fields.keys() - set(kinds[name].__dataclass_fields__):
        raise RemoteProtocolError(f"{name} has no field {', '.join(sorted(unknown))}")
    try:
        return msgspec.convert(fields, kinds[name])
    except msgspec.ValidationError as error:
        raise RemoteProtocolError(f"{name}: {error}") from None
