"""SmolLM2 keeps the language model's promises."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from antiphon.errors import Missing, Rejected
from antiphon.providers.smollm2.llm import SmolLM2
from antiphon.providers.smollm2.settings import SmolLM2Settings
from antiphon.testing import conformance_llm
from antiphon.testing.conformance_llm import LanguageModelCase, answer, asking

pytestmark = [
    pytest.mark.models,
    pytest.mark.timeout(90),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest.fixture(scope="module")
def settings(model: Callable[[str], Path]) -> SmolLM2Settings:
    return SmolLM2Settings(model=model("smollm2-135m"), system_prompt="You are friendly.")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(settings: SmolLM2Settings) -> AsyncIterator[SmolLM2]:
    language_model = SmolLM2(settings)
    await language_model.start()
    yield language_model
    await language_model.aclose()


@pytest.mark.parametrize("check", conformance_llm.CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(
    check: Any, engine: SmolLM2, settings: SmolLM2Settings, kill: Callable[[Any], None]
) -> None:
    await check(LanguageModelCase(engine=engine, make=partial(SmolLM2, settings), kill=kill))


async def test_closing_really_stops_the_generation(engine: SmolLM2) -> None:
    pid = engine.child.pid
    assert pid is not None
    process = psutil.Process(pid)
    async for piece in engine.answer(asking(conformance_llm.STORY, max_tokens=400)):
        if piece.text:
            break
    await answer(engine, asking("Hi", max_tokens=1))
    before = process.cpu_times().user
    await asyncio.sleep(0.5)
    assert process.cpu_times().user - before < 0.1


async def test_a_request_does_not_wait_for_those_who_only_read_ahead(engine: SmolLM2) -> None:
    long = asking("Tell me about the sea. " * 200).messages
    async with asyncio.TaskGroup() as group:
        readings = [group.create_task(engine.prime(long)) for _ in range(2)]
        await asyncio.sleep(0)
        assert engine.child.busy
        async for piece in engine.answer(asking("Hi", max_tokens=4)):
            if piece.text:
                assert all(reading.done() for reading in readings)
                break
        else:
            raise AssertionError("no answer")


async def test_a_prompt_that_does_not_fit_is_rejected(engine: SmolLM2) -> None:
    with pytest.raises(Rejected, match="context size"):
        await answer(engine, asking("word " * 5000))


async def test_missing_weights_are_said_with_the_fix(tmp_path: Path) -> None:
    language_model = SmolLM2(SmolLM2Settings(model=tmp_path / "none.gguf"))
    with pytest.raises(Missing) as missing:
        await language_model.start()
    assert missing.value.fix == "run: antiphon models pull smollm2-135m"


async def test_broken_weights_are_said_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(64))
    language_model = SmolLM2(SmolLM2Settings(model=tmp_path))
    with pytest.raises(Missing, match="does not load") as missing:
        await language_model.start()
    assert missing.value.fix == "run: antiphon models verify smollm2-135m"
