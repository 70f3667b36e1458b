"""Does the recording bear out what is claimed of a call? Pure.

Works on a scripted call: the log's ``caller_said`` notes say what the caller really said and
where; every reaction is then measured in the recording. The log is asked only for what no
recording shows (which words made a turn, whether a reply ended by itself). Where the evidence is
missing the answer is no, with the reason under ``troubles``.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from antiphon.audio.levels import onset_s, speech_spans
from antiphon.observe.evidence import BLUR_S, Case, Role, Said, gather
from antiphon.observe.figures import percentile
from antiphon.observe.logreader import CallLog, Ended
from antiphon.observe.measures import (
    ducked_s,
    longest_pause_s,
    onsets_between,
    resting_s,
    silent_s,
    spoken_by,
)
from antiphon.observe.playback import Recording
from antiphon.turns.words import words_of

__all__ = ["audit"]

BREATH_S: Final = 0.4
"""The shortest pause that tests whether a breath is taken for the end of a turn."""
KEPT_S: Final = 1.0
"""How long the agent must go on after a listening noise to have kept the floor."""
REST_S: Final = 0.4
"""A speaker who goes on rests no longer than this between two sentences."""
STALL_S: Final = 0.5
"""How far the log's clock and the recording's may be apart after a busy machine stood still."""
YIELD_S: Final = 1.0
"""Talking on for longer than this is not yielding, whatever is stopped in the end."""


def audit(recording: Recording, log: CallLog) -> dict[str, Any]:
    """The figures and the verdicts, ready for JSON; ``ok`` is whether all of it is well."""
    case = gather(recording, log)
    waits = [wait for role in ("question", "breath", "interruption") for wait in _waits(case, role)]
    measured = sorted(wait["ms"] for wait in waits if wait["ms"] is not None)
    stops = [_stop(case, *said) for said in case.of("interruption")]
    noises = [
        {"text": said.text, "at_s": round(first_s, 3), "kept": _kept(case, said, first_s, last_s)}
        for said, first_s, last_s in case.of("backchannel")
    ]
    verdicts = {
        "answered": bool(waits) and len(measured) == len(waits),
        "yielded": bool(stops) and all(stop["yielded"] for stop in stops),
        "backchannel_kept": bool(noises) and all(noise["kept"] for noise in noises),
        "breath_not_cut": _all(_whole(case, *said) for said in case.of("breath")),
        "prompted_on_silence": _all(_prompted(case, said) for said in _silences(case)),
        "log_complete": _complete(case, log),
    }
    return {
        "ok": all(verdicts.values()),
        **verdicts,
        "voice_to_voice_ms": {
            "p50": percentile(measured, 50) if measured else None,
            "p95": percentile(measured, 95) if measured else None,
            "n": len(measured),
            "each": waits,
        },
        "yield_ms": _worst([stop["ms"] for stop in stops]),
        "ducked_ms": _worst([stop["ducked_ms"] for stop in stops]),
        "interruptions": stops,
        "backchannels": noises,
        "turns": len(case.turns),
        "seconds": round(recording.seconds, 2),
        "undone": list(dict.fromkeys(case.undone)),
        "troubles": list(dict.fromkeys(case.troubles)),
    }


# --- verdicts ------------------------------------------------------------------------------------


def _waits(case: Case, role: Role) -> Iterator[dict[str, Any]]:
    for said, _, last_s in case.of(role):
        answer_s = _answer_s(case, said, last_s)
        ms = None if answer_s is None else round((answer_s - last_s) * 1000, 1)
        yield {"text": said.text, "role": role, "at_s": round(last_s, 3), "ms": ms}


def _answer_s(case: Case, said: Said, last_s: float) -> float | None:
    """Where the agent's answer sets in; a filler is no answer."""
    heard, rate_hz = case.recording.agent, case.recording.rate_hz
    after_s = last_s
    if (talking_s := silent_s(case.recording, last_s)) is not None:
        if said.role != "interruption":
            case.no(f"the agent was speaking when the caller finished {said.text!r}")
            return None
        after_s += talking_s
    until_s = min(
        (other.start_s for other in case.said if other.text and other.start_s > last_s),
        default=case.recording.seconds,
    )
    for reply in case.replies.values():
        if reply.kind == "filler" and after_s - BLUR_S <= reply.start_s < until_s:
            after_s = max(after_s, min(reply.end_s, until_s))
    answer_s = onset_s(heard, rate_hz, after_s=after_s)
    if answer_s is None or answer_s >= until_s:
        case.no(f"{said.text!r} was never answered")
        return None
    return answer_s


