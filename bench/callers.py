"""The callers of calls.py: so many at once, spread over a cycle of speaking and listening.

Each speaks a recording for 2.5 s in every 7 s, plays what the agent says as it comes, and
reports what was heard, ten times a second.

    python bench/callers.py ws://127.0.0.1:8000/v1/call 20 16000 pcm16
"""

import asyncio
import sys
from itertools import count
from typing import cast

import uvloop

from antiphon.audio.frame import FRAME_S, frame_samples
from antiphon.call.clock import LoopClock
from antiphon.models.store import ModelStore
from antiphon.transports.file.audiofile import read_audio
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.client import CallClient, dial
from antiphon.transports.websocket.ear import Ear

CYCLE, SPEECH, REPORT = round(7.0 / FRAME_S), round(2.5 / FRAME_S), 5


async def all_of_them(url: str, calls: int, rate_hz: int, encoding: wire.Encoding) -> None:
    said = read_audio(ModelStore().path("speech-samples") / "two_cities.wav").at(rate_hz)
    async with asyncio.TaskGroup() as group:
        for number in range(calls):
            offset = number * CYCLE // calls
            late_s = number % 20 * FRAME_S / 20
            group.create_task(one(url, rate_hz, encoding, said, offset, late_s))


async def one(
    url: str, rate_hz: int, encoding: wire.Encoding, said: bytes, offset: int, late_s: float
) -> None:
    clock, size = LoopClock(), 2 * frame_samples(rate_hz)
    async with dial(url, rate_hz=rate_hz, encoding=encoding) as client, asyncio.TaskGroup() as own:
        ear = Ear(rate_hz, encoding)
        own.create_task(listen(client, ear))
        begun_s, frames = clock.now() + late_s, len(said) // size
        for at in count():
            speaks = (at - offset) % CYCLE < SPEECH
            begin = size * (at % frames)
            await client.speak(said[begin : begin + size] if speaks else bytes(size))
            before = ear.position
            ear.render(size // 2)
            if at % REPORT == 0 and ear.position != before:
                await client.say(wire.Played(ear.position))
            await clock.sleep_until(begun_s + (at + 1) * FRAME_S)


async def listen(client: CallClient, ear: Ear) -> None:
    async for item in client:
        match item:
            case wire.AgentAudio():
                ear.receive(item)
            case wire.Gain(decibels=decibels, ramp_s=ramp_s):
                ear.set_gain(decibels, ramp_s)
            case wire.Flush():
                await client.say(wire.Flushed(ear.flush()))
            case _:
                pass


if __name__ == "__main__":
    url, calls, rate, encoding = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(all_of_them(url, int(calls), int(rate), cast(wire.Encoding, encoding)))
