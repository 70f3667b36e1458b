"""A small model and a large one in an agent file."""

from pathlib import Path

import pytest

from antiphon.config.agent import parse
from antiphon.errors import ConfigError
from antiphon.net.minds import Minds
from antiphon.net.tiers import Tiered
from antiphon.wiring import engines

FILE = """
name: Desk
llm: [openai/small, compatible/smaller]
llm_large: anthropic/large
tiers: {words: 12}
dialog: {greeting: Hello, small_talk: Be kind.}
"""
ENVIRON = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}


def _model(name: str) -> Path:
    return Path("/models") / name


def test_the_large_one_stands_behind_the_small_ones() -> None:
    settings = parse(FILE, "agent.yaml")
    made = engines.engines(settings, ENVIRON, _model)
    assert [mind.name for mind in made.minds] == ["openai/small", "compatible/smaller"]
    assert [mind.name for mind in made.large_minds] == ["anthropic/large"]
    assert settings.tiers.words == 12


def test_both_are_one_model_to_a_call() -> None:
    from antiphon.call.clock import LoopClock
    from antiphon.net.roster import Roster
    from antiphon.wiring.agent import _mind

    settings = parse(FILE, "agent.yaml")
    made = engines.engines(settings, ENVIRON, _model)
    mind = _mind(Roster(made.minds), Roster(made.large_minds), settings, LoopClock())
    assert isinstance(mind, Tiered)
    alone = _mind(Roster(made.minds), None, settings, LoopClock())
    assert isinstance(alone, Minds)


def test_a_large_one_needs_a_small_one() -> None:
    with pytest.raises(ConfigError, match="llm_large stands behind llm"):
        parse("name: A\nllm: null\nllm_large: openai/x\ndialog: {greeting: Hi}\n", "agent.yaml")
