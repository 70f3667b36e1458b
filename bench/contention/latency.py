"""What the four engines cost behind their ports, one at a time: medians of many.

python bench/contention/latency.py

Needs the models (antiphon models pull); see docs/decisions/0004-engines.md for what it showed.
"""

import asyncio
import statistics
import time
import wave
from collections.abc import Awaitable, Callable

from antiphon.actions import Message
from antiphon.models.store import ModelStore
from antiphon.net.child import Child
from antiphon.net.child_job import Urgency
from antiphon.ports.llm import Asking
from antiphon.ports.tts import Speaking
from antiphon.providers.moonshine.settings import MoonshineSettings
from antiphon.providers.moonshine.stt import MoonshineRecogniser
from antiphon.providers.piper.settings import PiperSettings
from antiphon.providers.piper.tts import PiperSynthesiser
from antiphon.providers.smart_turn.endpoint import SmartTurn
from antiphon.providers.smart_turn.settings import SmartTurnSettings
from antiphon.providers.smollm2.llm import SmolLM2
from antiphon.providers.smollm2.settings import SmolLM2Settings

TIMES = 15
CLAUSES = (
    "Yes.",
    "Sure, one moment please,",
    "We are open from nine to five, Monday to Friday, and on Saturday until noon.",
)
SYSTEM = "You are the receptionist of a small clinic. Answer briefly and kindly. " * 6


async def repeated(what: str, once: Callable[[], Awaitable[float]]) -> None:
    ms = sorted([await once() * 1000 for _ in range(TIMES)])
    print(f"{what:52} p50 {statistics.median(ms):6.1f}  max {ms[-1]:6.1f} ms")


async def started(what: str, start: Callable[[], Awaitable[None]]) -> None:
    began = time.perf_counter()
    await start()
    print(f"{what:52} {time.perf_counter() - began:.2f} s")


async def idle(child: Child) -> float:
    """How long until the engine has let go of everything."""
    began = time.perf_counter()
    while child.at_work:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.0005)
    return time.perf_counter() - began


async def voice(store: ModelStore) -> None:
    engine = PiperSynthesiser(PiperSettings(model=store.path("piper-joe")))
    await started("piper: start", engine.start)
    for clause in CLAUSES:

        async def first(clause: str = clause) -> float:
            utterance = engine.utter(Speaking())
            utterance.say(clause)
            began = time.perf_counter()
            stream = utterance.audio()
            await anext(aiter(stream))
            took = time.perf_counter() - began
            await stream.aclose()  # type: ignore[attr-defined]
            return took

        async def whole(clause: str = clause) -> float:
            utterance = engine.utter(Speaking())
            utterance.say(clause)
            utterance.end()
            began = time.perf_counter()
            async for _ in utterance.audio():
                pass
            return time.perf_counter() - began

        async def after_cancel(clause: str = clause) -> float:
            with engine.child.ask({"text": clause * 3, "speed": 1.0, "voice": ""}):
                await asyncio.sleep(0.03)
            return await idle(engine.child)

        await repeated(f"piper: first sound of {len(clause.split())} words", first)
        await repeated(f"piper: all of {len(clause.split())} words", whole)
        await repeated("piper: idle after a cancelled clause", after_cancel)
    await engine.aclose()


async def ear(store: ModelStore) -> None:
    engine = MoonshineRecogniser(MoonshineSettings(model=store.path("moonshine-tiny-en")))
    await started("moonshine: start", engine.start)
    with wave.open(str(store.path("speech-samples") / "beckett.wav")) as recording:
        pcm = recording.readframes(recording.getnframes())
    for seconds in (0.3, 1.0, 3.0, 6.0, 9.9):

        async def read(seconds: float = seconds) -> float:
            fields = {"rate_hz": 16_000, "language": "en", "keyterms": []}
            began = time.perf_counter()
            with engine.child.ask(fields, pcm[: int(seconds * 32_000)], Urgency.NOW) as job:
                await anext(job)
            return time.perf_counter() - began

        await repeated(f"moonshine: {seconds} s of speech", read)
    await engine.aclose()


async def mind(store: ModelStore) -> None:
    engine = SmolLM2(SmolLM2Settings(model=store.path("smollm2-135m"), system_prompt=SYSTEM))
    await started("smollm2: start, system prompt read", engine.start)
    count = iter(range(1000))

    async def first(tokens: int) -> float:
        system = Message(role="system", text=SYSTEM)
        user = Message(role="user", text=f"Hello, my name is number {next(count)}. How are you?")
        stream = engine.answer(Asking(messages=(system, user)))
        began = time.perf_counter()
        seen = 0
        async for piece in stream:
            seen += bool(piece.text)
            if seen == tokens:
                break
        took = time.perf_counter() - began
        await stream.aclose()  # type: ignore[attr-defined]
        return took

    await repeated("smollm2: first token", lambda: first(1))
    await repeated("smollm2: first eight tokens", lambda: first(8))

    async def after_cancel() -> float:
        await first(4)
        return await idle(engine.child)

    await repeated("smollm2: idle after a cancelled answer", after_cancel)
    await engine.aclose()


async def turn(store: ModelStore) -> None:
    engine = SmartTurn(SmartTurnSettings(model=store.path("smart-turn")))
    await started("smart_turn: start", engine.start)

    async def score() -> float:
        began = time.perf_counter()
        await engine.score(bytes(8 * 32_000))
        return time.perf_counter() - began

    await repeated("smart_turn: a score", score)
    await engine.aclose()


async def main() -> None:
    store = ModelStore()
    for part in (voice, ear, mind, turn):
        await part(store)


if __name__ == "__main__":
    asyncio.run(main())
