"""A full disk and dying engines, in the middle of real calls: the calls go on."""

import asyncio
import os
import resource
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import place

from antiphon.actions import Action
from antiphon.cli.main import main
from antiphon.events import Event, ReplyFinished, ReplyStarted
from antiphon.observe.logreader import Ended, Noted
from antiphon.wiring.agent import Agent

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

PARKING = "  - say: Is there any parking?\n"
WEATHER = "  - say: What is the weather like today?\n"
DONE = "  - wait: agent_done\n"
START = "  - {wait: agent_done, timeout_s: 3}\n"


class Onlooker:
    """Acts when something happens in a call for the first time, or the one given as ``nth``."""

    def __init__(self, nth: int = 1, **acts: Callable[[], None]) -> None:
        self._nth, self._acts = nth, acts
        self._seen = Counter[str]()

    def event(self, event: Event, now: float) -> None:
        self._see(event)

    def actions(self, actions: list[Action], now: float) -> None:
        for action in actions:
            self._see(action)

    def spoken(self, *_: object) -> None: ...

    def _see(self, what: object) -> None:
        name = type(what).__name__
        self._seen[name] += 1
        if name in self._acts and self._seen[name] == self._nth:
            self._acts[name]()


# --- a full disk ---------------------------------------------------------------------------------

DISK_KIB, BALLAST_KIB, FILE_KIB = 512, 464, 4


@dataclass(frozen=True)
class SmallDisk:
    """Where a call's files find no room after its first seconds."""

    folder: Path
    make_room: Callable[[], None]
    shared: bool
    """Whether calls elsewhere find none either."""


@contextmanager
def mounted(folder: Path) -> Iterator[SmallDisk]:
    """A disk with room for a second of a call."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_KIB}k", "none", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        ballast = folder / "ballast"
        ballast.write_bytes(bytes(BALLAST_KIB * 1024))
        yield SmallDisk(folder, ballast.unlink, shared=False)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def limited(folder: Path) -> Iterator[SmallDisk]:
    """For who may not mount: no file of this process may grow beyond a few kilobytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def lift() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_KIB * 1024, hard))
    try:
        yield SmallDisk(folder, lift, shared=True)
    finally:
        lift()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    with ExitStack() as stack:
        try:
            disk = stack.enter_context(mounted(folder))
        except (subprocess.CalledProcessError, FileNotFoundError):
            disk = stack.enter_context(limited(folder))
        yield disk


async def test_a_disk_that_fills_up_stops_the_recording_and_nothing_else(
    desk: Agent, small_disk: SmallDisk, tmp_path: Path
) -> None:
    """Another call beside it knows nothing of it; and once there is room again, the log of this
    one is complete, because its lines waited."""
    room = Onlooker(nth=2, ReplyFinished=small_disk.make_room)

    full, beside = await asyncio.gather(
        place(desk, small_disk.folder, DONE + PARKING + DONE, watchers=[room]),
        place(desk, tmp_path / "beside", DONE + PARKING + DONE),
    )

    log = full.traces.log
    assert full.ended.by == beside.ended.by == "caller"
    assert full.turns == beside.turns == ["Is there any parking?"]
    (why,) = [n.fields["why"] for n in log.lines if isinstance(n, Noted) and "recording" in n.name]
    assert "No space left on device" in why or "File too large" in why
    assert full.traces.recording.seconds < 5
    assert isinstance(log.lines[-1], Ended)
    assert log.lines[-1].lost == 0
    assert main(["replay", str(log.path)]) == 0
    assert main(["replay", str(beside.folder / "call.jsonl")]) == 0
    if not small_disk.shared:
        assert beside.traces.audit()["answered"] is True
        assert beside.traces.audit()["log_complete"] is True


async def test_a_disk_that_stays_full_ends_no_call(desk: Agent, tmp_path: Path) -> None:
    """The device that is always full stands for the disk, from the first byte on."""
    for name in ("call.jsonl", "call.wav"):
        (tmp_path / name).symlink_to("/dev/full")
    begun: list[int] = []

    class Listener(Onlooker):
        def event(self, event: Event, now: float) -> None:
            if isinstance(event, ReplyStarted):
                begun.append(event.reply)

    held = await place(desk, tmp_path, DONE + PARKING + START, watchers=[Listener()])

    assert held.ended.by == "caller"
    assert len(begun) == 2, "the greeting, and the answer"


# --- dying engines -------------------------------------------------------------------------------


@pytest.mark.quiet
async def test_engines_killed_in_the_middle_of_a_call_are_replaced_and_it_goes_on(
    desk: Agent, tmp_path: Path
) -> None:
    """Its ears while the caller speaks, its mind and its voice while it thinks of an answer."""
    kit: Any = desk.equipment
    engines = {
        "recogniser": kit.recognisers.preferred,
        "endpoint": kit.endpoint,
        "model": kit.model.roster.preferred,
        "voice": kit.voices.preferred,
    }
    before = {name: engine.child.pid for name, engine in engines.items()}

    def kill(*names: str) -> Callable[[], None]:
        return lambda: [os.kill(before[name], signal.SIGKILL) for name in names]  # type: ignore[func-returns-value]

    steps = DONE + PARKING + DONE + WEATHER + DONE + "  - say: What is your address?\n" + START
    fate = Onlooker(SpeechStarted=kill("recogniser", "endpoint"), AskModel=kill("model", "voice"))

    held = await place(desk, tmp_path / "call", steps, watchers=[fate])

    said = [event.heard for event in held.events if isinstance(event, ReplyFinished)]
    assert held.ended.by == "caller", held.ended
    # Heard again from another place, a word may be spelt another way.
    assert [turn.replace("to-day", "today") for turn in held.turns] == [
        "Is there any parking?",
        "What is the weather like today?",
        "What is your address?",
    ]
    assert any("on Mill Lane" in text for text in said)
    assert held.traces.audit()["answered"] is True, held.traces.audit()["troubles"]
    now = {name: engine.child.pid for name, engine in engines.items()}
    assert all(now[name] not in (None, pid) for name, pid in before.items()), (before, now)
    assert main(["replay", str(held.folder / "call.jsonl")]) == 0
