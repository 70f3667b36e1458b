"""Whisper keeps the recogniser's promises."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from antiphon.audio.resample import resample
from antiphon.errors import Missing
from antiphon.providers.faster_whisper.settings import FasterWhisperSettings
from antiphon.providers.faster_whisper.stt import FasterWhisperRecogniser
from antiphon.testing import conformance_stt
from antiphon.testing.conformance import word_error_rate
from antiphon.testing.conformance_stt import RecogniserCase, Speech

pytestmark = [
    pytest.mark.models,
    pytest.mark.quiet,
    pytest.mark.timeout(90),
    pytest.mark.asyncio(loop_scope="module"),
]

SAID = "Ever tried, ever failed, no matter, try again, fail again, fail better."


@pytest.fixture(scope="module")
def settings(model: Callable[[str], Path]) -> FasterWhisperSettings:
    pytest.importorskip("faster_whisper", reason="the whisper extra is not installed")
    return FasterWhisperSettings(model=model("whisper-tiny-en"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(settings: FasterWhisperSettings) -> AsyncIterator[FasterWhisperRecogniser]:
    recogniser = FasterWhisperRecogniser(settings)
    await recogniser.start()
    yield recogniser
    await recogniser.aclose()


@pytest.fixture
def case(
    engine: FasterWhisperRecogniser,
    settings: FasterWhisperSettings,
    first_speech: Speech,
    second_speech: Speech,
    kill: Callable[[Any], None],
) -> RecogniserCase:
    return RecogniserCase(
        engine=engine,
        make=partial(FasterWhisperRecogniser, settings),
        first=first_speech,
        second=second_speech,
        most_wrong=0.25,
        pace=0.5,
        kill=kill,
    )


@pytest.mark.parametrize("check", conformance_stt.CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(check: Any, case: RecogniserCase) -> None:
    await check(case)


async def test_word_times_are_the_models_own_where_asked_for(
    settings: FasterWhisperSettings, beckett: bytes
) -> None:
    recogniser = FasterWhisperRecogniser(settings.model_copy(update={"word_times": True}))
    await recogniser.start()
    fields = {"rate_hz": 8_000, "language": "en", "keyterms": ["Beckett"]}
    with recogniser.child.ask(fields, resample(beckett, 16_000, 8_000)) as job:
        read = (await anext(job)).fields
    await recogniser.aclose()
    assert word_error_rate(read["text"], SAID) < 0.2, read["text"]
    times = {word.strip(",.").lower(): (start, end) for word, start, end, _ in read["words"]}
    start, end = times["better"]
    assert 8.0 < start < end < 9.3


async def test_missing_weights_are_said_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"no model\.bin in ") as missing:
        await FasterWhisperRecogniser(FasterWhisperSettings(model=tmp_path)).start()
    assert missing.value.fix == "run: antiphon models pull whisper-tiny-en"
