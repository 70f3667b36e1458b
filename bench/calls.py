"""What calls cost: CPU, memory, delays, over real WebSockets on loopback.

The server is the real one, detector included; recogniser, model and voice are pretended and
answer at once, so that what is measured is Antiphon. The callers live in a process of their own:
recorded speech for 2.5 s in every 7 s, listening for the rest, and reporting what they heard.

    python bench/calls.py --calls 20 --seconds 30
    python bench/calls.py --calls 20 --rate 8000 --encoding mulaw

Budgets (DESIGN.md section 9): 0.4 % of a core is 4 ms of CPU a call-second; VAD delay p99 below
20 ms; reply overhead p50 below 1 ms and p95 below 5 ms; 1 MB a call.
"""

import argparse
import asyncio
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from antiphon.actions import Action, Answer
from antiphon.audio.frame import FRAME_S
from antiphon.call.captions import Captions
from antiphon.call.clock import LoopClock
from antiphon.call.conversation import Conversation
from antiphon.call.runner import Call, Equipment
from antiphon.dialog.receptionist import Receptionist
from antiphon.dialog.settings import ReceptionistSettings
from antiphon.events import Event
from antiphon.media.plane import Plane
from antiphon.media.silero import Silero
from antiphon.models.store import ModelStore
from antiphon.mouth.settings import MouthSettings
from antiphon.observe.calllog import CallLogWriter
from antiphon.server.app import create_app
from antiphon.server.calls import Calls
from antiphon.server.serve import listen, serve
from antiphon.server.settings import ServerSettings
from antiphon.testing.ears import ScriptedEndpoint, ScriptedRecogniser
from antiphon.testing.mind import ScriptedModel
from antiphon.testing.voice import ScriptedVoice
from antiphon.transports.file.audiofile import read_audio
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.client import dial
from antiphon.transports.websocket.ear import Ear
from antiphon.transports.websocket.transport import WebSocketTransport
from antiphon.turns.machine import Machine
from antiphon.turns.settings import TurnSettings

CYCLE_S, SPEECH_S, SETTLE_S, LOOK_S = 7.0, 2.5, 9.0, 0.005
SAYS = "I see, that is a very good question indeed."


class Stopwatch:
    """What is measured inside the server; ``on`` while it counts."""

    def __init__(self) -> None:
        self.on = False
        self.vad_s: list[float] = []
        self.reply_s: list[float] = []
        self.lag_s: list[float] = []

    async def look_for_lag(self, clock: LoopClock) -> None:
        while True:
            before = time.perf_counter()
            await clock.sleep_until(clock.now() + LOOK_S)
            if self.on:
                # A timer of this loop is up to 1 ms early or late by itself.
                self.lag_s.append(max(0.0, time.perf_counter() - before - LOOK_S))


class TimedPlane(Plane):
    """A plane that notes how long each window waited, its own run of the model included."""

    def __init__(self, vad: Silero, clock: LoopClock, watch: Stopwatch) -> None:
        super().__init__(vad, clock)
        self._watch, self._since = watch, dict[int, float]()

    def ready(self, ear: Any) -> None:
        self._since[ear.slot] = time.perf_counter()
        super().ready(ear)

    def _score(self, ears: list[Any], rate_hz: int, now_s: float) -> None:
        super()._score(ears, rate_hz, now_s)
        done = time.perf_counter()
        waits = [done - self._since.pop(ear.slot) for ear in ears if ear.slot in self._since]
        self._watch.vad_s += waits if self._watch.on else []


class TimedReplies:
    """A watcher and a socket in one: from the decision to the first audio in the kernel."""

    def __init__(self, socket: Any, watch: Stopwatch) -> None:
        self._socket, self._watch, self._decided = socket, watch, 0.0
        self.receive, self.close = socket.receive, socket.close

    def event(self, event: Event, now: float) -> None: ...
    def spoken(self, *_: object) -> None: ...

    def actions(self, actions: list[Action], now: float) -> None:
        if any(isinstance(action, Answer) for action in actions):
            self._decided = time.perf_counter()

    async def send(self, message: str | bytes) -> None:
        await self._socket.send(message)
        if self._decided and isinstance(message, bytes):
            if self._watch.on:
                self._watch.reply_s.append(time.perf_counter() - self._decided)
            self._decided = 0.0


def equipment(clock: LoopClock, plane: Plane) -> Equipment:
    return Equipment(
        clock=clock,
        plane=plane,
        recogniser=ScriptedRecogniser(clock=clock, says=("tell me something",) * 999, delay_s=0.0),
        voice=ScriptedVoice(clock=clock, first_audio_s=0.0, real_time_factor=0.0),
        model=ScriptedModel(clock=clock, says=(SAYS,), first_token_s=0.0, token_s=0.0),
        endpoint=ScriptedEndpoint(clock=clock, delay_s=0.045),
        mouth=MouthSettings(),
    )


