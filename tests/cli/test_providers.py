"""`antiphon providers`: every engine, what it can do, costs and needs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from antiphon.cli.main import main
from antiphon.net.offering import Hears, Offer, Speaks, Thinks
from antiphon.wiring import providers

SECRET = "a-very-secret-key"


class OneModel(BaseModel):
    """Settings that name a model."""

    model_id: str = "small-1"


def offer(name: str, port: Any, can: Any, **more: Any) -> Offer:
    values: dict[str, Any] = {"proof": "wire", "settings": BaseModel, **more}
    return Offer(name=name, port=port, can=can, make=lambda *_: None, **values)


EAR = Hears(
    streaming=True,
    word_times=True,
    finalise=True,
    end_of_turn="eager",
    keep_alive="none",
    keyterms=True,
    encodings=("linear16", "mulaw"),
    rates_hz=(8000, 22050),
)
VOICE = Speaks(streaming=True, word_times=False, cancel=True, speed=None, encodings=("linear16",))
MINE = """\
- {port: stt, offer: v/ear, unit: hour, billed: session, price: 0.45, source: us, as_of: 2026-11-01}
- {port: stt, offer: v/ear, model: other, unit: minute, price: 0.01, source: us, as_of: 2026-11-01}
- {port: tts, offer: v/*, model: large-*, unit: 1k letters, price: 3, source: us, as_of: 2026-11-01}
- {port: tts, offer: v/*, model: small-*, unit: 1k letters, price: 0.5, source: us,
   as_of: 2026-11-01, until: 2026-12-31}
- {port: tts, offer: v/*, model: small-*, unit: 1k letters, price: 1, source: us,
   as_of: 2026-11-01, from: 2027-01-01}
- {port: llm, offer: v/*, model: m*, unit: 1M tokens, price: {input: 2, cached: null},
   source: us, as_of: 2026-11-01, prompt_up_to: 100000}
- {port: llm, offer: v/*, unit: 1M tokens, price: {input: null}, source: us, as_of: 2026-11-01}
"""


@pytest.fixture(autouse=True)
def offers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    known = [
        offer("local/x", "endpoint", None, proof="local", latency="instant"),
        offer("v/ear", "stt", EAR, key="V_KEY", home="https://v", notes="a remark"),
        offer("v/voice", "tts", VOICE, settings=OneModel, sdk="no_such_sdk.part", extra="v"),
        offer("v/*", "llm", Thinks(tools=True, cached_tokens=True), key="W_KEY"),
        offer("w/*", "llm", Thinks(tools=False)),
    ]
    monkeypatch.setattr(providers, "OFFERS", known)
    mine = tmp_path / "mine.yaml"
    mine.write_text(MINE)
    monkeypatch.setenv("ANTIPHON_PRICES", str(mine))
    monkeypatch.setenv("V_KEY", SECRET)
    monkeypatch.delenv("W_KEY", raising=False)
    return


def test_everything_is_listed_in_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    lines = {
        line.split()[0]: " ".join(line.split()[1:]) for line in said.splitlines() if line.strip()
    }
    assert lines["v/ear"] == "yes yes yes yes yes $0.45 / hour its key, set"
    assert lines["v/voice"] == "yes - yes - - $0.5 / 1k letters a package"
    assert lines["v/*"] == "yes yes by the token its key"
    assert lines["w/*"] == "- - ? -", "what is not known is never nothing"
    assert lines["local/x"] == "free -"
    assert SECRET not in said


def test_every_engine_there_is_fits_into_a_hundred_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    assert main(["providers"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 100
    assert "…" not in said
    assert len(said.splitlines()) == len(providers.everyones()) + 3 * 4 + 2


def test_all_about_each(capsys: pytest.CaptureFixture[str]) -> None:
    for vendor in ("v", "w", "local"):
        assert main(["providers", vendor]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 100
    for words in (
        "streams, word times, final on demand, early ends of turns, key terms",
        "mu-law untouched; linear16, mulaw at 8/22.05 kHz",
        "$0.45 / hour the connection is open  (us, 2026-11-01)",
        "other: $0.01 / minute",
        "V_KEY is set",
        "note     a remark",
        "no mu-law; linear16",
        "pip install 'antiphon[v]'",
        "small-: $0.5 / 1k letters until 2026-12-31",
        "W_KEY is not set",
        "tools, counts cached tokens",
        "m: $2 input, ? cached / 1M tokens up to 100k prompt",
        "price not known, by the token",
        "free",
    ):
        assert words in said, words
    assert "large" not in said
    assert said.count("price not known") == 2, "once by the token, once without a row"
    assert SECRET not in said


def test_one_port_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "tts"]) == 0
    said = capsys.readouterr().out
    assert "v/voice" in said
    assert "v/ear" not in said


def test_one_engine_or_whoever_is_meant_by_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "v/ear"]) == 0
    said = capsys.readouterr().out
    assert "for      Speech to text" in said
    assert "v/*" not in said
    assert main(["providers", "v/some-model", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == ["v/*"]
    assert main(["providers", "local/y"]) == 2
    assert "did you mean 'local/x'?" in capsys.readouterr().err
    assert main(["providers", "locla"]) == 2
    assert "did you mean 'local'?" in capsys.readouterr().err


def test_json_has_it_all_and_never_the_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "--json"]) == 0
    said = capsys.readouterr().out
    found = {one["name"] + one["port"]: one for one in json.loads(said)}
    ear, voice = found["v/earstt"], found["v/voicetts"]
    assert (ear["key"], ear["key_is_set"], ear["native_mulaw"]) == ("V_KEY", True, True)
    assert (ear["formats"], ear["rates_hz"]) == (["linear16", "mulaw"], [8000, 22050])
    assert (voice["installed"], voice["install"]) == (False, "pip install 'antiphon[v]'")
    assert [row["price"] for row in voice["prices"]] == [0.5, 1]
    assert voice["prices"][1]["from"] == "2027-01-01"
    assert found["w/*llm"]["prices"] == []
    assert SECRET not in said


def test_a_wrong_price_table_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.yaml").write_text("- {port: stt}\n")
    assert main(["providers"]) == 2
    assert "mine.yaml:1: 'offer' is missing" in capsys.readouterr().err
