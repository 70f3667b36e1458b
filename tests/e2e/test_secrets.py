"""Keys go to the vendors and nowhere else: every place where words end up is searched for them."""

import contextlib
import logging
import traceback
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contracts.stage import KEY, made, speech

from antiphon.cli.live import Traces
from antiphon.cli.main import main
from antiphon.config.agent import AgentSettings
from antiphon.config.environment import Environment, read
from antiphon.errors import AntiphonError
from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.models.store import ModelStore
from antiphon.net.offering import Offer
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_llm import STORY, answer, asking
from antiphon.testing.conformance_stt import Ear
from antiphon.testing.conformance_tts import speak
from antiphon.transports.file.audiofile import read_audio
from antiphon.wiring.agent import open_agent
from antiphon.wiring.placed import Placing, place_recording
from antiphon.wiring.providers import OFFERS

SPEECH = speech("Ever tried, ever failed.")
WRONG = "wrong-but-no-less-secret"
KEYED = [offer for offer in OFFERS if offer.proof == "wire" and offer.key]


async def use(offer: Offer, engine: Any) -> None:
    """The least that makes it talk to its vendor."""
    await engine.start()
    match offer.port:
        case "stt":
            ear = Ear(engine)
            ear.feed(SPEECH.pcm)
            ear.recognition.voice(SpeechStarted(at_s=SPEECH.starts_s))
            ear.recognition.voice(SpeechStopped(at_s=SPEECH.ends_s))
            ear.recognition.finalise(SPEECH.ends_s)
            await ear.recognition.run()
        case "tts":
            await speak(engine, "We are open from nine to five.")
        case _:
            await answer(engine, asking(STORY))


@pytest.mark.parametrize("offer", KEYED, ids=lambda offer: f"{offer.port}-{offer.name}")
@pytest.mark.parametrize("key, fault", [(WRONG, None), (KEY, Fault(refuse=500, reason=KEY))])
async def test_an_adapter_shows_its_key_to_nobody(
    offer: Offer,
    key: str,
    fault: Fault | None,
    contracts_sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    if fault:
        contracts_sandbox.rules.add(fault, times=None)
    engine = made(offer, contracts_sandbox, **{offer.key: key})
    seen = [repr(engine), repr(vars(engine))]
    try:
        await use(offer, engine)
    except AntiphonError as error:
        seen += [repr(error), *traceback.format_exception(error)]
        seen.append(repr(error.__cause__))
    else:
        pytest.fail("the vendor did not refuse")
    finally:
        await engine.aclose()
    seen += [record.getMessage() + str(record.args) for record in caplog.records]
    assert len(seen) > 4
    assert not [text for text in seen if key in text]


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


@pytest.mark.parametrize("command", [["providers"], ["check"], ["sandbox", "--help"]])
def test_no_command_prints_a_key(
    command: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for offer in KEYED:
        monkeypatch.setenv(offer.key, KEY)
    file = tmp_path / "agent.yaml"
    file.write_text(
        "name: A\nstt: deepgram/nova-3\ntts: elevenlabs/flash\nllm: anthropic/x\n"
        "endpoint: null\ndialog: {greeting: Hello}\n"
    )
    words = [*command, str(file)] if command == ["check"] else command
    for more in ([], ["--json"]):
        with contextlib.suppress(SystemExit):
            main([*words, *more])
    told = capsys.readouterr()
    assert told.out
    assert KEY not in told.out + told.err
    assert KEY not in repr(read())


def _files_with_the_key(folder: Path) -> list[Path]:
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert len(written) >= 4
    return [path for path in written if KEY.encode() in path.read_bytes()]


def _write(file: Path, samples: Any) -> None:
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", "not compressed"))
        out.writeframes(samples.tobytes())
