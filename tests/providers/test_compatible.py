"""A server that nobody here wrote: llama.cpp's, which speaks chat completions too, with a real
model behind it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xllamacpp
from tests.providers.llm_stage import KEY, made, pieces, started

from antiphon.errors import Rejected
from antiphon.net.engine import find_weights
from antiphon.testing import conformance_llm
from antiphon.testing.conformance_llm import TOOL, LanguageModelCase, asking

pytestmark = [pytest.mark.models, pytest.mark.timeout(90)]
NAME = "compatible/smollm2"


@pytest.fixture(scope="module")
def environ(model: Callable[[str], Path]) -> Iterator[dict[str, str]]:
    params = xllamacpp.CommonParams()
    params.model.path = str(find_weights(model("smollm2-135m"), "*.gguf", ""))
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_ctx, params.n_parallel = 4096, 2
    params.verbosity = 0
    params.api_keys = [KEY]
    server = xllamacpp.Server(params)
    url = f"{server.listening_address}/v1"
    yield {"COMPATIBLE_BASE_URL": url, "COMPATIBLE_API_KEY": KEY}
    del server


@pytest.mark.parametrize("check", conformance_llm.CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(check: Any, environ: dict[str, str]) -> None:
    async with started(NAME, environ) as engine:
        await check(LanguageModelCase(engine=engine, make=lambda: made(NAME, environ)))


async def test_tools_and_what_came_before_are_understood(environ: dict[str, str]) -> None:
    async with started(NAME, environ) as engine:
        asked = replace(asking("Hello"), tools=(TOOL,), so_far="Hello, this")
        assert (await pieces(engine, asked))[-1].reason


async def test_without_its_key_it_refuses(environ: dict[str, str]) -> None:
    without = {"COMPATIBLE_BASE_URL": environ["COMPATIBLE_BASE_URL"]}
    async with started(NAME, without) as engine:
        with pytest.raises(Rejected, match="401"):
            await pieces(engine, asking("Hello"))
