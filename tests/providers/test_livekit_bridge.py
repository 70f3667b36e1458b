"""Plugins of LiveKit's, run in an environment of their own, keep the ports' promises.

The environment here is a real one, made for these tests, and what is in it has the class surface
of the real packages and nothing else (tests/providers/pretended_livekit). The real ones are met
by `./run certify`.
"""

import logging
import os
import signal
import venv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.contracts.stage import SAYS, speech
from tests.contracts.test_stt_amid_speech import interrupt

from antiphon.errors import (
    AtCapacity,
    ConfigError,
    Missing,
    ProviderError,
    Rejected,
    TimedOut,
    Unavailable,
)
from antiphon.net.offering import Order, Port
from antiphon.net.socket import together
from antiphon.ports.stt import Hearing
from antiphon.ports.tts import Speaking, Spoken
from antiphon.providers.livekit.settings import RecogniserSettings
from antiphon.testing import conformance, conformance_stt, conformance_tts
from antiphon.testing.conformance_stt import Ear, RecogniserCase, listening
from antiphon.testing.conformance_tts import SynthesiserCase, speak
from antiphon.wiring import providers

PRETENDED = Path(__file__).with_name("pretended_livekit")
KEY = "a-very-secret-key"
SPEECH = speech(SAYS[0])


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the pretended plugin, and nothing of Antiphon's."""
    folder = tmp_path_factory.mktemp("livekit")
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "pretended.pth").write_text(f"{PRETENDED}\n")
    return folder / "bin/python"


def made(
    port: Port, python: Path, environ: dict[str, str] | None = None, kind: str = "", **options: Any
) -> Any:
    name = f"livekit:pretended.{kind or port.upper()}"
    order = Order(
        name=name,
        environ={"PRETENDED_API_KEY": KEY} if environ is None else environ,
        options={"python": str(python), **options},
        models=Path,
    )
    return providers.make(port, order)


@asynccontextmanager
async def started(
    port: Port, python: Path, trouble: Any = None, **options: Any
) -> AsyncIterator[Any]:
    arguments = {"arguments": {"trouble": trouble}} if trouble is not None else {}
    engine = made(port, python, **arguments, **options)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.aclose()


def kill(engine: Any) -> None:
    os.kill(engine.child.pid, signal.SIGKILL)


# --- the promises -----------------------------------------------------------------------------


@pytest.mark.parametrize("check", conformance_stt.CHECKS, ids=lambda check: check.__name__)
async def test_a_recogniser_behind_the_bridge_conforms(check: Any, python: Path) -> None:
    async with started("stt", python) as engine:
        case = RecogniserCase(
            engine=engine,
            make=lambda: made("stt", python),
            first=SPEECH,
            second=speech(SAYS[1]),
            most_wrong=0.0,
            kill=kill,
        )
        await check(case)


@pytest.mark.parametrize("check", conformance_tts.CHECKS, ids=lambda check: check.__name__)
async def test_a_voice_behind_the_bridge_conforms(check: Any, python: Path) -> None:
    async with started("tts", python) as engine:
        make = lambda: made("tts", python)  # noqa: E731
        await check(SynthesiserCase(engine=engine, make=make, knows_words=True, kill=kill))


# --- starting ---------------------------------------------------------------------------------


def test_without_an_environment_it_says_how_to_make_one() -> None:
    order = Order(name="livekit:speechmatics.STT", models=Path)
    with pytest.raises(Missing, match="ANTIPHON_LIVEKIT_PYTHON"):
        providers.make("stt", order)


def test_an_interpreter_that_is_none_is_named(tmp_path: Path) -> None:
    environ = {"ANTIPHON_LIVEKIT_PYTHON": str(tmp_path)}
    order = Order(name="livekit:x.TTS", models=Path, environ=environ)
    with pytest.raises(Missing, match="is no program"):
        providers.make("tts", order)


def test_a_name_that_names_no_class_is_refused(python: Path) -> None:
    environ = {"ANTIPHON_LIVEKIT_PYTHON": str(python)}
    order = Order(name="livekit:deepgram", models=Path, environ=environ)
    with pytest.raises(ConfigError, match=r"livekit:deepgram\.STT"):
        providers.make("stt", order)


@pytest.mark.parametrize("port, name", [("stt", "deepgram.TTS"), ("tts", "deepgram.STTv2")])
def test_a_class_for_the_other_port_is_refused(python: Path, port: Port, name: str) -> None:
    environ = {"ANTIPHON_LIVEKIT_PYTHON": str(python)}
    order = Order(name=f"livekit:{name}", models=Path, environ=environ)
    with pytest.raises(ConfigError, match="for something else"):
        providers.make(port, order)


async def _refusal(name: str, port: Port, python: Path, **environ: str) -> Missing:
    order = Order(
        name=name,
        models=Path,
        environ=environ,
        options={"python": str(python), "arguments": {"model": "n"}},
    )
    engine = providers.make(port, order)
    with pytest.raises(Missing) as caught:
        await engine.start()
    await engine.aclose()
    return caught.value