async def measure(args: argparse.Namespace, logs: Path) -> dict[str, Any]:
    clock, watch = LoopClock(), Stopwatch()
    plane = TimedPlane(Silero(ModelStore().path("silero-vad")), clock, watch)
    shared = equipment(clock, plane)
    talk = ReceptionistSettings(small_talk="Be brief.")

    async def answer(transport: WebSocketTransport, _: str) -> None:
        timed = TimedReplies(transport._socket, watch)
        transport._socket = timed
        conversation = Conversation(Machine(TurnSettings()), Receptionist(talk))
        own = replace(shared, recogniser=equipment(clock, plane).recogniser)
        log = CallLogWriter(logs / transport.call, call=transport.call, started="", agent={})
        captions = Captions(conversation, transport)
        await Call(own, conversation, transport, journal=log, watchers=(captions, timed)).run()

    settings = ServerSettings(port=0, max_calls=1000, drain_s=0.1)
    calls, listening = Calls(settings.max_calls), listen(settings)
    app = create_app(answer, settings, calls, clock)  # type: ignore[arg-type]
    async with asyncio.TaskGroup() as group:
        wheel = group.create_task(plane.run())
        lag = group.create_task(watch.look_for_lag(clock))
        web = group.create_task(serve(app, listening, settings, calls, clock))
        _, idle_s = await cpu_over(3.0, clock)
        empty_mb = resident_mb()
        words = [sys.executable, __file__, "--to", f"ws://127.0.0.1:{listening.port}/v1/call"]
        for name in ("calls", "rate", "encoding"):
            words += [f"--{name}", str(getattr(args, name))]
        callers = subprocess.Popen(words)  # noqa: ASYNC220 - once, before anything is measured
        try:
            await clock.sleep_until(clock.now() + SETTLE_S)
            watch.on = True
            wall_s, cpu_s = await cpu_over(args.seconds, clock)
            watch.on, held = False, len(calls)
            full_mb = resident_mb()
        finally:
            callers.terminate()
            callers.wait()
        while calls:
            await clock.sleep_until(clock.now() + LOOK_S)
        for task in (web, wheel, lag):
            task.cancel()
    return {
        "calls": held,
        "cpu_ms_per_call_s": round(1000 * cpu_s / wall_s / held, 2),
        "idle_cpu_ms_per_s": round(1000 * idle_s / 3.0, 2),
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


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def ranks(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values) or [math.nan]
    named = {f"p{rank}": ordered[(len(ordered) - 1) * rank // 100] for rank in (50, 95, 99)}
    return {n: round(1000 * v, 2) for n, v in named.items()} | {"n": len(values)}


# --- the callers' process --------------------------------------------------------------------


async def callers(args: argparse.Namespace) -> None:
    heard = read_audio(ModelStore().path("speech-samples") / "two_cities.wav").at(args.rate)
    async with asyncio.TaskGroup() as group:
        for number in range(args.calls):
            group.create_task(caller(args, heard, number))


async def caller(args: argparse.Namespace, heard: bytes, number: int) -> None:
    loop, frame = asyncio.get_running_loop(), round(FRAME_S * args.rate)
    cycle, speech = (round(s / FRAME_S) for s in (CYCLE_S, SPEECH_S))
    clock, offset = LoopClock(), number * cycle // args.calls
    async with dial(args.to, rate_hz=args.rate, encoding=args.encoding) as client:
        ear = Ear(args.rate, args.encoding)
        listening = loop.create_task(listen_to(client, ear))
        begun_s = loop.time() + (number % 20) * FRAME_S / 20
        for at in range(10**9):
            said = (at - offset) % cycle
            begin = 2 * frame * (said + speech * (at // cycle)) % (len(heard) - 2 * frame)
            pcm = heard[begin & ~1 :][: 2 * frame] if said < speech else bytes(2 * frame)
            before = ear.position
            await client.speak(pcm)
            ear.render(frame)
            if at % 5 == 0 and ear.position != before:
                await client.say(wire.Played(ear.position))
            await clock.sleep_until(begun_s + (at + 1) * FRAME_S)
        listening.cancel()


async def listen_to(client: Any, ear: Ear) -> None:
    async for item in client:
        match item:
            case wire.AgentAudio():
                ear.receive(item)
            case wire.Gain(decibels=decibels, ramp_s=ramp_s):
                ear.set_gain(decibels, ramp_s)
            case wire.Flush():
                await client.say(wire.Flushed(ear.flush()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0, help="measured, after settling")
    parser.add_argument("--rate", type=int, default=16_000)
    parser.add_argument("--encoding", choices=("pcm16", "mulaw"), default="pcm16")
    parser.add_argument("--to", help=argparse.SUPPRESS)
    args = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if args.to:
            runner.run(callers(args))
        else:
            with tempfile.TemporaryDirectory() as logs:
                print(json.dumps(runner.run(measure(args, Path(logs))), indent=2))


if __name__ == "__main__":
    main()
