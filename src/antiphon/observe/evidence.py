"""The evidence of a scripted call: what the caller really did, what the agent did about it. Pure.

Lives here: joining log and recording on one clock. Must not live here: any verdict (audit).
"""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import msgspec

from antiphon import actions as order
from antiphon.errors import ConfigError
from antiphon.events import ReplyFailed, ReplyFinished, ReplyStarted, ReplyStopped
from antiphon.observe.logreader import CallLog, Noted, Ordered, Told
from antiphon.observe.measures import spoken_by
from antiphon.observe.playback import Recording
from antiphon.observe.timebase import AudioClock

__all__ = ["BLUR_S", "NEVER", "AudibleReply", "Case", "Role", "Said", "caller_said", "gather"]

Role: TypeAlias = Literal["question", "breath", "backchannel", "interruption", "silence"]

NEVER: Final = "the caller of this call never did this: {}"
BLUR_S: Final = 0.1
"""Room for the rounding of a script's times, and for what a transport is late by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the scripted caller said, or that it kept silent; seconds of the recording."""

    text: str
    start_s: float
    end_s: float
    role: Role


@dataclass(slots=True)
class AudibleReply:
    """When a reply was audible, in seconds of the recording, and how it ended."""

    kind: str
    start_s: float
    end_s: float = float("inf")
    end: Literal["finished", "stopped", ""] = ""


@dataclass(slots=True)
class Case:
    """All the evidence there is."""

    recording: Recording
    said: list[Said]
    replies: dict[int, AudibleReply]
    turns: dict[int, str]
    prompts_s: list[float]
    troubles: list[str] = field(default_factory=list)
    undone: list[Role] = field(default_factory=list)
    """What the caller never did: nothing can be said of how the agent takes it."""

    def of(self, role: Role) -> list[tuple[Said, float, float]]:
        """What was said in this role, with its first and last sample in the recording."""
        found = []
        for said in self.said:
            if said.role == role:
                heard = spoken_by(
                    self.recording.caller,
                    self.recording.rate_hz,
                    said.start_s - BLUR_S,
                    said.end_s + BLUR_S,
                )
                if heard:
                    found.append((said, *heard))
                else:
                    self.no(f"{role} {said.text!r} cannot be heard in the recording")
        if not found:
            self.never(role)
        return found

    def never(self, role: Role) -> None:
        """The caller did nothing of the kind."""
        self.undone.append(role)
        self.no(NEVER.format(role))

    def no(self, why: str) -> bool:
        self.troubles.append(why)
        return False

    def playing(self, at_s: float) -> AudibleReply | None:
        """The reply that was audible then."""
        found = [
            reply
            for reply in self.replies.values()
            if reply.start_s - BLUR_S <= at_s <= reply.end_s + BLUR_S
        ]
        return max(found, key=lambda reply: reply.start_s, default=None)


def caller_said(log: CallLog) -> list[Said]:
    """What the scripted caller noted. Raises `ConfigError` where a note is not one of its."""
    said = []
    for line in log.lines:
        if isinstance(line, Noted) and line.name == "caller_said":
            try:
                said.append(msgspec.convert(line.fields, Said))
            except msgspec.ValidationError as error:
                where = f"{log.path}:{line.number}"
                raise ConfigError(f"caller_said: {error}", where=where) from None
    return sorted(said, key=lambda one: one.start_s)


def gather(recording: Recording, log: CallLog) -> Case:
    """Everything the audit asks for."""
    clock, kinds = AudioClock(log.lines), dict[int, str]()
    case = Case(recording, caller_said(log), {}, {}, [])
    for line in log.lines:
        at_s = clock.heard(line.t)
        match line:
            case Told(event=ReplyStarted(reply=number)):
                case.replies[number] = AudibleReply(kinds.get(number, "reply"), at_s)
            case Told(event=ReplyFinished() | ReplyStopped() | ReplyFailed() as ended):
                if reply := case.replies.get(ended.reply):
                    reply.end_s = at_s
                    reply.end = "finished" if isinstance(ended, ReplyFinished) else "stopped"
            case Ordered(actions=ordered):
                for action in ordered:
                    _note_order(case, kinds, action, at_s)
            case _:
                pass
    return case


def _note_order(case: Case, kinds: dict[int, str], action: order.Action, at_s: float) -> None:
    match action:
        case order.Speak():
            kinds.setdefault(action.reply, action.kind)
        case order.Answer() | order.Amend():
            case.turns[action.turn] = action.text
        case order.NoticeSilence():
            case.prompts_s.append(at_s)
        case _:
            pass
