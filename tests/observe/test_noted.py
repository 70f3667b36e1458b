"""Notes of the call log, in words."""

from typing import Any

import pytest

from antiphon.observe.logreader import Noted
from antiphon.observe.noted import noted


@pytest.mark.parametrize(
    "name, fields, kind, label, why",
    [
        ("served", {"port": "tts", "by": "local/piper", "level": 1},
         "warning", "local/piper speaks from here", "somebody stands in"),
        ("served", {"port": "stt", "by": "deepgram/nova-3", "level": 0},
         "other", "deepgram/nova-3 listens from here", "everybody as preferred"),
        ("served", {"port": "llm", "by": "", "level": 2},
         "warning", "nobody thinks from here", "nobody thinks"),
        ("served", {"port": "llm", "by": "x", "level": 9},
         "warning", "served", "port llm, by x, level 9"),
        ("voice_lost", {"why": "x: gone"}, "warning", "voice lost", "x: gone"),
        ("voice_lost", {"why": "gone", "at": 2}, "warning", "voice lost", "why gone, at 2"),
        ("caller_hung_up", {}, "other", "caller hung up", ""),
        ("mine", {"a": 1, "b": 2}, "warning", "mine", "a 1, b 2"),
    ],
)  # fmt: skip
def test_a_note_in_words(
    name: str, fields: dict[str, Any], kind: str, label: str, why: str
) -> None:
    mark = noted(Noted(number=1, t=2.0, name=name, fields=fields), 2.0)
    assert (mark.at_s, mark.kind, mark.label, mark.why) == (2.0, kind, label, why)