async def test_a_plugin_that_is_not_there_comes_with_its_command(python: Path) -> None:
    error = await _refusal("livekit:speech_matics.STT", "stt", python)
    assert f"{python} -m pip install livekit-plugins-speech-matics" in str(error)


async def test_a_class_that_is_not_there_is_named(python: Path) -> None:
    error = await _refusal("livekit:pretended.STTv9", "stt", python, PRETENDED_API_KEY=KEY)
    assert "pretended.STTv9" in str(error)


async def test_a_plugin_that_lacks_its_key_says_so(python: Path) -> None:
    error = await _refusal("livekit:pretended.TTS", "tts", python, PRETENDED_API_KEY="")
    assert "PRETENDED_API_KEY must be set" in str(error)


async def test_a_recogniser_that_does_not_stream_is_refused(python: Path) -> None:
    engine = made("stt", python, arguments={"streams": False})
    with pytest.raises(Missing, match="does not stream"):
        await engine.start()
    await engine.aclose()


async def test_an_environment_without_livekit_is_told_apart(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    error = await _refusal("livekit:deepgram.STT", "stt", tmp_path / "bare/bin/python")
    assert "pip install livekit-agents" in str(error)


# --- hearing ----------------------------------------------------------------------------------


async def test_the_call_s_language_is_passed_on(python: Path) -> None:
    async with started("stt", python, trouble="tells its language") as engine:
        assert await _heard(engine, language="de") == "de"


async def test_a_language_among_the_arguments_is_left_alone(python: Path) -> None:
    arguments = {"trouble": "tells its language", "model": "m"}
    settings = RecogniserSettings(python=python, arguments={**arguments, "language": "fr"})
    async with started("stt", python, trouble="tells its language") as engine:
        engine._settings = settings
        assert await _heard(engine, language="de") == "none"


async def test_the_call_s_keyterms_reach_the_class_that_takes_them(python: Path) -> None:
    async with started("stt", python, trouble="tells its keyterms") as engine:
        assert await _heard(engine, keyterms=("Antiphon", "Ann Lee")) == "Antiphon, Ann Lee"
        assert await _heard(engine) == "none"


async def test_keyterms_among_the_arguments_are_left_alone(python: Path) -> None:
    arguments = {"keyterms": ["Beckett"], "trouble": "tells its keyterms"}
    async with started("stt", python, arguments=arguments) as engine:
        assert await _heard(engine, keyterms=("Antiphon",)) == "Beckett"


async def test_a_class_that_will_not_have_them_after_all_goes_on_without(
    python: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with started("stt", python, trouble="takes no such words") as engine:
            assert await _heard(engine, keyterms=("Antiphon",)) == "none"
    assert "goes on without keyterms" in caplog.text
    assert "not for this model" in caplog.text


async def test_what_a_class_has_no_argument_for_is_said_once(
    python: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with started("stt", python, kind="WeightedSTT") as ears:
        for _ in range(2):
            assert await _heard(ears, keyterms=("Antiphon",)) in SAYS
    async with started("tts", python, kind="PlainTTS") as voice:
        for _ in range(2):
            pieces = await _spoken(voice, speed=1.5, language="de")
            assert _seconds(pieces) == pytest.approx(0.6)
    warned = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warned == [
        "livekit:pretended.WeightedSTT takes no keyterms: it is left out",
        "livekit:pretended.PlainTTS takes no speed: it is left out",
        "livekit:pretended.PlainTTS takes no language: it is left out",
    ]


async def test_asked_amid_speech_it_tears_no_word(python: Path) -> None:
    """What the call asks of a sound over the agent, again and again."""
    async with started("stt", python) as engine, listening(engine) as ear:
        await interrupt(ear)
        final = await ear.final(SPEECH.ends_s, 3.0)
    newest = {told.segment: told.text for told in ear.told}
    assert [text for text in newest.values() if text] == [SAYS[0]]
    assert final.text == SAYS[0]


async def _heard(engine: Any, **wanted: Any) -> str:
    ear = Ear(engine)
    ear.recognition = engine.listen(Hearing(rate_hz=16_000, **wanted), ear._tell)

    async def speak_and_wait() -> None:
        await ear.final(await ear.hear(SPEECH), 3.0)

    await together(ear.recognition.run(), speak_and_wait())
    return ear.finals[-1].text


async def test_a_plugin_without_times_is_given_the_time_that_passed(python: Path) -> None:
    async with started("stt", python, trouble="knows no times") as engine, listening(engine) as ear:
        ended_s = await ear.hear(SPEECH)
        final = await ear.final(ended_s, 3.0)
        assert final.text == SAYS[0]
        assert final.start_s == 0.0
        assert final.end_s == pytest.approx(ear.fed_s, abs=0.1)


async def _lost(python: Path, trouble: Any) -> ProviderError:
    async with started("stt", python, trouble=trouble, finalise_within_s=0.3) as engine:
        ear = Ear(engine)
        with pytest.raises(ProviderError) as caught:
            await together(ear.recognition.run(), _say_it_twice(ear))
        return caught.value


async def _say_it_twice(ear: Ear) -> None:
    for _ in range(2):
        ended_s = await ear.hear(speech(SAYS[0], 0.5))
        ear.recognition.finalise(ended_s)
    await conformance.pause(1.0)


TROUBLES = [
    (401, Rejected),
    (429, AtCapacity),
    (504, TimedOut),
    (503, Unavailable),
    ("times out", TimedOut),
    ("is wrong", Rejected),
    ("has a bug", Unavailable),
    ("dies", Unavailable),
    ("ends", Unavailable),
    ("is deaf", TimedOut),
]


@pytest.mark.parametrize("trouble, error", TROUBLES, ids=str)
async def test_what_goes_wrong_there_is_one_of_our_errors(
    python: Path, trouble: Any, error: type[ProviderError], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        lost = await _lost(python, trouble)
    assert isinstance(lost, error), lost
    assert KEY not in f"{lost!r} {lost} {caplog.text}"


# --- speaking ---------------------------------------------------------------------------------


async def test_a_language_that_is_not_the_usual_one_is_passed_on(python: Path) -> None:
    async with started("tts", python, trouble="tells its language") as engine:
        usual = await speak(engine, "one two")
        german = await _spoken(engine, language="de")
    assert _seconds(german) == pytest.approx(2 * _seconds(usual))


async def test_a_voice_that_does_not_stream_is_given_whole_clauses(python: Path) -> None:
    async with started("tts", python, arguments={"streams": False}) as engine:
        pieces = await speak(engine, "one two", "three")
    assert _seconds(pieces) == pytest.approx(0.9)


async def test_of_two_channels_the_first_is_heard(python: Path) -> None:
    async with started("tts", python, trouble="is stereo") as engine:
        assert _seconds(await speak(engine, "one two")) == pytest.approx(0.6)


async def test_words_go_on_from_piece_to_piece_of_a_long_clause(python: Path) -> None:
    clause = "word " * 300
    async with started("tts", python) as engine:
        pieces = await speak(engine, clause)
    words = [word for piece in pieces for word in piece.words]
    assert len(words) == 300
    assert [word.start for word in words] == [n * 4800 for n in range(300)]
    assert [piece.last for piece in pieces].count(True) == 1


async def test_word_times_that_run_backwards_are_not_told(python: Path) -> None:
    async with started("tts", python, trouble="begins anew") as engine:
        pieces = await speak(engine, "one two three four five six", "seven")
    words = [word.text for piece in pieces for word in piece.words]
    assert words == ["one", "two", "three", "four", "five", "seven"]


@pytest.mark.parametrize(
    "trouble, error",
    [
        ("falls silent", TimedOut),
        ("changes its rate", Unavailable),
        ("dies", Unavailable),
        (401, Rejected),
    ],
    ids=str,
)
async def test_a_voice_in_trouble_is_one_of_our_errors(
    python: Path, trouble: Any, error: type[ProviderError]
) -> None:
    async with started("tts", python, trouble=trouble, audio_within_s=0.5) as engine:
        with pytest.raises(error) as caught:
            await speak(engine, "one two three")
    assert KEY not in str(caught.value)


async def test_what_changes_the_sound_changes_the_fingerprint(python: Path) -> None:
    found = set()
    for model in ("a", "b"):
        async with started("tts", python, arguments={"model": model}) as engine:
            assert engine.rate_hz == 16_000
            found.add(engine.fingerprint)
    assert len(found) == 2


async def _spoken(engine: Any, **wanted: Any) -> list[Spoken]:
    utterance = engine.utter(Speaking(**wanted))
    utterance.say("one two")
    utterance.end()
    return [piece async for piece in utterance.audio()]


def _seconds(pieces: list[Spoken]) -> float:
    return sum(len(piece.pcm) for piece in pieces) / 2 / 16_000


# --- life and secrets -------------------------------------------------------------------------


async def test_the_child_is_gone_when_the_engine_is_closed(python: Path) -> None:
    async with started("tts", python) as engine:
        child = psutil.Process(engine.child.pid)
    assert not child.is_running()


@pytest.mark.parametrize("name", ["api_key", "token", "aws_secret"])
def test_an_agent_file_holds_no_keys(python: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} cannot be among the arguments") as caught:
        made("stt", python, arguments={name: KEY, "keyterms": ["Beckett"]})
    assert KEY not in f"{caught.value!r} {caught.value}"


def test_the_environment_is_not_shown(python: Path) -> None:
    assert KEY not in repr(made("stt", python).child.program)
