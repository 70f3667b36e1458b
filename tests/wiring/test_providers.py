"""From a name in an agent file to an engine, or to what is wrong with the name."""

from pathlib import Path

import pytest

from antiphon.errors import ConfigError, Missing
from antiphon.wiring import providers

PORTS = {
    "stt": providers.STT,
    "tts": providers.TTS,
    "llm": providers.LLM,
    "endpoint": providers.ENDPOINTS,
}
EVERY = [(port, name) for port, known in PORTS.items() for name in known]
LOCAL = [(port, name) for port, name in EVERY if name.startswith("local/")]
HOSTED = [(port, name) for port, name in EVERY if not name.startswith("local/")]


@pytest.mark.parametrize("port, name", LOCAL)
def test_every_name_makes_its_engine_without_starting_it(port: str, name: str) -> None:
    asked: list[str] = []

    def models(model: str) -> Path:
        asked.append(model)
        return Path("/models") / model

    engine = providers.make(port, name, PORTS[port], models)

    assert len(asked) == 1
    assert engine.name  # type: ignore[attr-defined]


@pytest.mark.parametrize("port, name", LOCAL)
def test_a_model_that_is_not_here_is_said_to_be_missing(port: str, name: str) -> None:
    def models(model: str) -> Path:
        raise Missing(f"model {model} is not here", fix=f"antiphon models pull {model}")

    with pytest.raises(Missing, match="antiphon models pull"):
        providers.make(port, name, PORTS[port], models)


@pytest.mark.parametrize(
    "name, hint", [("local/mooshine", "did you mean 'local/moonshine'? "), ("cloud/ear", "")]
)
def test_a_name_nobody_has_is_shown_those_there_are(name: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        providers.make("stt", name, providers.STT, Path)

    assert caught.value.what == f"stt: no provider {name!r}"
    assert caught.value.fix == f"{hint}there are: {', '.join(sorted(providers.STT))}"


def _no_models(model: str) -> Path:
    raise AssertionError(f"asked for {model}")


@pytest.mark.parametrize("port, name", HOSTED)
def test_a_hosted_name_needs_a_key_and_nothing_else(
    port: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "a-secret")
    engine = providers.make(port, name, PORTS[port], _no_models)
    assert engine.name == name  # type: ignore[attr-defined]

    monkeypatch.delenv("DEEPGRAM_API_KEY")
    with pytest.raises(Missing, match="DEEPGRAM_API_KEY is not set"):
        providers.make(port, name, PORTS[port], _no_models)


def test_an_address_that_is_none_is_said_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "a-secret")
    monkeypatch.setenv("DEEPGRAM_BASE_URL", "localhost:8100/v1")
    with pytest.raises(ConfigError, match="DEEPGRAM_BASE_URL cannot be") as caught:
        providers.make("stt", "deepgram/nova-3", providers.STT, _no_models)
    assert "a-secret" not in str(caught.value)


def test_no_provider_answers_to_two_ports() -> None:
    """Or a file that swaps two of them would be right."""
    names = [name for _, name in EVERY]
    assert len(names) == len(set(names))
