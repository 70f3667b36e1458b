"""Piper keeps the voice's promises, and what it says can be understood."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from antiphon.audio.resample import resample
from antiphon.errors import Missing, Rejected
from antiphon.net.child_job import Urgency
from antiphon.ports.tts import Speaking, Spoken
from antiphon.providers.moonshine.settings import MoonshineSettings
from antiphon.providers.moonshine.stt import MoonshineRecogniser
from antiphon.providers.piper.settings import PiperSettings
from antiphon.providers.piper.tts import PiperSynthesiser
from antiphon.testing import conformance_tts
from antiphon.testing.conformance import word_error_rate
from antiphon.testing.conformance_tts import SynthesiserCase, speak

pytestmark = [
    pytest.mark.models,
    pytest.mark.timeout(90),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest.fixture(scope="module")
def settings(model: Callable[[str], Path]) -> PiperSettings:
    pytest.importorskip("piper", reason="the voice-piper extra is not installed")
    return PiperSettings(model=model("piper-joe"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(settings: PiperSettings) -> AsyncIterator[PiperSynthesiser]:
    voice = PiperSynthesiser(settings)
    await voice.start()
    yield voice
    await voice.aclose()


def sound(pieces: list[Spoken]) -> bytes:
    return b"".join(piece.pcm for piece in pieces)


@pytest.mark.parametrize("check", conformance_tts.CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(
    check: Any, engine: PiperSynthesiser, settings: PiperSettings, kill: Callable[[Any], None]
) -> None:
    case = SynthesiserCase(
        engine=engine, make=partial(PiperSynthesiser, settings), knows_words=True, kill=kill
    )
    await check(case)


async def test_what_it_says_can_be_understood(
    engine: PiperSynthesiser, model: Callable[[str], Path]
) -> None:
    recogniser = MoonshineRecogniser(MoonshineSettings(model=model("moonshine-tiny-en")))
    await recogniser.start()
    wrong = []
    for text in (
        "What time do you open on Saturday?",
        "I would like to book an appointment for Tuesday, please.",
        "We are open from nine to five, and on Saturday until noon.",
        "Could you please call me back tomorrow morning?",
    ):
        pcm = sound(await speak(engine, text))
        fields = {"rate_hz": 16_000, "language": "en", "keyterms": []}
        heard = resample(pcm, engine.rate_hz, 16_000)
        with recogniser.child.ask(fields, heard, Urgency.NOW) as job:
            wrong.append(word_error_rate((await anext(job)).fields["text"], text))
    await recogniser.aclose()
    assert sum(wrong) / len(wrong) < 0.1, wrong


async def test_clauses_are_about_equally_loud(engine: PiperSynthesiser) -> None:
    levels = []
    for text in ("Yes.", "Sure, one moment please,", "We are open from nine to five."):
        samples = np.frombuffer(sound(await speak(engine, text)), dtype="<i2").astype(float)
        voiced = samples[np.abs(samples) > 300]
        levels.append(20 * np.log10(np.sqrt(np.mean(voiced**2)) / 32768))
        assert np.abs(samples).max() < 32767
    assert max(levels) - min(levels) < 4.0
    assert -26 < min(levels) < max(levels) < -12


async def test_words_begin_where_their_sound_does(engine: PiperSynthesiser) -> None:
    pieces = await speak(engine, "Yes, tomorrow.")
    first, second = pieces[0].words
    samples = np.abs(np.frombuffer(sound(pieces), dtype="<i2").astype(int))
    between = samples[first.end : second.start]
    assert len(between) > 0.1 * engine.rate_hz
    assert np.median(between) < 0.2 * np.median(samples[second.start : second.end])


async def test_numbers_have_no_word_times_rather_than_wrong_ones(
    engine: PiperSynthesiser,
) -> None:
    assert not any(piece.words for piece in await speak(engine, "It costs 25 dollars."))


async def test_a_long_sentence_is_heard_long_before_it_is_made(engine: PiperSynthesiser) -> None:
    loop = asyncio.get_running_loop()
    utterance = engine.utter(Speaking())
    utterance.say("We are open from nine to five, Monday to Friday, and on Saturday until noon")
    utterance.end()
    began, arrived, seconds = loop.time(), [], []
    async for piece in utterance.audio():
        arrived.append(loop.time() - began)
        seconds.append(len(piece.pcm) / 2 / engine.rate_hz)
    assert 0.2 < seconds[0] < 0.4
    assert arrived[0] < 0.7 * arrived[-1]
    assert sum(seconds) > 3.0


async def test_long_sentences_are_really_given_up(engine: PiperSynthesiser) -> None:
    loop = asyncio.get_running_loop()
    # Twenty seconds of speech take over half a second to make.
    long = "and then we walked on and on, " * 9
    began = loop.time()
    await speak(engine, long)
    whole_s = loop.time() - began
    task = asyncio.ensure_future(speak(engine, long))
    await asyncio.wait([task], timeout=whole_s / 4)
    task.cancel()
    await asyncio.wait([task])
    began = loop.time()
    await speak(engine, "Yes.")
    assert loop.time() - began < whole_s / 2


async def test_a_voice_it_has_not_is_rejected(engine: PiperSynthesiser) -> None:
    utterance = engine.utter(Speaking(voice="nobody"))
    utterance.say("Hello")
    with pytest.raises(Rejected, match="one voice"):
        await anext(aiter(utterance.audio()))


async def test_missing_weights_are_said_with_the_fix(tmp_path: Path) -> None:
    voice = PiperSynthesiser(PiperSettings(model=tmp_path))
    with pytest.raises(Missing) as missing:
        await voice.start()
    assert missing.value.fix
