"""Whether the voices of an agent can speak as its file asks them to."""

from pathlib import Path

import pytest

from antiphon.config.agent import load, where
from antiphon.wiring import manners


def told(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "agent.yaml"
    file.write_text(f"name: A\nllm: null\ndialog: {{greeting: Hi}}\n{text}\n")
    found = manners.mistakes(load(file), where(file))
    return [f"{each.where.rpartition(':')[2]}: {each.what}; {each.fix}" for each in found]


PIPER = "tts: local/piper\nmouth:\n"


@pytest.mark.parametrize(
    "text, expected",
    [
        (PIPER + "  speed: 0.9\n  manners: {notice: {speed: 0.8}}", []),
        (
            PIPER + "  manners:\n    notice: {voice: harry}",
            [
                (
                    "7: mouth.manners.notice.voice: local/piper has no voice 'harry'; leave it"
                    " out: it has one"
                )
            ],
        ),
        (
            PIPER + "  manners:\n    notice:\n      voice: {azure/speech: x}",
            ["8: mouth.manners.notice.voice: this agent has no 'azure/speech'; it has local/piper"],
        ),
        (
            PIPER + "  style: calm",
            [
                (
                    "6: mouth.style: no voice of this agent can be 'calm'; leave it out: it"
                    " changes nothing"
                )
            ],
        ),
        (
            "tts: [cartesia/sonic-3, local/piper]\nmouth:\n  manners:\n    notice: {style: clam}",
            [
                (
                    "7: mouth.manners.notice.style: no voice of this agent can be 'clam'; did you"
                    " mean 'calm'?"
                )
            ],
        ),
        ("tts: [azure/speech, local/piper]\nmouth: {style: newscast, voice: anything}", []),
        (
            (
                "tts: [azure/speech, local/piper]\nmouth:\n  manners:\n    x:\n      voice:\n"
                "        local/piper: joe\n        azure/speech: en-US-AvaNeural"
            ),
            ["9: mouth.manners.x.voice: local/piper has no voice 'joe'; leave it out: it has one"],
        ),
    ],
)
def test_what_no_voice_can_do_is_told(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert told(tmp_path, text) == expected
