"""What others may build on: the names modules offer, and what importing them costs."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[1] / "src"
PACKAGE = SOURCE / "antiphon"

# Ours for others: what a team's own tests and engines stand on. A change here is one that its
# users must hear of (CHANGELOG.md).
PUBLIC = {
    "antiphon.actions": (
        "Abandon Action Amend Answer AskModel CallTime CancelModel DiscardReply Duck FillSilence "
        "FinaliseTranscript GiveUp HangUp HoldReply KINDS Message NoteBackchannel NoticeSilence "
        "PrimeModel ReleaseReply Restore RunTool ScoreEndpoint Settle Speak Speculate "
        "StopSpeaking Transfer Trust Withdraw from_json to_json"
    ),
    "antiphon.errors": (
        "AntiphonError AtCapacity ConfigError InternalError LocalProtocolError Missing "
        "ProtocolError ProviderError Rejected RemoteProtocolError TimedOut ToolFailed ToolRetry "
        "Unavailable"
    ),
    "antiphon.events": (
        "AudioAdvanced BackchannelHeard CallEnded CallStarted DigitPressed EarsFound EarsLost "
        "EndpointHinted Event Expectation ExpectationSet Expecting KINDS LimitReached "
        "ModelFailed ModelFinished ModelSaid ReplyFailed ReplyFinished ReplyKind ReplyLate "
        "ReplyLost ReplyOffered ReplyReady ReplyStarted ReplyStopped SilenceNoticed "
        "SpeechStarted SpeechStopped ToolEnded ToolFinished TranscriptAmended "
        "TranscriptChanged TransferFailed TurnEnded TurnScored Word decode from_json to_json"
    ),
    "antiphon.ports.attendance": "Attendance",
    "antiphon.ports.clock": "Clock",
    "antiphon.ports.endpoint": "EndpointModel",
    "antiphon.ports.journal": "Journal",
    "antiphon.ports.llm": "Asking LanguageModel Saying Tool ToolCall ToolUse Usage",
    "antiphon.ports.stt": "Chunk Encoding Formatting Heard Hearing Recogniser Recognition",
    "antiphon.ports.transport": "Line Transport TransportFacts",
    "antiphon.ports.tts": "Speaking Spoken SpokenWord Synthesiser Utterance",
    "antiphon.ports.vad": "VoiceActivity",
    "antiphon.testing.attendance": "Attendees",
    "antiphon.testing.caller": "AgentEar ScriptedCaller TakeNote",
    "antiphon.testing.callermachine": "Begin CallerMachine Doing FallSilent GiveUp PutDown",
    "antiphon.testing.clock": "Deadlock VirtualClock VirtualLoop",
    "antiphon.testing.cloud_aws": "AmazonCloud ClientError ReadTimeoutError TranscribeError",
    "antiphon.testing.cloud_azure": "AzureCloud FakeRecognizer",
    "antiphon.testing.cloud_google": "FakeApiError GoogleCloud Status",
    "antiphon.testing.clouds": "Cloud HumEar Reading Trouble Victim",
    "antiphon.testing.conformance": (
        "CANCEL_WITHIN_S RECOVER_WITHIN_S closable closes_twice pause recovers within "
        "word_error_rate"
    ),
    "antiphon.testing.conformance_endpoint": "CHECKS EndpointCase",
    "antiphon.testing.conformance_llm": "CHECKS GREETING LanguageModelCase STORY TOOL UNICODE",
    "antiphon.testing.conformance_stt": "CHECKS Ear RecogniserCase Speech",
    "antiphon.testing.conformance_tts": "CHECKS SynthesiserCase speak",
    "antiphon.testing.ears": "ScriptedEndpoint ScriptedRecogniser ScriptedRecognition",
    "antiphon.testing.line": "Faults PretendTransport",
    "antiphon.testing.mind": "Scripted ScriptedModel",
    "antiphon.testing.portaudio": "FakePortAudio FakePortAudioError FakeStream",
    "antiphon.testing.rehearsal": "Line NORMAL_DBFS rehearse",
    "antiphon.testing.room": "ROOM_DELAY_S echo speechlike",
    "antiphon.testing.saboteur": "Saboteur Victim",
    "antiphon.testing.script": (
        "Breath HangUp Moment Play Role Say Script Silence Sound SoundKind Sounding Step Wait"
    ),
    "antiphon.testing.scriptfile": "parse read",
    "antiphon.testing.sounds": "make",
    "antiphon.testing.stage": "NOTICE_S Stage said",
    "antiphon.testing.voice": "Fault HummedUtterance PITCHES_HZ ScriptedVoice",
}


def offered(module: ModuleType) -> set[str]:
    """Its ``__all__``, or without one every public name it defines itself."""
    if hasattr(module, "__all__"):
        return set(module.__all__)
    tree = ast.parse(Path(module.__file__ or "").read_text())
    names = set[str]()
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case _:
                pass
    return {name for name in names if not name.startswith("_")}


def modules(*places: str) -> list[str]:
    paths = [path for place in places for path in sorted(PACKAGE.glob(place))]
    dotted = [".".join(path.relative_to(SOURCE).with_suffix("").parts) for path in paths]
    return [name.removesuffix(".__init__") for name in dotted if not name.endswith("__main__")]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_module_offers_what_it_is_known_to_offer(name: str) -> None:
    module = import_module(name)
    assert offered(module) == set(PUBLIC[name].split())
    assert all(hasattr(module, public) for public in offered(module))


def test_every_module_for_others_is_pinned() -> None:
    found = modules("testing/*.py", "ports/*.py", "events.py", "actions.py", "errors.py")
    assert {name for name in found if offered(import_module(name))} == PUBLIC.keys()


@pytest.mark.parametrize("name", modules("**/*.py"))
def test_what_a_module_lists_exists(name: str) -> None:
    path = SOURCE.joinpath(*name.split("."))
    file = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
    tree = ast.parse(file.read_text())
    assert ast.get_docstring(tree) or not tree.body, f"{name} does not say what lives there"
    if _needs_an_engine(name):
        return
    module = import_module(name)
    listed = getattr(module, "__all__", [])
    assert sorted(listed) == sorted(set(listed))
    assert all(hasattr(module, public) for public in listed)


def _needs_an_engine(name: str) -> bool:
    """Only a child process imports these: they load a vendor's library."""
    return name.endswith(".engine") and name.startswith("antiphon.providers.")


