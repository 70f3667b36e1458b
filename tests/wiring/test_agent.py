"""Opening an agent: its engines start together, and whatever happens they are closed."""

import asyncio
from pathlib import Path

import pytest
from pydantic import BaseModel

from antiphon.config.agent import AgentSettings
from antiphon.config.environment import Environment
from antiphon.errors import ConfigError, Unavailable
from antiphon.net.offering import Offer, Port
from antiphon.wiring import agent, providers
from antiphon.wiring.agent import Agent, open_agent

SETTINGS = AgentSettings.model_validate(
    {
        "name": "Desk",
        "stt": "pretended/ear",
        "tts": "pretended/voice",
        "llm": None,
        "endpoint": "pretended/end",
        "dialog": {"greeting": "Hello."},
    }
)


class Engine:
    """Counts its starts and ends."""

    def __init__(self, name: str, stage: "Stage") -> None:
        self.name, self._stage = name, stage

    async def start(self) -> None:
        self._stage.loading.add(self.name)
        if trouble := self._stage.troubles.get(self.name):
            raise trouble
        # All are loading before one is ready.
        if len(self._stage.loading) == 3:
            self._stage.all_loading.set()
        async with asyncio.timeout(5):
            await self._stage.all_loading.wait()
        self._stage.running.add(self.name)

    async def aclose(self) -> None:
        self._stage.running.discard(self.name)
        self._stage.closed.append(self.name)


class Stage:
    def __init__(self) -> None:
        self.loading: set[str] = set()
        self.all_loading = asyncio.Event()
        self.running: set[str] = set()
        self.closed: list[str] = []
        self.troubles: dict[str, Exception] = {}


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage()

    def offer(port: Port, name: str) -> Offer:
        return Offer(
            name=f"pretended/{name}",
            port=port,
            can=None,
            proof="local",
            settings=BaseModel,
            make=lambda *_: Engine(name, made),
        )

    pretended = [offer("stt", "ear"), offer("tts", "voice"), offer("endpoint", "end")]
    monkeypatch.setattr(providers, "OFFERS", pretended)
    monkeypatch.setattr("antiphon.models.store.ModelStore.path", lambda _, name: Path(name))
    monkeypatch.setattr(agent, "Silero", lambda _: None)
    return made


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(cache=tmp_path / "cache", calls=tmp_path / "calls")


async def test_engines_start_together_and_end_together(
    stage: Stage, environment: Environment
) -> None:
    said: list[str] = []
    async with open_agent(SETTINGS, environment, said.append) as opened:
        assert isinstance(opened, Agent)
        assert stage.running == {"ear", "voice", "end"}
        assert opened.equipment.model is None

    assert said == ["starting ear, voice, end"]
    assert stage.running == set()
    assert sorted(stage.closed) == ["ear", "end", "voice"]


async def test_an_engine_that_cannot_start_is_the_error_and_the_others_are_closed(
    stage: Stage, environment: Environment
) -> None:
    stage.troubles["voice"] = Unavailable("died", provider="voice")

    with pytest.raises(Unavailable, match="voice: died"):
        async with open_agent(SETTINGS, environment):
            pytest.fail("opened without a voice")

    assert sorted(stage.closed) == ["ear", "end", "voice"]


async def test_an_error_inside_closes_the_engines_and_stays_what_it_was(
    stage: Stage, environment: Environment
) -> None:
    """A command prints its message: it must not come wrapped in a group."""
    with pytest.raises(ConfigError, match=r"^no such folder$"):
        async with open_agent(SETTINGS, environment):
            raise ConfigError("no such folder")

    assert stage.running == set()


async def test_cancelling_closes_the_engines(stage: Stage, environment: Environment) -> None:
    opened = asyncio.Event()

    async def serve() -> None:
        async with open_agent(SETTINGS, environment):
            opened.set()
            await asyncio.Event().wait()

    serving = asyncio.ensure_future(serve())
    await opened.wait()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

    assert stage.running == set()


async def test_a_mistake_is_found_before_anything_is_started(
    stage: Stage, environment: Environment
) -> None:
    wrong = SETTINGS.model_copy(update={"endpoint": "pretended/edn"})

    with pytest.raises(ConfigError, match="did you mean 'pretended/end'"):
        async with open_agent(wrong, environment):
            pytest.fail("opened with an unknown engine")

    assert stage.loading == set()


async def test_a_log_says_which_agent_it_was(
    stage: Stage, environment: Environment, tmp_path: Path
) -> None:
    async with open_agent(SETTINGS, environment) as opened:
        journal = opened.journal(tmp_path / "call.jsonl", "desk-1")
        journal.close()
        with pytest.raises(ConfigError, match="cannot write the call log"):
            opened.journal(tmp_path / "no" / "call.jsonl", "desk-2")

    header = (tmp_path / "call.jsonl").read_text().splitlines()[0]
    assert '"call":"desk-1"' in header
    assert '"name":"Desk"' in header
