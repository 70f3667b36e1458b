"""`antiphon call` and `talk` while they hold a call: ended from outside, side by side, on a full
disk. The engines are pretended; a call takes about a second."""

import asyncio
import errno
import json
import os
import signal
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from tests.call.tones import ToneRecogniser, ToneVoice, Vocabulary

from antiphon.call.clock import LoopClock
from antiphon.call.equipment import Equipment
from antiphon.cli import call, talk
from antiphon.cli.claimed import claimed
from antiphon.cli.main import main
from antiphon.cli.stopping import Stopping
from antiphon.config.agent import AgentSettings
from antiphon.errors import Missing
from antiphon.events import CallEnded
from antiphon.media.energy import EnergyVad
from antiphon.media.plane import Plane
from antiphon.net.roster import Roster
from antiphon.observe.logreader import Told, read
from antiphon.observe.playback import load
from antiphon.testing.portaudio import FakePortAudio
from antiphon.transports.microphone import devices
from antiphon.wiring.agent import Agent

Later = Callable[[float, Callable[[], None]], None]


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Later:
    """Pretended engines. ``later(s, act)`` has something done so long after they are ready."""
    waiting: list[tuple[float, Callable[[], None]]] = []

    @asynccontextmanager
    async def opened(settings: AgentSettings, *_: object, **__: object) -> AsyncIterator[Agent]:
        clock, words = LoopClock(), Vocabulary()
        plane = Plane(EnergyVad(), clock)
        equipment = Equipment(
            clock=clock,
            plane=plane,
            recognisers=Roster([ToneRecogniser(clock=clock, words=words)]),
            voices=Roster([ToneVoice(clock=clock, words=words)]),
            mouth=settings.mouth,
        )
        for seconds, act in waiting:
            asyncio.get_running_loop().call_later(seconds, act)
        async with asyncio.TaskGroup() as group:
            wheel = group.create_task(plane.run())
            try:
                yield Agent(settings, equipment)
            finally:
                wheel.cancel()

    monkeypatch.setattr(call, "open_agent", opened)
    monkeypatch.setattr(talk, "open_agent", opened)
    monkeypatch.chdir(tmp_path)
    return lambda seconds, act: waiting.append((seconds, act))


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """A caller who says nothing for two seconds."""
    file = tmp_path / "quiet.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, 8_000, 0, "NONE", ""))
        out.writeframes(bytes(32_000))
    return file


def send(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


def ended(log: Path) -> CallEnded:
    last = [line.event for line in read(log).lines if isinstance(line, Told)][-1]
    assert isinstance(last, CallEnded)
    return last


# --- told to stop --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_call_told_to_stop_is_hung_up_and_whole(
    desk: Path, quiet: Path, later: Later, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    later(0.8, send(number))

    assert main(["call", str(desk), "--play", str(quiet), "--json"]) == 130

    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["ended_by"], said["reason"]) == (False, "agent", "interrupted")
    assert read(Path("call.jsonl")).closed
    assert ended(Path("call.jsonl")) == CallEnded(by="agent", reason="interrupted")
    assert 0.3 < load(Path("call.wav")).seconds < 2.0
    assert main(["replay", "call.jsonl"]) == 0


def test_the_report_of_a_call_told_to_stop_is_written(
    desk: Path, quiet: Path, later: Later
) -> None:
    later(0.6, send(signal.SIGINT))

    assert main(["call", str(desk), "--play", str(quiet), "--report", "page.html"]) == 130
    assert b"interrupted" in Path("page.html").read_bytes()


