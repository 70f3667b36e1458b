"""A spoken call through three pretended vendors, each killed once in the middle of a sentence.

The vendors speak their own protocols over real sockets and are played by the local engines. What
the command claims is checked again here, by other means: the agent's side of the recording is
transcribed.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.e2e.conftest import alike, read_all

from antiphon.audio.levels import speech_spans
from antiphon.audio.resample import resample
from antiphon.cli.main import main
from antiphon.models.store import ModelStore
from antiphon.observe import logreader, playback
from antiphon.observe.deadair import dead_air
from antiphon.observe.logreader import Noted

pytestmark = pytest.mark.timeout(180)


async def test_no_word_is_lost_or_doubled_and_nobody_waits(
    local_models: ModelStore,
    surroundings: Mapping[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    # The command runs a loop of its own. Its verdict holds a budget of time, which is a matter for
    # a quiet machine; here only what is lost or said twice is.
    await asyncio.to_thread(main, ["bench", "failover", "--json", "--out", str(tmp_path)])
    found = json.loads(capsys.readouterr().out)
    shown = json.dumps(found, indent=1)
    assert not found["failed"], shown
    assert not found["doubled"], shown
    # The small recogniser swallows a word of its own accord now and then.
    assert len(found["words_lost"]) + len(found["words_twice"]) <= 1, shown

    assert [kill["port"] for kill in found["killed"]] == ["stt", "llm", "tts"]
    notes = [
        line.name
        for line in logreader.read(tmp_path / "call.jsonl").lines
        if isinstance(line, Noted)
    ]
    assert {"recogniser_lost", "model_lost", "voice_lost"} <= set(notes)
    recording = playback.load(tmp_path / "call.wav")
    assert dead_air(recording)[0].seconds == pytest.approx(found["longest_dead_air_s"], abs=0.001)
    assert found["longest_dead_air_s"] < 4.0

    spans = speech_spans(recording.agent, recording.rate_hz, min_gap_s=1.2)
    spoken = [
        recording.agent[
            round((span.start_s - 0.1) * recording.rate_hz) : round(
                (span.end_s + 0.1) * recording.rate_hz
            )
        ].tobytes()
        for span in spans
    ]
    wide = [resample(pcm, recording.rate_hz, 16_000) for pcm in spoken]
    heard = " ".join(await read_all(local_models, wide))
    said = " ".join(found["replies"])
    assert alike([(heard, said)]) > 0.85, (heard, said)
    # And not more words than were said: a doubled clause would show.
    assert len(heard.split()) < 1.1 * len(said.split()) + 2, (heard, said)
