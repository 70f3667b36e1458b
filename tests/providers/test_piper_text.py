"""What Piper's adapter does to text and weights, without the engine."""

import subprocess
import sys

import pytest

from antiphon.providers.piper.tts import _pieces
from antiphon.providers.piper.weights import with_durations


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


def test_a_model_with_no_durations_is_left_as_it_is() -> None:
    assert with_durations(b"no such tensor") == (b"no such tensor", False)
    both = b"/a/Ceil_output_0 /b/Ceil_output_0"
    assert with_durations(both) == (both, False)
