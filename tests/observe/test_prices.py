"""The price table: what may stand in it, whose row counts, and what is said of a wrong one."""

from datetime import date
from pathlib import Path

import pytest

from antiphon.errors import ConfigError
from antiphon.observe.prices import Prices, built_in, load, parse

ROW = "port: stt, offer: a/b, unit: minute, source: us, as_of: 2026-11-01"


def mistake(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(text, "p.yaml")
    return caught.value


@pytest.mark.parametrize(
    "text, line, what, fix",
    [
        (f"- {{{ROW}, price: 1}}\n- {{{ROW}, pric: 1, price: 1}}\n", 2, "has no 'pric'", "price"),
        ("- port: stt\n  offer: a\n", 1, "'unit' is missing", ""),
        (f"- {{{ROW}, price: -1}}\n", 1, "price cannot be -1", "null where it is not known"),
        (f"- {{{ROW}, price: .nan}}\n", 1, "price cannot be nan", "number from 0"),
        (f"- {{{ROW}, price: {{input: 1}}}}\n", 1, "1M tokens have a price for each kind", ""),
        (f"- {{{ROW.replace('minute', '1M tokens')}, price: 1}}\n", 1, "for each kind", ""),
        (
            f"- {{{ROW.replace('minute', '1M tokens')}, price: {{words: 1}}}}\n",
            1,
            "price cannot be",
            "input, cached, output",
        ),
        (f"- {{{ROW.replace('minute', 'free')}, price: 1}}\n", 1, "free has the price 0", ""),
        (f"- {{{ROW.replace('minute', 'second')}, price: 1}}\n", 1, "unit cannot be", "'minute'"),
        (f"# mine\n- price: 1\n  {ROW.replace(', ', chr(10) + '  ')}\n  until: 2026-02-30\n", 8,
         "until cannot be '2026-02-30'", "day value"),
        ("- [stt]\n", 1, "a row cannot be ['stt']", ""),
        ("stt: 1\n", 1, "a list of rows", "offer, model, unit"),
        ("", 1, "a list of rows", ""),
        ("- [\n", 2, "not YAML", ""),
        ("- \x01\n", 1, "not YAML", ""),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(text: str, line: int, what: str, fix: str) -> None:
    error = mistake(text)
    assert error.where == f"p.yaml:{line}"
    assert what in error.what
    assert fix in error.fix


def test_a_price_that_is_not_known_is_never_zero() -> None:
    """Zero stands only where nothing is charged at all."""
    for row in built_in().rows:
        prices = row.price.values() if isinstance(row.price, dict) else [row.price]
        assert (row.unit == "free") == (0 in prices), row
        assert row.source
        assert row.as_of <= date(2026, 11, 21)


def test_a_model_has_the_row_that_fits_its_name() -> None:
    flux = built_in().on("stt", "deepgram/flux")
    multi = built_in().on("stt", "deepgram/flux", "flux-general-multi")
    assert flux
    assert multi
    assert (flux.price, multi.price) == (0.0065, 0.0078)
    assert built_in().on("tts", "deepgram/flux") is None
    assert built_in().on("stt", "nobody/nothing") is None
    assert len(built_in().of("llm", "anthropic/claude-haiku-5.5")) == 2


@pytest.mark.parametrize(
    "tokens, dollars", [(100_000, {"input": 0.10, "cached": None, "output": 0.50}),
                        (100_001, {"input": 0.50, "cached": None, "output": 2.50})],
)  # fmt: skip
def test_a_long_prompt_may_cost_more(tokens: int, dollars: dict[str, float]) -> None:
    row = built_in().on("llm", "anthropic/claude-haiku-5.5", prompt_tokens=tokens)
    assert row
    assert row.price == dollars


@pytest.mark.parametrize(
    "day, dollars",
    [(date(2026, 12, 31), 0.75), (date(2027, 1, 1), 1.50), (None, None)],
    ids=["the last day", "the next", "no day"],
)
def test_a_price_holds_from_day_to_day(day: date | None, dollars: float | None) -> None:
    row = built_in().on("llm", "gemini/gemini-3.8-flash", day=day)
    found = row.price["input"] if row and isinstance(row.price, dict) else None
    assert found == dollars


def test_ones_own_rows_go_first(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text(f"- {{{ROW.replace('a/b', 'deepgram/*')}, price: 0.001}}\n")
    prices = load(own)
    row = prices.on("stt", "deepgram/flux", "flux-general-multi")
    assert row
    assert (row.price, row.source) == (0.001, "us")
    assert prices.on("tts", "deepgram/aura-2") == built_in().on("tts", "deepgram/aura-2")
    assert load(None) == built_in()
    assert Prices(()).on("stt", "deepgram/flux") is None


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"- \xff")
    for name, why in (("none", "No such file"), ("latin", "not UTF-8")):
        with pytest.raises(ConfigError, match=why) as caught:
            load(tmp_path / name)
        assert "ANTIPHON_PRICES" in caught.value.fix
