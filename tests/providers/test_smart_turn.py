"""The end-of-turn model keeps its promises from a child process."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from antiphon.errors import Missing
from antiphon.providers.smart_turn.endpoint import SmartTurn
from antiphon.providers.smart_turn.settings import SmartTurnSettings
from antiphon.testing import conformance_endpoint
from antiphon.testing.conformance_endpoint import EndpointCase

pytestmark = [
    pytest.mark.models,
    pytest.mark.timeout(90),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest.fixture(scope="module")
def settings(model: Callable[[str], Path]) -> SmartTurnSettings:
    return SmartTurnSettings(model=model("smart-turn"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(settings: SmartTurnSettings) -> AsyncIterator[SmartTurn]:
    scorer = SmartTurn(settings)
    await scorer.start()
    yield scorer
    await scorer.aclose()


@pytest.mark.parametrize("check", conformance_endpoint.CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(
    check: Any,
    engine: SmartTurn,
    settings: SmartTurnSettings,
    beckett: bytes,
    kill: Callable[[Any], None],
) -> None:
    case = EndpointCase(
        engine=engine,
        make=partial(SmartTurn, settings),
        finished=beckett,
        unfinished=beckett[: round(8.64 * 32_000)],
        kill=kill,
    )
    await check(case)


async def test_missing_weights_are_said_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(Missing) as missing:
        await SmartTurn(SmartTurnSettings(model=tmp_path)).start()
    assert missing.value.fix == "run: antiphon models pull smart-turn"
