"""What calls cost: CPU, memory, delays, over real WebSockets on loopback.

The server is the real one, detector included; recogniser, model and voice are pretended and
answer at once, so that what is measured is Antiphon. The callers are callers.py, in a process of
their own. A reply's overhead is the time from the decision to the kernel's having its first audio.

    python bench/calls.py --calls 20 --seconds 30
    python bench/calls.py --calls 20 --rate 8000 --encoding mulaw

Budgets (DESIGN.md section 9): 0.4 % of a core is 4 ms of CPU a call-second; VAD delay p99 below
20 ms; reply overhead p50 below 1 ms and p95 below 5 ms; 1 MB a call.
"""

import argparse
import asyncio
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import uvloop
from stopwatch import Stopwatch, TimedPlane, TimedReplies

from antiphon.call.captions import Captions
from antiphon.call.clock import LoopClock
from antiphon.call.conversation import Conversation
from antiphon.call.equipment import Equipment
from antiphon.call.runner import Call
from antiphon.dialog.receptionist import Receptionist
from antiphon.dialog.settings import ReceptionistSettings
from antiphon.media.plane import Plane
from antiphon.media.silero import Silero
from antiphon.models.store import ModelStore
from antiphon.mouth.settings import MouthSettings
from antiphon.net.roster import Roster
from antiphon.observe.calllog import CallLogWriter
from antiphon.ports.transport import Transport
from antiphon.server.app import Answer, create_app
from antiphon.server.calls import Calls
from antiphon.server.serve import listen, serve
from antiphon.server.settings import ServerSettings
from antiphon.testing.ears import ScriptedEndpoint, ScriptedRecogniser
from antiphon.testing.mind import ScriptedModel
from antiphon.testing.voice import ScriptedVoice
from antiphon.transports.websocket.transport import WebSocketTransport
from antiphon.turns.machine import Machine
from antiphon.turns.settings import TurnSettings

IDLE_S, SETTLE_S, ENDING_S = 3.0, 9.0, 0.05
SAYS = "I see, that is a very good question indeed."


def equipment(clock: LoopClock, plane: Plane) -> Equipment:
    return Equipment(
        clock=clock,
        plane=plane,
        recognisers=Roster(
            [ScriptedRecogniser(clock=clock, says=("tell me something",) * 999, delay_s=0.0)]
        ),
        voices=Roster([ScriptedVoice(clock=clock, first_audio_s=0.0, real_time_factor=0.0)]),
        model=ScriptedModel(clock=clock, says=(SAYS,), first_token_s=0.0, token_s=0.0),
        endpoint=ScriptedEndpoint(clock=clock, delay_s=0.045),
        mouth=MouthSettings(),
    )


def answering(plane: Plane, clock: LoopClock, watch: Stopwatch, logs: Path) -> Answer:
    """Real calls, but for who listens, thinks and speaks."""
    talk = ReceptionistSettings(small_talk="Be brief.")

    async def answer(transport: Transport, call: str) -> None:
        assert isinstance(transport, WebSocketTransport)
        timed = TimedReplies(transport._socket, watch)
        transport._socket = timed
        conversation = Conversation(Machine(TurnSettings()), Receptionist(talk))
        log = CallLogWriter(logs / call, call=call, started="", agent={})
        captions = Captions(conversation, transport)
        tools = equipment(clock, plane)
        await Call(tools, conversation, transport, journal=log, watchers=(captions, timed)).run()

    return answer


async def measure(args: argparse.Namespace, logs: Path) -> dict[str, Any]:
    clock, watch = LoopClock(), Stopwatch()
    plane = TimedPlane(Silero(ModelStore().path("silero-vad")), clock, watch)
    settings = ServerSettings(port=0, max_calls=1000, drain_s=0.1)
    calls, listening = Calls(settings.max_calls), listen(settings)
    app = create_app(answering(plane, clock, watch, logs), settings, calls, clock)
    async with asyncio.TaskGroup() as group:
        wheel = group.create_task(plane.run())
        web = group.create_task(serve(app, listening, settings, calls, clock))
        _, idle_s = await cpu_over(IDLE_S, clock)
        lag = group.create_task(watch.look_for_lag(clock))
        empty_mb = psutil.Process().memory_info().rss / 1e6
        words = [sys.executable, str(Path(__file__).with_name("callers.py"))]
        words += [f"ws://127.0.0.1:{listening.port}/v1/call"]
        words += [str(args.calls), str(args.rate), args.encoding]
        callers = subprocess.Popen(words)  # noqa: ASYNC220 - once, before anything is measured
        try:
            await clock.sleep_until(clock.now() + SETTLE_S)
            watch.on = True
            wall_s, cpu_s = await cpu_over(args.seconds, clock)
            watch.on, held = False, len(calls)
            full_mb = psutil.Process().memory_info().rss / 1e6
        finally:
            callers.terminate()
            callers.wait()
        while calls:
            await clock.sleep_until(clock.now() + ENDING_S)
        for task in (web, wheel, lag):
            task.cancel()
    return {
        "calls": held,
        "cpu_ms_per_call_s": round(1000 * cpu_s / wall_s / held, 2),
        "idle_cpu_ms_per_s": round(1000 * idle_s / IDLE_S, 2),
        "rss_mb_per_call": round((full_mb - empty_mb) / held, 2),
        "loop_lag_ms": ranks(watch.lag_s),
        "vad_delay_ms": ranks(watch.vad_s),
        "reply_overhead_ms": ranks(watch.reply_s),
    }


async def cpu_over(seconds: float, clock: LoopClock) -> tuple[float, float]:
    """Wall time that passed and CPU time that this process used."""
    wall, cpu = time.perf_counter(), time.process_time()
    await clock.sleep_until(clock.now() + seconds)
    return time.perf_counter() - wall, time.process_time() - cpu


def ranks(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values) or [math.nan]
    named = {f"p{rank}": ordered[(len(ordered) - 1) * rank // 100] for rank in (50, 95, 99)}
    return {n: round(1000 * v, 2) for n, v in named.items()} | {"n": len(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0, help="measured, after settling")
    parser.add_argument("--rate", type=int, default=16_000)
    parser.add_argument("--encoding", choices=("pcm16", "mulaw"), default="pcm16")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as logs,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        print(json.dumps(runner.run(measure(args, Path(logs))), indent=2))


if __name__ == "__main__":
    main()
