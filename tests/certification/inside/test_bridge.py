"""The real LiveKit plugins behind the bridge: their environment beside ours, the sandbox behind
them, and the ports' conformance suites in front."""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.contracts.stage import SAYS, speech

from antiphon.errors import Rejected
from antiphon.net.offering import Order, Port
from antiphon.sandbox.server import Sandbox
from antiphon.testing import conformance_stt, conformance_tts
from antiphon.testing.conformance_stt import RecogniserCase, listening
from antiphon.testing.conformance_tts import SynthesiserCase, speak
from antiphon.wiring import providers

KEY = "certification-key"
HERE = Path(__file__).parents[3] / ".venv-certify/bin/python"
PYTHON = os.environ.get("ANTIPHON_LIVEKIT_PYTHON", str(HERE))
Arguments = Callable[[Sandbox], dict[str, Any]]


@dataclass(frozen=True)
class Plugin:
    """A plugin's class, and how it is pointed at the sandbox."""

    name: str
    key: str
    arguments: Arguments
    words: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


EARS = [
    Plugin(
        "livekit:deepgram.STT",
        "DEEPGRAM_API_KEY",
        lambda sandbox: {"base_url": f"{sandbox.http_url}/v1/listen"},
    ),
    Plugin(
        "livekit:elevenlabs.STT",
        "ELEVEN_API_KEY",
        lambda sandbox: {
            "base_url": f"{sandbox.http_url}/v1",
            "model_id": "scribe_v2_realtime",
            "include_timestamps": True,
        },
    ),
]
VOICES = [
    Plugin(
        "livekit:deepgram.TTS",
        "DEEPGRAM_API_KEY",
        lambda sandbox: {"base_url": f"{sandbox.http_url}/v1/speak"},
    ),
    Plugin(
        "livekit:elevenlabs.TTS",
        "ELEVEN_API_KEY",
        # Its word times count from every chunk anew, so that the bridge cannot use them.
        lambda sandbox: {"base_url": f"{sandbox.http_url}/v1", "encoding": "pcm_24000"},
        settings={"ahead": 1},
    ),
    Plugin(
        "livekit:cartesia.TTS",
        "CARTESIA_API_KEY",
        lambda sandbox: {"base_url": sandbox.http_url},
        words=True,
    ),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=SAYS) as running:
        yield running


def made(port: Port, plugin: Plugin, sandbox: Sandbox, key: str = KEY) -> Any:
    environ = {"ANTIPHON_LIVEKIT_PYTHON": PYTHON, plugin.key: key}
    options = {"arguments": plugin.arguments(sandbox), **plugin.settings}
    order = Order(name=plugin.name, environ=environ, options=options, models=Path)
    return providers.make(port, order)


@asynccontextmanager
async def started(
    port: Port, plugin: Plugin, sandbox: Sandbox, key: str = KEY
) -> AsyncIterator[Any]:
    engine = made(port, plugin, sandbox, key)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.aclose()


# One child process for all checks of a plugin: starting it takes longer than most of them.
IN_ONE_LOOP = {"scope": "module", "loop_scope": "module"}


@pytest_asyncio.fixture(**IN_ONE_LOOP, params=EARS, ids=lambda plugin: plugin.name)
async def ears(request: Any, sandbox: Sandbox) -> AsyncIterator[RecogniserCase]:
    plugin = request.param
    async with started("stt", plugin, sandbox) as engine:
        yield RecogniserCase(
            engine=engine,
            make=lambda: made("stt", plugin, sandbox),
            first=speech(SAYS[0]),
            second=speech(SAYS[1]),
            most_wrong=0.0,
            kill=lambda _: sandbox.vanish(),
        )


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("check", conformance_stt.CHECKS, ids=lambda check: check.__name__)
async def test_a_recogniser_conforms(check: Any, ears: RecogniserCase) -> None:
    await check(ears)


@pytest_asyncio.fixture(**IN_ONE_LOOP, params=VOICES, ids=lambda plugin: plugin.name)
async def voice(request: Any, sandbox: Sandbox) -> AsyncIterator[SynthesiserCase]:
    plugin = request.param
    async with started("tts", plugin, sandbox) as engine:
        yield SynthesiserCase(
            engine=engine,
            make=lambda: made("tts", plugin, sandbox),
            knows_words=plugin.words,
            kill=lambda _: sandbox.vanish(),
        )


# The bridge has no word for speed: it is one of a plugin's arguments.
SPOKEN = [c for c in conformance_tts.CHECKS if c.__name__ != "speed_changes_the_length"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("check", SPOKEN, ids=lambda check: check.__name__)
async def test_a_voice_conforms(check: Any, voice: SynthesiserCase) -> None:
    await check(voice)


@pytest.mark.parametrize("plugin", VOICES, ids=lambda plugin: plugin.name)
async def test_a_wrong_key_is_a_rejected_voice(plugin: Plugin, sandbox: Sandbox) -> None:
    async with started("tts", plugin, sandbox, "a-wrong-but-secret-key") as engine:
        with pytest.raises(Rejected) as caught:
            await speak(engine, "Hello there.")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("plugin", EARS, ids=lambda plugin: plugin.name)
async def test_a_wrong_key_is_a_rejected_ear(plugin: Plugin, sandbox: Sandbox) -> None:
    async with started("stt", plugin, sandbox, "a-wrong-but-secret-key") as engine:
        with pytest.raises(ExceptionGroup) as caught:
            async with listening(engine) as ear:
                await ear.hear(speech(SAYS[0]))
    (error,) = caught.value.exceptions
    assert isinstance(error, Rejected)
    assert "secret" not in str(error)
