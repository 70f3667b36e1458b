"""Whole calls on the real local engines: an agent that is opened once a module, and callers.

The agent is the example with a shorter greeting and less patience with silence, so that a call
takes seconds. Nothing here waits for an amount of time; what it waits for has a deadline.
"""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from antiphon.audio.resample import resample
from antiphon.cli.live import Traces
from antiphon.config import agent as agent_file
from antiphon.config.agent import AgentSettings
from antiphon.config.environment import Environment
from antiphon.events import CallEnded
from antiphon.models.store import ModelStore, default_root
from antiphon.net.child_job import Urgency
from antiphon.net.offering import Order
from antiphon.observe.logreader import Ordered, Told
from antiphon.testing import scriptfile
from antiphon.testing.rehearsal import rehearse
from antiphon.turns.words import words_of
from antiphon.wiring import providers
from antiphon.wiring.agent import Agent, open_agent
from antiphon.wiring.placed import PHONE_HZ, Placing, place_script

EXAMPLE = Path(__file__).parents[2] / "examples" / "receptionist"
MODELS = ("moonshine-tiny-en", "piper-joe", "silero-vad", "smart-turn", "smollm2-135m")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.models)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def local_models() -> ModelStore:
    """Every model the example needs; `./run test` has fetched them."""
    store = ModelStore()
    if missing := [name for name in MODELS if not store.present(name)]:
        pytest.skip(f"not here: antiphon models pull {' '.join(missing)}")
    return store


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example agent's folder, with what makes calls shorter."""
    told = yaml.safe_load((EXAMPLE / "agent.yaml").read_text())
    told["dialog"]["greeting"] = "Riverside Dental, hello."
    told["turns"] = {"silence_s": 3.0}
    folder = tmp_path_factory.mktemp("receptionist")
    (folder / "agent.yaml").write_text(yaml.safe_dump(told))
    return folder


@pytest.fixture(scope="session")
def surroundings(
    local_models: ModelStore, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """The environment for commands: the models of this machine, a cache of our own."""
    folder = tmp_path_factory.mktemp("surroundings")
    return {
        **os.environ,
        "ANTIPHON_MODELS": str(default_root(os.environ)),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "ANTIPHON_CALLS": str(folder / "calls"),
    }


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(example: Path, surroundings: Mapping[str, str]) -> AsyncIterator[Agent]:
    """The agent with its engines running."""
    outside = Environment(
        cache=Path(surroundings["XDG_CACHE_HOME"]) / "antiphon", calls=Path("unused")
    )
    async with open_agent(agent_file.load(example), outside) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class Held:
    """A call that is over."""

    ended: CallEnded
    folder: Path

    @property
    def traces(self) -> Traces:
        return Traces.of(self.folder / "call.jsonl", self.folder / "call.wav")

    @property
    def events(self) -> list[Any]:
        """What its machines were told."""
        return events(self.traces)

    @property
    def turns(self) -> list[str]:
        """What the caller was taken to have said, turn by turn."""
        return list(turns(self.traces).values())


def events(traces: Traces) -> list[Any]:
    return [line.event for line in traces.log.lines if isinstance(line, Told)]


def turns(traces: Traces) -> dict[int, str]:
    answered = [
        action
        for line in traces.log.lines
        if isinstance(line, Ordered)
        for action in line.actions
        if type(action).__name__ in ("Answer", "Amend")
    ]
    return {action.turn: action.text for action in answered}  # type: ignore[union-attr]


def placing(folder: Path, **given: Any) -> Placing:
    folder.mkdir(parents=True, exist_ok=True)
    return Placing(
        call=folder.name, events=folder / "call.jsonl", record=folder / "call.wav", **given
    )


async def place(
    desk: Agent,
    folder: Path,
    steps: str,
    *,
    settings: AgentSettings | None = None,
    **given: Any,
) -> Held:
    """A call by a caller who follows these steps, to the agent as it is or with other settings."""
    agent = Agent(settings, desk.equipment) if settings else desk
    script = scriptfile.parse(f"pitch: 1.18\nsteps:\n{steps}")
    lines = await rehearse(script, desk.equipment.voices.preferred, PHONE_HZ)
    return Held(await place_script(agent, script, lines, placing(folder, **given)), folder)


async def transcribed(desk: Agent, pcm: bytes, rate_hz: int) -> str:
    """What the agent's recogniser makes of at most twenty seconds of speech."""
    return await _reading(desk.equipment.recognisers.preferred, resample(pcm, rate_hz, 16_000))


async def read_all(store: ModelStore, spoken_16k: Sequence[bytes]) -> list[str]:
    """The same for several stretches, with a recogniser of its own."""
    recogniser = providers.make("stt", Order(name="local/moonshine", models=store.path))
    await recogniser.start()
    try:
        return [await _reading(recogniser, pcm) for pcm in spoken_16k]
    finally:
        await recogniser.aclose()


async def _reading(recogniser: Any, pcm_16k: bytes) -> str:
    fields = {"rate_hz": 16_000, "language": "en", "keyterms": []}
    with recogniser.child.ask(fields, pcm_16k, Urgency.NOW) as job:
        return str((await anext(job)).fields["text"])


def found(heard: str, said: str) -> int:
    """How many of the words said are in what was heard, in order."""
    one, other = words_of(said), words_of(heard)
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)


def alike(pairs: Sequence[tuple[str, str]]) -> float:
    """How much of all that was said was heard, 0 to 1; pairs of heard and said. Over a whole
    call: in a short line the recogniser stumbles over one street name."""
    words = sum(len(words_of(said)) for _, said in pairs)
    return sum(found(heard, said) for heard, said in pairs) / words
