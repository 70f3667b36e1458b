"""How long a chunk is: what the author says, as near as the vendor takes it."""

import pytest
from pydantic import TypeAdapter, ValidationError

from antiphon.net.chunks import LEAST_MS, MOST_MS, PRESETS_MS, ChunkMs, Chunks
from antiphon.ports.stt import Hearing

CHOICE: TypeAdapter[object] = TypeAdapter(ChunkMs)


@pytest.mark.parametrize(
    "rate_hz, usual_ms, expected_ms",
    [(8000, 20, 20), (16_000, 20, 40), (48_000, 20, 40), (8000, 80, 80), (16_000, 100, 100)],
)
def test_the_line_decides_where_nothing_is_said(
    rate_hz: int, usual_ms: int, expected_ms: int
) -> None:
    assert Chunks(usual_ms=usual_ms).seconds(None, Hearing(rate_hz=rate_hz)) * 1000 == expected_ms


def test_a_preset_is_no_shorter_than_suits_the_vendor() -> None:
    hearing = Hearing(chunk_ms="phone")
    assert Chunks().seconds(None, hearing) == 0.02
    assert Chunks(usual_ms=100).seconds(None, hearing) == 0.1
    assert Chunks(usual_ms=100).seconds(None, Hearing(chunk_ms="batch")) == 0.2


def test_a_number_is_brought_to_what_the_vendor_takes_and_no_further() -> None:
    assert Chunks(usual_ms=100).seconds(None, Hearing(chunk_ms=20)) == 0.02
    assert Chunks(least_ms=50).seconds(None, Hearing(chunk_ms=20)) == 0.05
    assert Chunks(most_ms=150).seconds(None, Hearing(chunk_ms=200)) == 0.15


def test_what_is_said_of_one_provider_goes_before_all() -> None:
    assert Chunks(usual_ms=100).seconds(30, Hearing(chunk_ms=200)) == 0.03


@pytest.mark.parametrize("said", ["auto", *PRESETS_MS, LEAST_MS, 65, MOST_MS])
def test_an_agent_file_may_say(said: object) -> None:
    assert CHOICE.validate_python(said) == said


@pytest.mark.parametrize("said", [19, 201, 0, -20, True, 40.0, "40", "telephone", None, []])
def test_anything_else_is_refused_with_all_that_may_be_said(said: object) -> None:
    with pytest.raises(ValidationError) as caught:
        CHOICE.validate_python(said)
    assert "20 to 200 milliseconds, phone, browser, batch, or auto" in str(caught.value)
