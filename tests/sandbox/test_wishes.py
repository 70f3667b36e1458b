"""The sandbox takes what vendors take for formatting, hesitations, languages and speakers, refuses
what makes no sense, and answers with what was asked for and nothing more."""

from collections.abc import Iterator

import pytest
from tests.providers.stage import silence, sound
from tests.sandbox.test_sandbox import FLUX, LISTEN, dial, status
from tests.sandbox.test_sandbox import said as told

from antiphon.sandbox.ears import Said
from antiphon.sandbox.server import Sandbox

LINE = Said(text="Um, dos de nosotros.", language="es", speakers=(0, 0, 1))
SPEECH = silence(0.2) + sound(1.3) + silence(0.3)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(says=[LINE], key="sandbox-key") as running:
        yield running


def listened(sandbox: Sandbox, wishes: str) -> dict[str, object]:
    with dial(sandbox, f"{LISTEN}&endpointing=false{wishes}") as client:
        client.send(SPEECH)
        client.send('{"type":"Finalize"}')
        best = told(client, "Results")[-1]["channel"]["alternatives"][0]
    assert isinstance(best, dict)
    return best


def test_nova_leaves_out_hesitations_and_tells_nothing_it_was_not_asked(sandbox: Sandbox) -> None:
    best = listened(sandbox, "")
    assert best["transcript"] == "dos de nosotros."
    assert "languages" not in best
    assert not {"speaker", "language"} & set(best["words"][0])  # type: ignore[index]


def test_nova_tells_all_it_was_asked(sandbox: Sandbox) -> None:
    wishes = "&language=multi&language_hint=es&filler_words=true&diarize_model=latest"
    best = listened(sandbox, wishes + "&smart_format=true")
    assert best["transcript"] == "Um, dos de nosotros."
    assert best["languages"] == ["es"]
    assert [word["speaker"] for word in best["words"]] == [0, 0, 1, 1]  # type: ignore[attr-defined]


def test_flux_tells_languages_where_it_knows_several(sandbox: Sandbox) -> None:
    several = FLUX.replace("-en", "-multi") + "&language_hint=en&language_hint=es&numerals=true"
    for path, languages in ((several, ["es"]), (FLUX, None)):
        with dial(sandbox, path) as client:
            client.send(SPEECH)
            client.send('{"type":"ForceEndTurn"}')
            info = told(client, "TurnInfo")[-1]
            while info["event"] != "EndOfTurn":
                info = told(client, "TurnInfo")[-1]
        assert info.get("languages") == languages


@pytest.mark.parametrize(
    "path",
    [
        f"{LISTEN}&smart_format=very",
        f"{LISTEN}&filler_words=1",
        f"{LISTEN}&diarize_model=v2",
        f"{FLUX}&language_hint=es",
        f"{FLUX}&numerals=yes",
    ],
)
def test_nonsense_is_refused(sandbox: Sandbox, path: str) -> None:
    assert status(sandbox, path) == 400