def _stop(case: Case, said: Said, first_s: float, last_s: float) -> dict[str, Any]:
    """How the agent reacted to an interruption."""
    quiet_s, reply = silent_s(case.recording, first_s), case.playing(first_s)
    if quiet_s is None and reply is not None:
        # They came in while the agent drew breath between two sentences.
        quiet_s = resting_s(case.recording, first_s, first_s + 2 * YIELD_S)
    lower_s = None if quiet_s is None else ducked_s(case.recording, first_s, first_s + quiet_s)
    yielded = quiet_s is not None and quiet_s <= YIELD_S and reply and reply.end == "stopped"
    if quiet_s is None:
        case.no(f"nobody was speaking when {said.text!r} was to interrupt")
    elif not yielded:
        case.no(f"the agent spoke on for {quiet_s:.2f} s over {said.text!r}")
    return {
        "text": said.text,
        "yielded": bool(yielded),
        "ms": _ms(quiet_s),
        "ducked_ms": _ms(lower_s),
    }


def _kept(case: Case, said: Said, first_s: float, last_s: float) -> bool:
    """Whether the agent spoke on through a listening noise."""
    reply, agent = case.playing(first_s), case.recording.agent
    until_s = last_s + KEPT_S
    if reply is None or silent_s(case.recording, first_s) is None:
        return case.no(f"the agent was not speaking at {said.text!r}")
    pause_s = longest_pause_s(agent, case.recording.rate_hz, first_s, until_s)
    if pause_s > REST_S:
        return case.no(f"the agent paused for {pause_s:.2f} s at {said.text!r}")
    return reply.end == "finished" or case.no(f"the reply under {said.text!r} was not finished")


def _whole(case: Case, said: Said, first_s: float, last_s: float) -> bool:
    """Whether an utterance with a breath in it was heard out and made one turn."""
    recording = case.recording
    part = recording.caller[round(first_s * recording.rate_hz) : round(last_s * recording.rate_hz)]
    spans = speech_spans(part, recording.rate_hz)
    breath_s = max((b.start_s - a.end_s for a, b in pairwise(spans)), default=0.0)
    if breath_s < BREATH_S:
        return case.no(f"there is no breath in {said.text!r}, only {breath_s:.2f} s")
    if cuts := onsets_between(recording.agent, recording.rate_hz, first_s, last_s):
        return case.no(f"the agent cut in at {cuts[0]:.2f} s, inside {said.text!r}")
    words = words_of(said.text)
    halves = [set(words[: len(words) // 2]), set(words[len(words) // 2 :])]
    for text in case.turns.values():
        heard = set(words_of(text))
        # Half of each: the recogniser may mishear some.
        if all(len(half & heard) * 2 >= len(half) > 0 for half in halves):
            return True
    return case.no(f"no turn holds both halves of {said.text!r}")


def _silences(case: Case) -> list[Said]:
    silences = [said for said in case.said if said.role == "silence"]
    if not silences:
        case.never("silence")
    return silences


def _prompted(case: Case, said: Said) -> bool:
    """Whether the agent spoke up by itself while the caller kept silent."""
    agent, rate_hz = case.recording.agent, case.recording.rate_hz
    noticed = [at_s for at_s in case.prompts_s if said.start_s <= at_s <= said.end_s]
    if not noticed:
        return case.no("the silence was never noticed")
    onsets = onsets_between(agent, rate_hz, noticed[0] - STALL_S, said.end_s)
    if not onsets:
        return case.no("nothing was said into the silence")
    broken = spoken_by(case.recording.caller, rate_hz, said.start_s + BLUR_S, onsets[0])
    return broken is None or case.no("the caller was not silent in the silence")


def _complete(case: Case, log: CallLog) -> bool:
    match log.lines[-1:]:
        case (Ended(lost=0),):
            return True
        case (Ended(lost=lost),):
            return case.no(f"{lost} lines of the call log were lost")
        case _:
            return case.no("the call log has no end")


def _all(verdicts: Iterator[bool]) -> bool:
    found = list(verdicts)
    return bool(found) and all(found)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


def _worst(values: list[float | None]) -> float | None:
    """The largest; none where one is missing."""
    known = [value for value in values if value is not None]
    return max(known) if known and len(known) == len(values) else None
