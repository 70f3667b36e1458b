"""Keys go to the vendors and nowhere else: every place where words end up is searched for them."""

import logging
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contracts.stage import KEY

from antiphon.cli.live import Traces
from antiphon.config.agent import AgentSettings
from antiphon.config.environment import Environment
from antiphon.models.store import ModelStore
from antiphon.sandbox.server import Sandbox
from antiphon.transports.file.audiofile import read_audio
from antiphon.wiring.agent import open_agent
from antiphon.wiring.placed import Placing, place_recording


async def test_a_call_writes_no_key_anywhere(
    local_models: ModelStore,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = AgentSettings.model_validate(
        {
            "name": "Desk",
            "stt": ["deepgram/nova-3"],
            "llm": ["anthropic/claude-haiku-5.5"],
            "tts": ["elevenlabs/flash"],
            "endpoint": None,
            "dialog": {"greeting": "Hello.", "small_talk": "Be kind."},
        }
    )
    hum = (6000 * np.sin(np.arange(16_000 * 2) / 16_000 * 2 * np.pi * 300)).astype("<i2")
    speech = tmp_path / "speech.wav"
    _write(speech, np.concatenate([np.zeros(24_000, "<i2"), hum, np.zeros(16_000, "<i2")]))
    placing = Placing(call="one", events=tmp_path / "call.jsonl", record=tmp_path / "call.wav")
    with Sandbox(key=KEY, says=["How are you today?"]) as sandbox:
        outside = Environment(
            cache=tmp_path / "cache", calls=tmp_path / "calls", vendors=sandbox.environ()
        )
        assert KEY not in repr(outside)
        async with open_agent(settings, outside) as opened:
            assert KEY not in repr(opened.equipment)
            await place_recording(opened, read_audio(speech), placing)
        authorised = [request.path for request in sandbox.requests if request.authorised]
        remembered = repr(sandbox.requests)
    assert {"/v1/listen", "/v1/messages"} <= set(authorised)
    Traces.of(placing.events, placing.record).write_report(tmp_path / "report.html", "One")

    assert not _files_with_the_key(tmp_path)
    told = capsys.readouterr()
    logged = "".join(record.getMessage() + str(record.args) for record in caplog.records)
    for sink in (told.out, told.err, logged, remembered):
        assert KEY not in sink


def _files_with_the_key(folder: Path) -> list[Path]:
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert len(written) >= 4
    return [path for path in written if KEY.encode() in path.read_bytes()]


def _write(file: Path, samples: Any) -> None:
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", "not compressed"))
        out.writeframes(samples.tobytes())
