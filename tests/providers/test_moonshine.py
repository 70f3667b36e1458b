"""Moonshine keeps the recogniser's promises, and reads a person's recorded speech."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from antiphon.audio.resample import resample
from antiphon.errors import Missing
from antiphon.net.child_job import Urgency
from antiphon.providers.moonshine.settings import MoonshineSettings
from antiphon.providers.moonshine.stt import MoonshineRecogniser
from antiphon.testing import conformance_stt
from antiphon.testing.conformance import word_error_rate
from antiphon.testing.conformance_stt import RecogniserCase, Speech, listening

pytestmark = [
    pytest.mark.models,
    pytest.mark.quiet,
    pytest.mark.timeout(90),
    pytest.mark.asyncio(loop_scope="module"),
]

SAID = "Ever tried, ever failed, no matter, try again, fail again, fail better."


@pytest.fixture(scope="module")
def settings(model: Callable[[str], Path]) -> MoonshineSettings:
    return MoonshineSettings(model=model("moonshine-tiny-en"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(settings: MoonshineSettings) -> AsyncIterator[MoonshineRecogniser]:
    recogniser = MoonshineRecogniser(settings)
    await recogniser.start()
    yield recogniser
    await recogniser.aclose()


@pytest.fixture
def case(
    engine: MoonshineRecogniser,
    settings: MoonshineSettings,
    first_speech: Speech,
    second_speech: Speech,
    kill: Callable[[Any], None],
) -> RecogniserCase:
    return RecogniserCase(
        engine=engine,
        make=partial(MoonshineRecogniser, settings),
        first=first_speech,
        second=second_speech,
        most_wrong=0.25,
        pace=0.5,
        kill=kill,
    )


@pytest.mark.parametrize("check", conformance_stt.CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(check: Any, case: RecogniserCase) -> None:
    await check(case)


async def read(engine: MoonshineRecogniser, pcm: bytes, rate_hz: int = 16_000) -> str:
    fields = {"rate_hz": rate_hz, "language": "en", "keyterms": []}
    with engine.child.ask(fields, pcm, Urgency.NOW) as job:
        return str((await anext(job)).fields["text"])


@pytest.mark.parametrize("rate_hz, most_wrong", [(16_000, 0.0), (8_000, 0.1)])
async def test_recorded_speech_is_read(
    engine: MoonshineRecogniser, beckett: bytes, rate_hz: int, most_wrong: float
) -> None:
    text = await read(engine, resample(beckett, 16_000, rate_hz), rate_hz)
    assert word_error_rate(text, SAID) <= most_wrong, text


async def test_what_breaks_off_is_not_continued_by_imagination(
    engine: MoonshineRecogniser, beckett: bytes
) -> None:
    wrong = said = 0
    for tenths in range(5, 95, 3):
        text = await read(engine, beckett[: tenths * 3_200])
        words = len(text.split())
        best = min(
            word_error_rate(text, " ".join(SAID.split()[:upto])) * max(1, upto)
            for upto in range(len(SAID.split()) + 1)
        )
        wrong, said = wrong + round(best), said + words
    # Without the pad it is 10 %.
    assert wrong / said < 0.05, (wrong, said)


async def test_a_final_is_there_before_it_is_asked_for(case: RecogniserCase) -> None:
    async with listening(case.engine) as ear:
        ended_s = await ear.hear(case.first)
        # Reading begins when speech stops; half a second of pause later the answer is known.
        for _ in range(25):
            ear.feed(bytes(640))
            await conformance_stt.pause(0.02)
        final = await ear.final(ended_s, within_s=0.005)
        assert word_error_rate(final.text, case.first.text) <= case.most_wrong


async def test_no_audio_and_noise_do_not_stop_it(engine: MoonshineRecogniser) -> None:
    assert await read(engine, b"") == ""
    noise = np.random.default_rng(7).integers(-20_000, 20_000, 32_000).astype("<i2").tobytes()
    assert isinstance(await read(engine, noise), str)
    assert isinstance(await read(engine, noise[:2]), str)


async def test_missing_weights_are_said_with_the_fix(tmp_path: Path) -> None:
    recogniser = MoonshineRecogniser(MoonshineSettings(model=tmp_path))
    with pytest.raises(Missing, match=r"no encoder_model\.ort in ") as missing:
        await recogniser.start()
    assert missing.value.fix == "run: antiphon models pull moonshine-tiny-en"


async def test_broken_weights_are_said_with_the_fix(tmp_path: Path) -> None:
    for name in ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin"):
        (tmp_path / name).write_bytes(b"not a model")
    recogniser = MoonshineRecogniser(MoonshineSettings(model=tmp_path))
    with pytest.raises(Missing, match="does not load") as missing:
        await recogniser.start()
    assert missing.value.fix == "run: antiphon models verify moonshine-tiny-en"
