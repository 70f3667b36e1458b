"""`antiphon check --live` and `--sandbox`: providers that are tried, and providers pretended."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from antiphon.cli import trial
from antiphon.cli.main import main
from antiphon.errors import AtCapacity, Missing, Rejected, TimedOut, Unavailable
from antiphon.events import TranscriptChanged
from antiphon.net.offering import Offer, Order, Port
from antiphon.ports.llm import Saying
from antiphon.ports.tts import Spoken
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.wiring import providers

KEY = "a-very-secret-key"
AGENT = """\
name: Hosted
stt: [deepgram/nova-3, deepgram/flux]
tts:
  - deepgram/aura-2
llm: null
endpoint: null
dialog: {greeting: Hello.}
"""


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    with Sandbox(key=KEY) as running:
        yield running


@pytest.fixture
def sandbox(world: Sandbox, monkeypatch: pytest.MonkeyPatch, all_models: None) -> Sandbox:
    world.rules.clear()
    for name, value in world.environ().items():
        monkeypatch.setenv(name, value)
    return world


@pytest.fixture
def hosted(tmp_path: Path) -> Path:
    file = tmp_path / "agent.yaml"
    file.write_text(AGENT)
    return file


# --- over the wire -----------------------------------------------------------------------------


def test_every_provider_is_asked_for_something_tiny(
    hosted: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(hosted), "--live"]) == 0
    said = capsys.readouterr().out
    for name in (
        "stt       deepgram/nova-3",
        "stt       deepgram/flux  ",
        "tts       deepgram/aura",
    ):
        assert name in said
    assert said.count("  OK   ") == 3
    assert said.endswith("and every provider answers\n")
    heard = [request.audio("client") for request in sandbox.requests]
    assert max(map(len, heard)) >= 16_000, "half a second of silence"
    assert KEY not in said


def test_what_is_wrong_is_said_with_what_to_do(
    hosted: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.rules.add(Fault(refuse=429, retry_after_s=7), path="/v1/listen", times=None)
    sandbox.rules.add(Fault(refuse=401), path="/v1/speak", times=None)
    assert main(["check", str(hosted), "--live"]) == 1
    said = capsys.readouterr().out
    lines = dict(zip(said.splitlines(), said.splitlines()[1:], strict=False))
    nova = next(line for line in lines if "nova-3" in line)
    assert "FAILED" in nova
    assert nova.count("nova-3") == 1
    assert "try again in 7 s" in lines[nova]
    assert (
        "see that DEEPGRAM_API_KEY is a key of deepgram"
        in lines[next(line for line in lines if "aura-2" in line)]
    )
    assert "flux    OK" in said.replace("deepgram/", "")
    assert said.endswith("2 of its providers failed\n")
    assert KEY not in said


def test_json_has_every_trial(
    hosted: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("DEEPGRAM_API_KEY", "a-wrong-but-secret-key")
    assert main(["check", str(hosted), "--live", "--json"]) == 1
    text = capsys.readouterr().out
    said = json.loads(text)
    assert not said["ok"]
    assert said["mistakes"] == []
    assert [(one["port"], one["ok"], one["ms"]) for one in said["trials"]] == [
        ("stt", False, None),
        ("stt", False, None),
        ("tts", False, None),
    ]
    assert all(one["what"] and one["fix"] for one in said["trials"])
    assert "secret" not in text


def test_missing_keys_are_told_all_at_once_each_with_its_line(
    hosted: Path, all_models: None, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.delenv("DEEPGRAM_API_KEY", raising=False)
    assert main(["check", str(hosted), "--live", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [(one["where"], one["what"]) for one in said["mistakes"]] == [
        (f"{hosted}:2", "deepgram/nova-3 needs DEEPGRAM_API_KEY, which is not set"),
        (f"{hosted}:2", "deepgram/flux needs DEEPGRAM_API_KEY, which is not set"),
        (f"{hosted}:4", "deepgram/aura-2 needs DEEPGRAM_API_KEY, which is not set"),
    ]
    assert said["trials"] == [], "what cannot be made cannot be tried"
    assert main(["check", str(hosted), "--json"]) == 1
    assert "trials" not in json.loads(capsys.readouterr().out)


def test_settings_that_cannot_be_are_found_where_they_stand(
    hosted: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    hosted.write_text(f"{AGENT}providers:\n  deepgram/flux: {{eot: 1}}\n  deepgram/nova-2: {{}}\n")
    assert main(["check", str(hosted), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["mistakes"]
    assert [(one["where"], one["what"]) for one in found] == [
        (f"{hosted}:9", "providers: deepgram/flux: no setting 'eot'"),
        (f"{hosted}:10", "providers: deepgram/nova-2 is not used by this agent"),
    ]
    hosted.write_text(
        AGENT.replace("stt: [deepgram/nova-3, deepgram/flux]\n", "stt: &a nobody/x\n")
    )
    assert main(["check", str(hosted)]) == 1
    assert f"{hosted}:2: stt: no provider 'nobody/x'" in capsys.readouterr().out


# --- through the port --------------------------------------------------------------------------


class Engine:
    """Any engine, with one way to answer."""

    name = "v/x"
    rates_hz = (8_000,)

    def __init__(self, answer: Any = None, late: bool = False) -> None:
        self.answer_, self.late, self.closed = answer, late, False
        self.voices: list[str] = []

    async def start(self) -> None: ...

    async def aclose(self) -> None:
        self.closed = True

    async def _do(self) -> None:
        if self.late:
            await asyncio.get_running_loop().create_future()
        if isinstance(self.answer_, Exception):
            raise self.answer_

    # a recogniser
    def listen(self, hearing: Any, tell: Any) -> "Engine":
        self.tell = tell
        return self

    def feed(self, pcm: bytes) -> None:
        assert len(pcm) == 320

    def finalise(self, until_s: float) -> None:
        if self.answer_ == "final":
            told = {"segment": 0, "text": "", "start_s": 0.0, "end_s": 0.5}
            self.tell(TranscriptChanged(**told, final=False))  # type: ignore[arg-type]
            self.tell(TranscriptChanged(**told, final=True))  # type: ignore[arg-type]

    async def run(self) -> None:
        await self._do()
        await asyncio.get_running_loop().create_future()

    # a voice
    def utter(self, speaking: Any) -> "Engine":
        self.voices.append(speaking.voice)
        return self

    def say(self, clause: str) -> None: ...

    def end(self) -> None: ...

    async def audio(self) -> AsyncIterator[Spoken]:
        await self._do()
        yield Spoken(pcm=b"" if self.answer_ == "mute" else b"\0\0", clause=0, last=True)

    # a model
    async def answer(self, asking: Any) -> AsyncIterator[Saying]:
        assert asking.max_tokens == 1
        await self._do()
        yield Saying(text="Yes", reason="length")

    # an end-of-turn model
    async def score(self, pcm_16k: bytes) -> float:
        await self._do()
        return 0.5


def tried(
    port: Port, engine: Engine, environ: Mapping[str, str] | None = None, **more: Any
) -> trial.Trial:
    given: dict[str, Any] = {"settings": BaseModel, "can": None, "proof": "wire", **more}
    known = Offer(name="v/x", port=port, make=lambda *_: engine, **given)
    order = Order(name="v/x", models=Path, environ=environ or {})
    (done,) = asyncio.run(trial.try_all([(known, order)], voice="anna"))
    assert engine.closed
    return done


@pytest.mark.parametrize("port", ["stt", "tts", "llm", "endpoint"])
def test_each_port_has_a_question_of_its_own(port: Port) -> None:
    engine = Engine("final")
    done = tried(port, engine)
    assert done.ok
    assert done.ms is not None
    assert done.what == ""
    assert engine.voices == (["anna"] if port == "tts" else [])


@pytest.mark.parametrize("port", ["stt", "tts", "llm", "endpoint"])
def test_who_says_nothing_is_given_up(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "WITHIN_S", 0.05)
    done = tried(port, Engine(late=True), home="https://v", address="V_URL")
    assert not done.ok
    assert "no answer in 0.05 s" in done.what
    assert "status page" in done.fix


@pytest.mark.parametrize(
    "error, what, fix",
    [
        (Rejected("no", provider="v/x"), "no", "see that V_KEY is a key of v"),
        (AtCapacity("full"), "full", "try again, or ask"),
        (AtCapacity("full", retry_after_s=3), "full", "try again in 3 s"),
        (Unavailable("gone"), "gone", "look at the network"),
        (TimedOut("slow"), "slow", "look at the network"),
        (Missing("no file", fix="pull it"), "no file", "pull it"),
        (ZeroDivisionError("of ours"), "ZeroDivisionError in the adapter", "report it"),
    ],
)
def test_each_way_to_fail_has_its_advice(error: Exception, what: str, fix: str) -> None:
    done = tried("llm", Engine(error), key="V_KEY", home="https://v")
    assert (done.ok, done.what) == (False, what)
    assert fix in done.fix


@pytest.mark.parametrize(
    "home, environ, fix",
    [
        ("https://v", {"V_URL": "http://10.0.0.1:1"}, "answers at http://10.0.0.1:1, where V_URL"),
        ("http://localhost:8000/v1", {}, "start its server at http://localhost:8000/v1, or say in"),
        ("https://v", {}, "status page"),
    ],
)
def test_who_cannot_be_reached_is_named_with_the_address(
    home: str, environ: dict[str, str], fix: str
) -> None:
    gone = Engine(Unavailable("no connection"))
    assert fix in tried("llm", gone, environ, home=home, address="V_URL").fix


def test_advice_fits_an_engine_of_this_machine() -> None:
    assert "settings" in tried("llm", Engine(Rejected("no"))).fix
    assert "load and memory" in tried("llm", Engine(Unavailable("no"))).fix
    assert "without a sound" in tried("tts", Engine("mute")).what


# --- pretended ---------------------------------------------------------------------------------


@pytest.fixture
def keyless(monkeypatch: pytest.MonkeyPatch, all_models: None) -> None:
    monkeypatch.delenv("DEEPGRAM_API_KEY", raising=False)
    monkeypatch.setenv("DEEPGRAM_BASE_URL", "http://127.0.0.1:9")


def test_the_sandbox_stands_in_for_an_unchanged_agent(
    hosted: Path, keyless: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(hosted), "--live", "--sandbox=scripted"]) == 0
    said = capsys.readouterr()
    assert said.out.count("  OK   ") == 3
    assert "pretended vendors (scripted) at http://127.0.0.1:" in said.err


def test_a_pretended_model_makes_small_talk(
    hosted: Path, keyless: None, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    pytest.importorskip("openai")
    text = hosted.read_text().replace("llm: null", "llm: openai/gpt-5-mini")
    hosted.write_text(text.replace("Hello.}", "Hello., small_talk: Be kind.}"))
    monkeypatch.setattr("sys.stdin", io.StringIO("It is raining.\n"))
    assert main(["chat", str(hosted), "--sandbox=scripted"]) == 0
    assert "Thank you for telling me" in capsys.readouterr().out


def test_without_models_there_is_nobody_to_play_them(
    hosted: Path, no_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(hosted), "--sandbox"]) == 3
    said = capsys.readouterr().err
    for model in ("moonshine-tiny-en", "piper-joe", "smollm2-135m"):
        assert f"  antiphon models pull {model}\n" in said  # all at once
    assert "or --sandbox=scripted, which needs none" in said


def test_who_is_met_at_the_sdk_cannot_be_pretended(
    hosted: Path, keyless: None, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    only = Offer(
        name="cloud/ear",
        port="stt",
        can=None,
        proof="sdk boundary",
        settings=BaseModel,
        make=lambda *_: None,
    )
    monkeypatch.setattr(providers, "OFFERS", [*providers.OFFERS, only])
    hosted.write_text(hosted.read_text().replace("deepgram/flux", "cloud/ear"))
    assert main(["check", str(hosted), "--sandbox=scripted"]) == 2
    assert "stt: cloud/ear cannot be pretended" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "call", "chat", "talk", "check"])
def test_the_agent_goes_before_the_option(
    command: str, hosted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--sandbox", str(hosted)])
    assert caught.value.code == 2
    assert "name the agent before --sandbox" in capsys.readouterr().err
