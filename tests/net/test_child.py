"""A child process does its jobs, can be told to stop, and is there again when it died."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from antiphon.errors import AtCapacity, Missing, Rejected, TimedOut, Unavailable
from antiphon.net import child as child_module
from antiphon.net.child import Child
from antiphon.net.child_job import Answer, Job, Program, Urgency, sendable

HERE = Path(__file__).parent
CANCEL_WITHIN_S = 0.05


def program(engine: str = "Echo", **changed: Any) -> Program:
    return Program(
        name="pretended", engine=f"child_engines:{engine}", python_path=(str(HERE),), **changed
    )


@asynccontextmanager
async def running(**changed: Any) -> AsyncIterator[Child]:
    child = Child(program(**changed))
    await child.start()
    try:
        yield child
    finally:
        await child.aclose()


async def answers(child: Child, payload: bytes = b"", **fields: Any) -> list[Answer]:
    with child.ask(fields, payload) as job:
        return [answer async for answer in job]


async def drained(job: Job) -> int:
    """How many answers were left."""
    return len([answer async for answer in job])


async def gone(pid: int) -> None:
    """Wait until a process has left the table, zombie and all."""
    loop = asyncio.get_running_loop()
    until = loop.time() + 5
    while psutil.pid_exists(pid):
        assert loop.time() < until
        await asyncio.wait([loop.create_future()], timeout=0.005)


async def test_a_job_is_answered_in_pieces_and_in_order() -> None:
    async with running() as child:
        numbers = [answer.fields["number"] for answer in await answers(child, do="count", to=500)]
        assert numbers == list(range(500))


async def test_payloads_arrive_whole() -> None:
    payload = os.urandom(3_000_000)
    async with running() as child:
        (answer,) = await answers(child, payload, do="echo")
        assert answer.payload == payload


async def test_the_engine_starts_in_the_environment_it_was_promised() -> None:
    child = Child(program(nice=7, environment={"OMP_NUM_THREADS": "3"}, settings={"a": [1, "b"]}))
    facts = await child.start()
    assert facts["nice"] == os.nice(0) + 7
    assert facts["threads"] == "3"
    assert facts["settings"] == {"a": [1, "b"]}
    assert facts["pid"] == child.pid != os.getpid()
    await child.aclose()


async def test_urgent_jobs_overtake_waiting_ones() -> None:
    async with running() as child:
        blocking = child.ask({"do": "wait", "name": "first"})
        await anext(blocking)
        waiting = [
            child.ask({"do": "count", "to": 1, "name": name}, urgency=urgency)
            for name, urgency in (
                ("partial", Urgency.SPARE),
                ("clause", Urgency.SOON),
                ("final", Urgency.NOW),
                ("next final", Urgency.NOW),
            )
        ]
        blocking.cancel()
        for job in waiting:
            assert [answer async for answer in job]
        (begun,) = await answers(child, do="list_begun")
        assert begun.fields["names"][:5] == ["first", "final", "next final", "clause", "partial"]


async def test_cancelling_reaches_an_engine_at_work() -> None:
    async with running() as child:
        loop = asyncio.get_running_loop()
        job = child.ask({"do": "wait"})
        await anext(job)
        began = loop.time()
        job.cancel()
        assert loop.time() - began < 0.005
        assert [answer async for answer in job] == []
        # The only lane is free again, which takes the child to have heard and stopped.
        await answers(child, do="count", to=1)
        assert loop.time() - began < CANCEL_WITHIN_S


async def test_deaf_native_work_holds_its_lane_but_not_its_caller() -> None:
    async with running() as child:
        loop = asyncio.get_running_loop()
        with child.ask({"do": "native", "seconds": 0.3}) as job:
            await anext(job)
            began = loop.time()
        assert loop.time() - began < 0.005
        assert child.busy
        await answers(child, do="count", to=1)
        assert 0.2 < loop.time() - began < 1.0


async def test_a_cancelled_waiting_job_never_reaches_the_child() -> None:
    async with running() as child:
        blocking = child.ask({"do": "wait"})
        await anext(blocking)
        child.ask({"do": "count", "to": 1, "name": "nobody wants this"}).cancel()
        blocking.cancel()
        (begun,) = await answers(child, do="list_begun")
        assert "nobody wants this" not in begun.fields["names"]


async def test_a_cancelled_task_cancels_its_job() -> None:
    async with running() as child:
        task = asyncio.ensure_future(answers(child, do="wait"))
        await asyncio.wait([task], timeout=0.1)
        task.cancel()
        await asyncio.wait([task])
        async with asyncio.timeout(1):
            await answers(child, do="count", to=1)


async def test_lanes_work_side_by_side() -> None:
    async with running(lanes=2) as child:
        with child.ask({"do": "wait"}) as slow:
            await anext(slow)
            async with asyncio.timeout(1):
                assert len(await answers(child, do="count", to=3)) == 3


async def test_what_an_engine_rejects_fails_that_job_alone() -> None:
    async with running() as child:
        pid = child.pid
        with pytest.raises(Rejected, match="pretended: no such voice"):
            await answers(child, do="reject")
        assert len(await answers(child, do="count", to=1)) == 1
        assert child.pid == pid


async def test_too_many_waiting_jobs_are_refused() -> None:
    async with running(waiting=3) as child:
        blocking = child.ask({"do": "wait"})
        for _ in range(3):
            child.ask({"do": "count", "to": 1})
        with pytest.raises(AtCapacity, match="3 jobs wait"):
            child.ask({"do": "count", "to": 1})
        blocking.cancel()


async def test_answers_nobody_takes_are_bounded() -> None:
    async with running() as child:
        flooding = child.ask({"do": "flood", "pieces": 60})
        await answers(child, do="count", to=1)
        kept = [await anext(flooding) for _ in range(32)]
        assert sum(len(answer.payload) for answer in kept) == 32 << 20
        with pytest.raises(AtCapacity, match="not being taken"):
            await drained(flooding)


@pytest.mark.parametrize("how", ["kill", "segfault", "raise", "nonsense"])
async def test_a_dead_child_fails_its_jobs_and_the_next_one_works(how: str) -> None:
    async with running() as child:
        pid = child.pid
        assert pid is not None
        job = child.ask({"do": "wait" if how == "kill" else how})
        waiting = child.ask({"do": "count", "to": 1}, urgency=Urgency.SPARE)
        if how == "kill":
            await anext(job)
            os.kill(pid, signal.SIGKILL)
        for failing in (job, waiting):
            with pytest.raises(Unavailable, match="pretended: engine process died"):
                await drained(failing)
        assert len(await answers(child, do="count", to=2)) == 2
        assert child.pid != pid
        await gone(pid)


async def test_the_error_carries_the_last_words() -> None:
    async with running() as child:
        with pytest.raises(Unavailable, match="ZeroDivisionError: a bug of the engine"):
            await answers(child, do="raise")


async def test_a_crash_loop_is_refused_with_the_last_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child_module, "_BACK_OFF_S", (0.0, 0.0, 60.0))
    async with running(engine="DiesAtWork") as child:
        for _ in range(3):
            with pytest.raises(Unavailable, match="exit status 9; out of arena"):
                await answers(child, do="count", to=1)
        with pytest.raises(Unavailable, match="keeps dying: exit status 9; out of arena"):
            child.ask({"do": "count", "to": 1})


async def test_a_hanging_job_times_out_and_the_child_is_replaced() -> None:
    async with running(stall_s=0.3) as child:
        pid = child.pid
        with pytest.raises(TimedOut, match=r"nothing for 0\.3 s"):
            await answers(child, do="native", seconds=30)
        assert len(await answers(child, do="count", to=1)) == 1
        assert child.pid != pid


async def test_a_restart_that_hangs_is_given_up_and_tried_again(tmp_path: Path) -> None:
    marker = tmp_path / "hang"
    settings = {"hang_while": str(marker)}
    async with running(engine="MayHang", settings=settings, start_within_s=1.0) as child:
        marker.touch()
        pid = child.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await gone(pid)
        with pytest.raises(Unavailable, match=r"not ready within 1 s"):
            await answers(child, do="count", to=1)
        marker.unlink()
        assert await answers(child, do="count", to=1)


async def test_no_memory_for_a_child_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    child = Child(program())
    monkeypatch.setattr(subprocess, "Popen", cannot)
    with pytest.raises(Unavailable, match="Cannot allocate memory"):
        await child.start()
    await child.aclose()


async def test_something_missing_is_said_with_the_fix() -> None:
    child = Child(program("NotInstalled"))
    with pytest.raises(Missing) as missing:
        await child.start()
    assert missing.value.what == "pretended: no weights"
    assert missing.value.fix == "run: antiphon models pull something"
    with pytest.raises(Unavailable, match="not running"):
        child.ask({})
    await child.aclose()


async def test_a_package_that_is_not_installed_is_missing() -> None:
    child = Child(Program(name="pretended", engine="antiphon_no_such_package:Engine"))
    with pytest.raises(Missing, match="antiphon_no_such_package"):
        await child.start()


async def test_an_engine_that_dies_at_start_is_unavailable_with_its_last_words() -> None:
    with pytest.raises(Unavailable, match=r"exit status 3; .*libsomething\.so\.6"):
        await Child(program("DiesAtStart")).start()


async def test_an_engine_that_is_never_ready_times_out() -> None:
    child = Child(program("NeverReady", start_within_s=0.5))
    with pytest.raises(TimedOut, match=r"not ready within 0\.5 s"):
        await child.start()
    assert child.pid is None


async def test_complaints_go_to_the_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, "antiphon.engine.pretended"):
        async with running() as child:
            await answers(child, do="complain")
    assert {"the weights look odd", "on stdout too"} <= {r.message for r in caplog.records}
    assert capfd.readouterr() == ("", "")


async def test_a_line_of_complaint_without_an_end_is_not_kept_whole(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "antiphon.engine.pretended"):
        async with running() as child:
            await answers(child, do="mutter")
            while not caplog.messages:
                await answers(child, do="echo")
    assert caplog.messages[0].endswith("....done")
    assert len(caplog.messages[0]) < 1_000_000


async def test_closing_is_quick_repeatable_and_leaves_nothing() -> None:
    child = Child(program())
    await child.start()
    pid = child.pid
    assert pid is not None
    job = child.ask({"do": "native", "seconds": 30})
    await anext(job)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(child.aclose(), child.aclose())
    await child.aclose()
    assert loop.time() - began < 1.0
    assert not psutil.pid_exists(pid)
    with pytest.raises(Unavailable, match="closed"):
        await anext(job)
    with pytest.raises(Unavailable, match="not running"):
        child.ask({})
    with pytest.raises(Unavailable, match="closed"):
        await child.start()


async def test_closing_one_that_never_started_is_fine() -> None:
    await Child(program()).aclose()


async def test_closing_while_it_starts_ends_the_start() -> None:
    child = Child(program("NeverReady"))
    starting = asyncio.ensure_future(child.start())
    await asyncio.wait([starting], timeout=0.05)
    await child.aclose()
    with pytest.raises(Unavailable, match="closed"):
        await starting


PARENT = """
import asyncio, sys
from antiphon.net.child import Child
from antiphon.net.child_job import Program

async def main():
    child = Child(Program(name="x", engine="child_engines:Echo", python_path=(sys.argv[1],)))
    facts = await child.start()
    job = child.ask({"do": "native", "seconds": 60})
    await anext(job)
    print(facts["pid"], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_child_does_not_outlive_its_parent() -> None:
    source = str(Path(child_module.__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(HERE)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": source},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_lone_surrogates_become_sendable() -> None:
    assert sendable("a\ud83d ü") == "a? ü"