def test_a_command_told_to_stop_before_its_call_has_nothing_to_hang_up(
    desk: Path, quiet: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @asynccontextmanager
    async def loading(*_: object, **__: object) -> AsyncIterator[Agent]:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.get_running_loop().create_future()
        yield pytest.fail("it went on")

    monkeypatch.setattr(call, "open_agent", loading)

    assert main(["call", str(desk), "--play", str(quiet)]) == 130
    assert capsys.readouterr() == ("", "")
    assert not list(Path().glob("call*")), "no call, no traces"


def test_a_talk_told_to_stop_is_hung_up(
    desk: Path,
    tmp_path: Path,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(devices, "load", FakePortAudio)
    monkeypatch.setenv("ANTIPHON_CALLS", str(tmp_path / "calls"))
    later(0.5, send(signal.SIGINT))

    assert main(["talk", str(desk)]) == 130

    (log,) = (tmp_path / "calls").glob("*.jsonl")
    assert read(log).closed
    assert ended(log) == CallEnded(by="agent", reason="interrupted")
    assert "failure" not in capsys.readouterr().out


def test_a_second_signal_does_not_wait_for_the_goodbye() -> None:
    done: list[str] = []

    class Talking:
        def hang_up(self, reason: str) -> None:
            done.append(reason)

    stopping = Stopping(lambda: done.append("cancelled"))
    stopping.begun(Talking())
    stopping.stop()
    assert done == ["interrupted"]
    stopping.stop()
    assert done == ["interrupted", "cancelled"]


# --- side by side --------------------------------------------------------------------------------


@pytest.fixture
def other_call() -> Iterator[None]:
    """Somebody else's, with the usual files."""
    with claimed(None, None) as (events, record):
        events.write_text("theirs")
        record.write_text("theirs")
        yield
    assert events.read_text() == record.read_text() == "theirs"


def test_a_call_beside_another_takes_files_of_its_own(
    desk: Path,
    quiet: Path,
    later: Later,
    other_call: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    later(0.4, send(signal.SIGINT))

    assert main(["call", str(desk), "--play", str(quiet)]) == 130
    assert "recording call-2.wav, call log call-2.jsonl" in capsys.readouterr().out
    assert read(Path("call-2.jsonl")).header.call == "call-2"


@pytest.mark.parametrize("option, file", [("--record", "call.wav"), ("--events", "call.jsonl")])
def test_a_named_file_another_call_writes_is_refused(
    desk: Path,
    quiet: Path,
    other_call: None,
    option: str,
    file: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["call", str(desk), "--play", str(quiet), option, file]) == 3
    assert capsys.readouterr().err == (
        f"antiphon: another call is writing {file}\n"
        "  wait for its end, or name other files: --record and --events\n"
    )


def test_the_files_of_an_older_call_are_used_again() -> None:
    Path("call.jsonl").write_text("old")
    with claimed(None, None) as files:
        assert files == (Path("call.jsonl"), Path("call.wav"))
    assert Path("call.jsonl").read_text() == "old"
    assert not Path("call.wav").exists()


def test_an_empty_file_that_was_there_stays() -> None:
    Path("made-before").touch()
    with claimed(Path("made-before"), None):
        pass
    assert Path("made-before").exists()


def test_what_is_no_file_is_nobodys(tmp_path: Path) -> None:
    with claimed(Path("/dev/null"), None), claimed(Path("/dev/null"), tmp_path / "b.wav"):
        pass
    with pytest.raises(Missing), claimed(tmp_path / "a", None), claimed(tmp_path / "a", None):
        pass
    with claimed(tmp_path / "no" / "folder", None) as (events, _):
        assert events == tmp_path / "no" / "folder"


# --- a full disk ---------------------------------------------------------------------------------


def test_a_full_disk_costs_the_recording_and_not_the_call(
    desk: Path,
    quiet: Path,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk.write_text(desk.read_text() + "turns: {silence_s: 0.5, silence_prompts: 0}\n")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fill() -> None:
        monkeypatch.setattr(os, "pwrite", full)

    later(0.1, fill)

    assert main(["call", str(desk), "--play", str(quiet)]) == 3

    said = capsys.readouterr()
    assert "recording stopped after 0.0 s: No space left on device; call.wav lacks the rest" in (
        said.err
    )
    assert ended(Path("call.jsonl")).by != "failure"


def test_a_disk_too_full_for_any_trace_is_said_after_the_call(
    desk: Path,
    quiet: Path,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write = os.write

    def full(file: int, data: bytes) -> int:
        if Path(f"/proc/self/fd/{file}").readlink().name == "call.jsonl":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data)

    monkeypatch.setattr(os, "write", full)
    later(0.3, send(signal.SIGINT))

    assert main(["call", str(desk), "--play", str(quiet)]) == 3

    said = capsys.readouterr().err
    assert "the call log call.jsonl lacks " in said
    assert "antiphon: the call was held, but call.jsonl:1: this call log has no header" in said


# --- a caller who lets the agent greet -----------------------------------------------------------


def spoken_from_s(record: Path) -> float:
    caller = load(record).caller
    return float(np.flatnonzero(np.abs(caller) > 500)[0] / 8_000)


@pytest.fixture
def speech() -> Path:
    """Loud from its beginning."""
    with wave.open("speech.wav", "wb") as out:
        out.setparams((1, 2, 8_000, 0, "NONE", ""))
        tone = 8_000 * np.sin(np.arange(8_000) * 0.5)
        out.writeframes(tone.astype("<i2").tobytes())
    return Path("speech.wav")


def test_speech_waits_for_the_end_of_the_greeting(desk: Path, speech: Path, later: Later) -> None:
    later(2.8, send(signal.SIGINT))
    assert main(["call", str(desk), "--play", str(speech)]) == 130

    agent = np.flatnonzero(np.abs(load(Path("call.wav")).agent) > 500) / 8_000
    assert spoken_from_s(Path("call.wav")) > agent[agent < 1.5].max() + 0.6


def test_speech_may_begin_at_once(desk: Path, speech: Path, later: Later) -> None:
    later(0.4, send(signal.SIGINT))
    assert main(["call", str(desk), "--play", str(speech), "--at-once"]) == 130
    assert spoken_from_s(Path("call.wav")) < 0.05


def test_a_script_needs_no_telling_when_to_begin(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["call", str(desk), "--script", "s.yaml", "--at-once"]) == 2
    assert "--at-once is for --play" in capsys.readouterr().err
