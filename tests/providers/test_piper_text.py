"""What Piper's adapter does to text, without the engine."""

import subprocess
import sys

import pytest

from antiphon.providers.piper.tts import _pieces


def test_this_process_never_imports_the_gpl_engine() -> None:
    code = (
        "import sys, antiphon.providers.piper.tts, antiphon.providers.piper.settings\n"
        "sys.exit('piper' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("clause", ["", "short", "word " * 500, "x" * 1000, " " * 700 + "a"])
def test_long_clauses_are_cut_and_lose_nothing(clause: str) -> None:
    pieces = _pieces(clause)
    assert all(len(piece) <= 300 for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(clause.split())