def _python(program: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


IMPORT_ALL = """
import importlib, logging, multiprocessing, os, signal, sys, threading

def state():
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    return threading.active_count(), dict(os.environ), handlers, list(logging.root.handlers)

before = state()
for name in sys.argv[1:]:
    importlib.import_module(name)
    assert state() == before, name
assert not multiprocessing.active_children()
"""


def test_importing_starts_nothing_writes_nothing_and_says_nothing(tmp_path: Path) -> None:
    names = [name for name in modules("**/*.py") if not _needs_an_engine(name)]
    done = _python(IMPORT_ALL, *names, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(tmp_path.iterdir())


HEAVY = "numpy onnxruntime pydantic rich soxr starlette uvicorn websockets yaml msgspec asyncio"


def test_the_command_line_begins_without_a_heavy_import(tmp_path: Path) -> None:
    program = "import sys, antiphon.cli.main; print(*sys.modules)"
    done = _python(program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & set(HEAVY.split())


VENDORS = "moonshine_voice piper faster_whisper xllamacpp livekit sounddevice"


@pytest.mark.parametrize("name", ["serve", "call", "talk", "replay", "check", "models"])
def test_no_command_imports_an_engine_before_it_is_needed(name: str, tmp_path: Path) -> None:
    program = f"import sys, antiphon.cli.{name}; print(*sys.modules)"
    done = _python(program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = {module.partition(".")[0] for module in done.stdout.split()}
    assert not loaded & set(VENDORS.split())
