"""A sandbox, local models where they are kept, and recorded speech with its words and edges."""

import os
import signal
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from tests.providers.stage import KEY

from antiphon.models.store import ModelStore
from antiphon.net.child import Child
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_stt import Speech

RATE_HZ = 16_000


class HasChild(Protocol):
    @property
    def child(self) -> Child: ...


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """One for the tests of a module. One that needs lines to hear, or a mind, has its own."""
    with Sandbox(key=KEY) as running:
        yield running


@pytest.fixture
def sandbox(shared: Sandbox) -> Iterator[Sandbox]:
    """It, without any fault and without a past."""
    shared.rules.clear()
    shared.requests.clear()
    yield shared
    shared.rules.clear()


@pytest.fixture(scope="session")
def kill() -> Callable[[HasChild], None]:
    """Ends an engine's process as the out-of-memory killer does."""

    def kill_it(engine: HasChild) -> None:
        pid = engine.child.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    return kill_it


@pytest.fixture(scope="session")
def model() -> Callable[[str], Path]:
    """Where a model is; skips the test that wants one that is not here."""

    def find(name: str) -> Path:
        store = ModelStore()
        if not store.present(name):
            pytest.skip(f"model {name} is not here: antiphon models pull {name}")
        return store.path(name)

    return find


@pytest.fixture(scope="session")
def beckett(model: Callable[[str], Path]) -> bytes:
    """Ten seconds of a person reading, 16 kHz PCM16."""
    with wave.open(str(model("speech-samples") / "beckett.wav")) as recording:
        assert recording.getframerate() == RATE_HZ
        return recording.readframes(recording.getnframes())


def cut(pcm: bytes, start_s: float, end_s: float, pause_s: float = 0.25) -> bytes:
    """Part of a recording between two pauses of digital silence."""
    silence = bytes(2 * round(pause_s * RATE_HZ))
    begin, end = round(start_s * RATE_HZ) * 2, round(end_s * RATE_HZ) * 2
    return silence + pcm[begin:end] + silence


@pytest.fixture(scope="session")
def first_speech(beckett: bytes) -> Speech:
    return Speech(
        pcm=cut(beckett, 0.1, 2.75),
        text="Ever tried, ever failed.",
        starts_s=0.48,
        ends_s=2.70,
    )


@pytest.fixture(scope="session")
def second_speech(beckett: bytes) -> Speech:
    return Speech(
        pcm=cut(beckett, 3.3, 5.75),
        text="No matter, try again.",
        starts_s=0.48,
        ends_s=2.45,
    )
