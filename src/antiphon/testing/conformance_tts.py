"""What every `Synthesiser` must do; how to run it is in `conformance`."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final

from antiphon.errors import ProviderError, Rejected
from antiphon.ports.tts import Speaking, Spoken, Synthesiser
from antiphon.testing.conformance import CANCEL_WITHIN_S, closable, closes_twice, recovers, within

__all__ = ["CHECKS", "SynthesiserCase", "speak"]

SHORT: Final = "Sure, one moment please,"
SENTENCE: Final = "We are open from nine to five, Monday to Friday, and on Saturday until noon."


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesiserCase:
    """A voice."""

    engine: Synthesiser
    """Started."""
    make: Callable[[], Synthesiser]
    knows_words: bool = False
    """It tells word times for plain sentences."""
    changes_speed: bool = True
    """It can speak faster and slower."""
    kill: Callable[[Synthesiser], None] | None = None
    """Kill the engine's process; None where it has none."""


async def speak(engine: Synthesiser, *clauses: str, speed: float = 1.0) -> list[Spoken]:
    """Everything that is made of some clauses."""
    utterance = engine.utter(Speaking(speed=speed))
    for clause in clauses:
        utterance.say(clause)
    utterance.end()
    return [piece async for piece in utterance.audio()]


def _seconds(engine: Synthesiser, pieces: list[Spoken]) -> float:
    return sum(len(piece.pcm) for piece in pieces) / 2 / engine.rate_hz


async def clauses_are_spoken_in_order(case: SynthesiserCase) -> None:
    pieces = await speak(case.engine, SHORT, SENTENCE)
    assert [piece.clause for piece in pieces] == sorted(piece.clause for piece in pieces)
    for clause in (0, 1):
        of_clause = [piece for piece in pieces if piece.clause == clause]
        assert [piece.last for piece in of_clause] == [False] * (len(of_clause) - 1) + [True]
        assert all(len(piece.pcm) % 2 == 0 for piece in of_clause)
    assert 3.0 < _seconds(case.engine, pieces) < 12.0
    assert case.engine.fingerprint


async def a_clause_is_spoken_before_the_next_is_known(case: SynthesiserCase) -> None:
    utterance = case.engine.utter(Speaking())
    utterance.say(SHORT)
    stream = closable(utterance.audio())
    async with aclosing(stream), asyncio.timeout(10):
        while not (piece := await anext(stream)).last:
            assert piece.clause == 0
        utterance.say(SENTENCE)
        assert (await anext(stream)).clause == 1


