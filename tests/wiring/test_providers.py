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


@pytest.mark.parametrize("port, name", EVERY)
def test_every_name_makes_its_engine_without_starting_it(port: str, name: str) -> None:
    asked: list[str] = []

    def models(model: str) -> Path:
        asked.append(model)
        return Path("/models") / model

    engine = providers.make(port, name, PORTS[port], models)

    assert len(asked) == 1
    assert engine.name  # type: ignore[attr-defined]


@pytest.mark.parametrize("port, name", EVERY)
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
    assert caught.value.fix == f"{hint}there are: local/faster-whisper, local/moonshine"


def test_no_provider_answers_to_two_ports() -> None:
    """Or a file that swaps two of them would be right."""
    names = [name for _, name in EVERY]
    assert len(names) == len(set(names))
