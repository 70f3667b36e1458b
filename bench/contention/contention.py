"""Recogniser, end-of-turn model, language model and voice together on the cores there are.

    python bench/contention/contention.py MOONSHINE_DIR PIPER.onnx SMOLLM2.gguf TURN.onnx WAV

No framework: each engine is a process behind a pipe. Twenty utterances are spoken in real time
(partials every 350 ms); at the end of each, what a call does happens: the end-of-turn score at
120 ms and 250 ms, at 160 ms the final transcript, the language model, the first clause's voice.
A second call runs the same half an utterance later when CALLS is 2. The result is in
docs/decisions/0004-engines.md.
"""

import asyncio
import itertools
import multiprocessing
import os
import statistics
import sys
import time
import wave
from pathlib import Path
from typing import Any

from engines import Placement, Weights, endpoint, language, recogniser, voice

UTTERANCES = 20
CLAUSE = "Sure, one moment please,"
PLACEMENTS: dict[str, tuple[Placement, Placement, Placement, Placement]] = {
    # recogniser, end of turn, language model, voice
    "library defaults (2, spinning)": (Placement(2, 0, True),) * 4,
    "2 threads, no spinning": (Placement(2),) * 4,
    "1 thread each": (Placement(1),) * 4,
    "1 each, model 2": (Placement(1), Placement(1), Placement(2), Placement(1)),
    "1 each, voice 2": (Placement(1), Placement(1), Placement(1), Placement(2)),
    "1 each, model 2, voice 2": (Placement(1), Placement(1), Placement(2), Placement(2)),
    "1 each, nice 0/5/10/0": (Placement(1), Placement(1, 5), Placement(1, 10), Placement(1)),
    "1 each, nice 0/2/3/0": (Placement(1), Placement(1, 2), Placement(1, 3), Placement(1)),
    "1/1/2/2, nice 0/5/10/0": (Placement(1), Placement(1, 5), Placement(2, 10), Placement(2)),
}


class Remote:
    """One engine process; jobs are answered on the loop."""

    def __init__(self, main: Any, weights: Weights, place: Placement) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=main, args=(theirs, weights, place), daemon=True)
        self.process.start()
        self.waiting: dict[Any, asyncio.Queue[tuple[str, bool, float]]] = {}
        self.tags = itertools.count()

    def read(self) -> None:
        while self.pipe.poll():
            tag, text, last = self.pipe.recv()
            self.waiting[tag].put_nowait((text, last, time.perf_counter()))

    def ask(self, payload: Any) -> tuple[int, "asyncio.Queue[tuple[str, bool, float]]"]:
        tag = next(self.tags)
        self.waiting[tag] = asyncio.Queue()
        self.pipe.send((tag, payload))
        return tag, self.waiting[tag]

    async def once(self, payload: Any) -> float:
        began = time.perf_counter()
        _, queue = self.ask(payload)
        while not (piece := await queue.get())[1]:
            pass
        return piece[2] - began


class Bench:
    def __init__(self, weights: Weights, places: tuple[Placement, ...], pcm: bytes) -> None:
        mains = (recogniser, endpoint, language, voice)
        engines = [Remote(main, weights, place) for main, place in zip(mains, places, strict=True)]
        self.stt, self.turn, self.llm, self.tts = engines
        for engine in engines:
            assert engine.pipe.recv() == "ready"
        self.engines, self.pcm = engines, pcm
        self.ms: dict[str, list[float]] = {}

    def note(self, name: str, seconds: float) -> None:
        self.ms.setdefault(name, []).append(seconds * 1000)

    async def lag(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.01)
            self.note("loop lag", time.perf_counter() - before - 0.01)

    async def partials(self, begin: int, seconds: float) -> None:
        for tick in range(1, int(seconds / 0.35) + 1):
            await asyncio.sleep(0.35)
            until = begin + int(tick * 0.35 * 16000) * 2
            self.note("partial", await self.stt.once(self.pcm[begin:until]))

    async def scored(self, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        self.note("end of turn", await self.turn.once(b""))

    async def utterance(self, index: int) -> None:
        seconds = (1.0, 2.0, 3.0, 1.5)[index % 4]
        begin = (index * 3 * 16000 * 2) % (len(self.pcm) - 8 * 32000)
        speech = self.pcm[begin : begin + int(seconds * 16000) * 2]
        async with asyncio.TaskGroup() as group:
            group.create_task(self.partials(begin, seconds))
            await asyncio.sleep(seconds)
        async with asyncio.TaskGroup() as group:
            ended = time.perf_counter()
            group.create_task(self.scored(0.12))
            group.create_task(self.scored(0.25))
            await asyncio.sleep(0.16)
            self.note("final", await self.stt.once(speech))
            await self.reply(ended)
        await asyncio.sleep(0.4)

    async def reply(self, ended: float) -> None:
        asked = time.perf_counter()
        tag, tokens = self.llm.ask("Hello, how are you today? Tell me about yourself.")
        self.note("model first token", (await tokens.get())[2] - asked)
        for _ in range(6):
            at = (await tokens.get())[2]
        self.note("model first clause", at - asked)
        self.note("voice first clause", await self.tts.once(CLAUSE))
        self.note("speech end to first audio", time.perf_counter() - ended)
        long = asyncio.ensure_future(self.tts.once(CLAUSE + " we are open all week " * 2))
        stop = time.perf_counter()
        self.llm.pipe.send(("stop", tag))
        while not (piece := await tokens.get())[1]:
            pass
        self.note("model idle after cancel", piece[2] - stop)
        await long
        self.note("voice idle after cancel", time.perf_counter() - stop)

    async def run(self, calls: int) -> None:
        loop = asyncio.get_running_loop()
        for engine in self.engines:
            loop.add_reader(engine.pipe.fileno(), engine.read)
        await self.stt.once(self.pcm[:96000])
        await self.reply(time.perf_counter())
        self.ms.clear()

        async def call(offset: int) -> None:
            await asyncio.sleep(offset * 1.3)
            for index in range(UTTERANCES // calls):
                await self.utterance(index + offset * 10)

        lag = asyncio.ensure_future(self.lag())
        await asyncio.gather(*(call(offset) for offset in range(calls)))
        lag.cancel()
        for engine in self.engines:
            loop.remove_reader(engine.pipe.fileno())
            engine.pipe.send(None)
            engine.process.join(5)


def main() -> None:
    weights = Weights(*(Path(name) for name in sys.argv[1:5]))
    with wave.open(sys.argv[5]) as source:
        rate, pcm = source.getframerate(), source.readframes(60 * source.getframerate())
    assert rate in (16000, 48000)
    if rate == 48000:
        pcm = b"".join(pcm[at : at + 2] for at in range(0, len(pcm) - 6, 6))
    calls = int(os.environ.get("CALLS", "1"))
    wanted = os.environ.get("ONLY", "")
    for name, places in PLACEMENTS.items():
        if wanted and wanted not in name:
            continue
        bench = Bench(weights, places, pcm)
        asyncio.run(bench.run(calls))
        print(f"\n{name}, {calls} call(s), load {os.getloadavg()[0]:.1f}")
        for what, ms in bench.ms.items():
            ms.sort()
            p50, p95 = statistics.median(ms), ms[int(len(ms) * 0.95)]
            print(f"  {what:28} p50 {p50:6.1f}  p95 {p95:6.1f}  max {ms[-1]:6.1f}")


if __name__ == "__main__":
    main()