async def words_lie_in_the_audio(case: SynthesiserCase) -> None:
    pieces = await speak(case.engine, SENTENCE)
    words = [word for piece in pieces for word in piece.words]
    if case.knows_words:
        assert [word.text for word in words] == SENTENCE.split()
    edges = [edge for word in words for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert not edges or (edges[0] >= 0 and edges[-1] <= sum(len(p.pcm) // 2 for p in pieces))


async def speed_changes_the_length(case: SynthesiserCase) -> None:
    if not case.changes_speed:
        return
    slow = _seconds(case.engine, await speak(case.engine, SENTENCE, speed=0.8))
    fast = _seconds(case.engine, await speak(case.engine, SENTENCE, speed=1.4))
    assert 1.3 < slow / fast < 2.3


async def however_it_is_to_sound_it_is_spoken(case: SynthesiserCase) -> None:
    """Styles, pitches and stresses it does not know are left out, and cost no word."""
    for style, pitch, stress in (
        ("calm", 2.0, (1,)),
        ("no such <style> & none", -30.0, (0, 99)),
        ("", 0.0, (0, 1, 2, 3)),
    ):
        utterance = case.engine.utter(Speaking(style=style, pitch_semitones=pitch))
        utterance.say("Tom & <Jerry> are in.", stress)
        utterance.say(SHORT)
        utterance.end()
        pieces = [piece async for piece in utterance.audio()]
        assert {piece.clause for piece in pieces if piece.last} == {0, 1}
        assert _seconds(case.engine, pieces) > 1.0


async def closing_the_audio_frees_the_caller(case: SynthesiserCase) -> None:
    for _ in range(3):
        utterance = case.engine.utter(Speaking())
        for _clause in range(20):
            utterance.say(SENTENCE)
        stream = closable(utterance.audio())
        await anext(stream)
        async with within(CANCEL_WITHIN_S, "closing the audio"):
            await stream.aclose()
    async with within(3.0, "speech after three that were closed"):
        assert await speak(case.engine, SHORT)


async def cancelling_the_waiting_task_frees_it(case: SynthesiserCase) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(speak(case.engine, *[SENTENCE] * 20))
        await asyncio.wait([task], timeout=0.03)
        async with within(CANCEL_WITHIN_S, "cancelling"):
            task.cancel()
            await asyncio.wait([task])


async def nothing_to_say_is_no_sound(case: SynthesiserCase) -> None:
    assert _seconds(case.engine, await speak(case.engine)) == 0.0
    for text in ("", " ", "...", "—", "\n\t"):
        assert _seconds(case.engine, await speak(case.engine, text)) < 1.0, repr(text)


async def a_very_long_clause_begins_soon(case: SynthesiserCase) -> None:
    utterance = case.engine.utter(Speaking())
    utterance.say("and then we walked on " * 2000)
    stream = closable(utterance.audio())
    async with aclosing(stream), within(10.0, "the beginning of a very long clause"):
        assert len((await anext(stream)).pcm) > 0
    async with within(3.0, "speech after a very long clause was closed"):
        assert await speak(case.engine, SHORT)


async def strange_text_is_spoken_or_rejected(case: SynthesiserCase) -> None:
    for text in ("Grüße, 你好, مرحبا!", "🎉🎉", "a\u0000b\ufffe\u200d", "[[ \ud83d", "x" * 400):
        with suppress(Rejected):
            await speak(case.engine, text)
    assert _seconds(case.engine, await speak(case.engine, SHORT)) > 0.5


async def one_who_does_not_listen_holds_nobody_up(case: SynthesiserCase) -> None:
    utterance = case.engine.utter(Speaking())
    for _ in range(20):
        utterance.say(SENTENCE)
    stream = closable(utterance.audio())
    async with aclosing(stream):
        await anext(stream)
        async with within(5.0, "speech beside speech that nobody takes"):
            assert await speak(case.engine, SHORT, SHORT)


async def calls_are_spoken_to_at_once(case: SynthesiserCase) -> None:
    async with within(20.0, "four utterances at once"):
        spoken = await asyncio.gather(*(speak(case.engine, SHORT, SHORT) for _ in range(4)))
    assert all(_seconds(case.engine, pieces) > 1.0 for pieces in spoken)


async def a_killed_engine_recovers(case: SynthesiserCase) -> None:
    if case.kill is None:
        return
    utterance, failure = case.engine.utter(Speaking()), None
    for _ in range(20):
        utterance.say(SENTENCE)
    utterance.end()
    killed = False
    try:
        async for _piece in utterance.audio():
            if not killed:
                case.kill(case.engine)
                killed = True
    except ProviderError as error:
        failure = error
    assert failure is not None, "the engine died and the speech ended as if it were whole"
    assert failure.retryable
    pieces = await recovers(lambda: speak(case.engine, SHORT))
    assert _seconds(case.engine, pieces) > 0.5


async def closing_twice_is_fine(case: SynthesiserCase) -> None:
    await closes_twice(case.make())


CHECKS: Final = (
    clauses_are_spoken_in_order,
    a_clause_is_spoken_before_the_next_is_known,
    words_lie_in_the_audio,
    speed_changes_the_length,
    however_it_is_to_sound_it_is_spoken,
    closing_the_audio_frees_the_caller,
    cancelling_the_waiting_task_frees_it,
    nothing_to_say_is_no_sound,
    a_very_long_clause_begins_soon,
    strange_text_is_spoken_or_rejected,
    one_who_does_not_listen_holds_nobody_up,
    calls_are_spoken_to_at_once,
    a_killed_engine_recovers,
    closing_twice_is_fine,
)
