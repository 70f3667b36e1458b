"""What a call notes of itself, in words for people. Pure.

Lives here: notes of the call log that are shown as marks. Must not live here: which of them are
shown at all (storyline).
"""

from typing import Final

from antiphon.observe.logreader import Noted
from antiphon.observe.timeline import Mark

__all__ = ["noted"]

_NOTED: Final = {
    "recogniser_lost": "recogniser lost",
    "model_lost": "language model lost",
    "voice_lost": "voice lost",
}
_DOES: Final = {"stt": "listens", "llm": "thinks", "tts": "speaks"}
_LEVELS: Final = (
    "everybody as preferred",
    "somebody stands in",
    "nobody thinks",
    "nobody hears or nobody speaks",
)
"""See `served` in docs/explanation/keeping-going.md."""


def noted(line: Noted, at_s: float) -> Mark:
    """A note in words; one that is not known here as it stands."""
    match line.name, line.fields:
        case "served", {"port": port, "by": by, "level": int(level)} if 0 <= level < len(_LEVELS):
            who = f"{by} {_DOES.get(port, 'serves')}" if by else f"nobody {_DOES.get(port, port)}"
            return Mark(at_s, "warning" if level else "other", f"{who} from here", _LEVELS[level])
        case "caller_hung_up", _:
            return Mark(at_s, "other", "caller hung up")
        case name, {"why": why} if name in _NOTED and len(line.fields) == 1:
            return Mark(at_s, "warning", _NOTED[name], str(why))
        case name, fields:
            told = ", ".join(f"{field} {value}" for field, value in fields.items())
            return Mark(at_s, "warning", _NOTED.get(name, name), told)
