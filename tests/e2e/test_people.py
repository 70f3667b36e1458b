"""Recorded people instead of a voice we made: at every rate a call may run at, mono and stereo."""

import asyncio
import json
import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import yaml
from tests.e2e.conftest import Held, placing, turns

from antiphon.audio.resample import resample
from antiphon.cli.live import Traces
from antiphon.cli.main import main
from antiphon.config import agent
from antiphon.models.store import ModelStore
from antiphon.testing.conformance import word_error_rate
from antiphon.transports.file.audiofile import Recording, read_audio
from antiphon.wiring.agent import Agent
from antiphon.wiring.placed import place_recording

pytestmark = pytest.mark.timeout(120)

BECKETT = "Ever tried. Ever failed. No matter. Try again."
MOST_WRONG = 0.15
"""One word of eight. Measured: none wrong, at all three rates, in about two calls each."""
CITIES = "It was the best of times, it was the worst of times, it was the age of wisdom."


def cut(name: str, start_s: float, end_s: float) -> Recording:
    """Part of a recording out of the model store."""
    whole = read_audio(ModelStore().path("speech-samples") / name)
    rate_hz = whole.rate_hz
    part = whole.pcm[2 * round(start_s * rate_hz) : 2 * round(end_s * rate_hz)]
    return Recording(part, rate_hz)


@pytest.fixture(scope="session")
def terse(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example agent, at a loss for words where no topic fits."""
    told = yaml.safe_load((example / "agent.yaml").read_text())
    told["llm"] = None
    told["dialog"] |= {"small_talk": None, "unknown": "I see."}
    file = tmp_path_factory.mktemp("terse") / "agent.yaml"
    file.write_text(yaml.safe_dump(told))
    return file


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def held(
    desk: Agent, terse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[int, Held]:
    """The same person at 8 and at 16 kHz, at the same time."""
    folder = tmp_path_factory.mktemp("people")
    listener = Agent(agent.load(terse), desk.equipment)
    spoken = cut("beckett.wav", 0.1, 5.75)

    async def call(rate_hz: int) -> Held:
        heard = Recording(resample(spoken.pcm, spoken.rate_hz, rate_hz), rate_hz)
        ended = await place_recording(listener, heard, placing(folder / str(rate_hz)))
        return Held(ended, folder / str(rate_hz))

    one, other = await asyncio.gather(call(8_000), call(16_000))
    return {8_000: one, 16_000: other}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
async def test_a_person_is_understood(held: Mapping[int, Held], rate_hz: int) -> None:
    call = held[rate_hz]
    said = " ".join(call.turns)

    assert call.ended.by == "caller"
    assert call.traces.recording.rate_hz == rate_hz
    assert word_error_rate(said, BECKETT) <= MOST_WRONG, said
    assert main(["replay", str(call.folder / "call.jsonl")]) == 0


def test_the_command_plays_a_stereo_file_of_48_khz(
    terse: Path,
    surroundings: Mapping[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("ANTIPHON_MODELS", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, surroundings[name])
    speech, log, out = (tmp_path / name for name in ("in.wav", "log.jsonl", "out.wav"))
    _write_stereo(cut("two_cities.wav", 0.5, 6.3), speech)
    words = ["--play", speech, "--record", out, "--events", log, "--report", tmp_path / "page.html"]

    assert main(["call", str(terse), *map(str, words), "--json"]) == 0

    said = json.loads(capsys.readouterr().out)
    traces = Traces.of(log, out)
    assert said["ok"] is True
    assert said["ended_by"] == "caller"
    assert said["total_ms"]["n"] >= 1
    assert traces.recording.rate_hz == 48_000
    text = " ".join(turns(traces).values())
    assert word_error_rate(text, CITIES) <= MOST_WRONG, text
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")

    assert main(["replay", str(log)]) == 0
    assert capsys.readouterr().out.startswith("identical: ")


def _write_stereo(speech: Recording, file: Path) -> None:
    """The person on the left, half as loud on the right."""
    left = np.frombuffer(speech.pcm, "<i2")
    with wave.open(str(file), "wb") as out:
        out.setparams((2, 2, speech.rate_hz, 0, "NONE", ""))
        out.writeframes(np.stack([left, left // 2], axis=1).tobytes())
