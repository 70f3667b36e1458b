"""What a call cost: by its log, at the prices of a table."""

import io
from datetime import date
from typing import Any

import pytest
from rich.console import Console

from antiphon.observe.cost import Cost, cost_of, day_of, priced
from antiphon.observe.costtable import bill, cost_table, dollars, total
from antiphon.observe.logreader import Noted, Ticked
from antiphon.observe.prices import Prices, built_in, parse
from antiphon.observe.used import Used, uses

DAY = date(2026, 11, 21)


def table(*rows: str) -> Prices:
    said = ", source: us, as_of: 2026-11-01}\n"
    return Prices(parse("".join(f"- {{offer: v/*, {row}{said}" for row in rows), "p.yaml"))


def cost(prices: Prices, *used: Used, day: date | None = DAY) -> Cost:
    return priced(used, prices, day)


def test_a_log_says_what_was_used_and_the_rest_is_passed_over() -> None:
    lines = [
        Ticked(1, 0.5),
        Noted(2, 1.0, "warning", {"what": "used"}),
        Noted(3, 2.0, "used", {"port": "tts", "provider": "v/x", "letters": 12, "model": "m"}),
        Noted(4, 3.0, "used", {"port": "stt", "seconds": -1, "open_s": "9", "letters": True}),
    ]
    assert uses(lines) == [
        Used(port="tts", provider="v/x", model="m", letters=12),
        Used(port="stt", provider=""),
    ]
    assert cost_of(lines[:3], table("port: tts, unit: 1k letters, price: 2"), DAY).dollars == 0.024


@pytest.mark.parametrize(
    "row, used, what, amount, expected",
    [
        ("unit: minute, price: 0.6", {"seconds": 30.0}, "audio", 30, 0.3),
        ("unit: hour, price: 36", {"seconds": 10.0, "open_s": 99.0}, "audio", 10, 0.1),
        ("unit: hour, billed: session, price: 36", {"seconds": 1.0, "open_s": 20.0},
         "connection", 20, 0.2),
        ("unit: minute, step_s: 60, price: 1", {"seconds": 61.0}, "audio", 120, 2.0),
        ("unit: minute, step_s: 1, price: 60", {"seconds": 1.2}, "audio", 2, 2.0),
        ("unit: 1k letters, price: 5", {"letters": 100}, "letters", 100, 0.5),
        ("unit: 1M letters, price: 5", {"letters": 100}, "letters", 100, 0.0005),
        ("unit: free, price: 0", {"letters": 100}, "letters", 100, 0.0),
        ("unit: free, price: 0", {}, "uses", 1, 0.0),
    ],
)  # fmt: skip
def test_what_is_measured_is_multiplied(
    row: str, used: dict[str, Any], what: str, amount: float, expected: float
) -> None:
    (line,) = cost(table(f"port: stt, {row}"), Used(port="stt", provider="v/x", **used)).lines
    assert (line.what, line.amount, line.known) == (what, amount, True)
    assert line.dollars == pytest.approx(expected)
    assert (line.source, line.as_of) == ("us", date(2026, 11, 1))


TOKENS = "port: llm, unit: 1M tokens, price: {input: 2, cached: 1, output: 10}"


def test_tokens_have_a_price_for_each_kind() -> None:
    used = Used(port="llm", provider="v/x", prompt_tokens=1000, cached_tokens=400, reply_tokens=100)
    found = cost(table(TOKENS), used, used)
    assert [(line.what, line.amount) for line in found.lines] == [
        ("input", 1200),
        ("cached", 800),
        ("output", 200),
    ]
    assert found.dollars == pytest.approx((1200 * 2 + 800 * 1 + 200 * 10) / 1e6)
    assert found.known


def test_the_tier_is_that_of_each_request_not_of_their_sum() -> None:
    tiers = table(TOKENS.replace("input: 2", "input: 1") + ", prompt_up_to: 1000", TOKENS)
    one = Used(port="llm", provider="v/x", prompt_tokens=900)
    long = Used(port="llm", provider="v/x", prompt_tokens=1100)
    found = cost(tiers, one, one, long)
    assert [(line.price, line.amount) for line in found.lines] == [(1, 1800), (2, 1100)]


@pytest.mark.parametrize(
    "row, used, why",
    [
        ("port: stt, unit: minute, price: null, note: ask them", {"seconds": 3.0}, "ask them"),
        ("port: stt, unit: hour, billed: session, price: 1", {"seconds": 3.0}, "by the hour"),
        ("port: stt, unit: 1M tokens, price: {input: 1}", {"seconds": 3.0}, "by the token"),
        ("port: stt, unit: minute, until: 2026-11-20, price: 1", {"seconds": 3.0}, "for this day"),
        ("port: tts, unit: minute, price: 1", {"seconds": 3.0}, "not in the price table"),
        (TOKENS.replace("llm", "stt").replace("input: 2", "input: null"), {"prompt_tokens": 5}, ""),
        (TOKENS.replace("llm", "stt").replace("input: 2, ", ""), {"prompt_tokens": 5}, ""),
        (TOKENS.replace("llm", "stt"), {"prompt_tokens": 5, "audio_tokens": 2}, "stood for sound"),
    ],
)  # fmt: skip
def test_what_is_not_known_says_so_and_is_never_nothing(
    row: str, used: dict[str, Any], why: str
) -> None:
    use = Used(port="stt", provider="v/x", **used)
    found = cost(table(row), use, use)
    (line,) = found.lines
    assert line.dollars is None
    assert not line.known
    assert not found.known
    assert why in line.why
    assert line.amount == 2 * sum(v for k, v in used.items() if k != "audio_tokens")
    for shown in (bill(found), printed(found)):
        assert "price not known" in shown
    assert "stt v/x" in total(found)


def test_nothing_used_of_a_kind_adds_no_line() -> None:
    found = cost(
        table("port: tts, unit: 1k letters, price: 5"), Used(port="tts", provider="v/x", letters=0)
    )
    assert found.lines == ()


def test_a_log_that_says_nothing_is_not_a_call_that_cost_nothing() -> None:
    found = cost_of([], built_in(), DAY)
    assert found.to_json() == {
        "dollars": None,
        "known": False,
        "estimated": False,
        "lines": [],
    }
    assert "does not say" in bill(found)


def test_the_day_is_the_logs() -> None:
    assert day_of("2026-12-31T23:59:00+01:00") == date(2026, 12, 31)
    assert day_of("yesterday") is None


def test_json_has_every_line_with_its_source() -> None:
    use = Used(port="stt", provider="deepgram/flux", seconds=60.0, open_s=70.0)
    found = cost_of([], built_in(), DAY).to_json() | cost(built_in(), use).to_json()
    assert found["known"]
    assert found["dollars"] == pytest.approx(0.0065)
    (line,) = found["lines"]
    assert (line["source"], line["as_of"], line["per"]) == ("third party", "2026-05-01", "minute")
    assert "known" in line


# --- shown -------------------------------------------------------------------------------------


def printed(found: Cost) -> str:
    paper = io.StringIO()
    Console(width=100, file=paper).print(cost_table(found))
    return paper.getvalue()


def test_the_bill_is_readable_and_safe() -> None:
    found = cost(
        built_in(),
        Used(port="tts", provider="elevenlabs/flash", letters=410),
        Used(port="stt", provider="<b>/x", seconds=2.5),
        Used(port="llm", provider="anthropic/claude-haiku-5.5", model="m", reply_tokens=1),
    )
    page, text = bill(found), printed(found)
    for words in ("elevenlabs/flash", "410 letters", "$0.05 / 1k letters", "third party"):
        assert words in page
        assert words in text
    assert "&lt;b&gt;/x" in page
    assert "<b>" not in page
    assert "$0.0205 and what is not known: llm anthropic/claude-haiku-5.5, stt &lt;b&gt;/x" in page
    assert "$0.0205 +" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("value, said", [(0.0, "$0"), (0.00001, "< $0.0001"), (1.5, "$1.5000")])
def test_small_sums_are_not_rounded_to_nothing(value: float, said: str) -> None:
    assert dollars(value) == said


def test_a_whole_sum_is_only_a_sum() -> None:
    found = cost(built_in(), Used(port="tts", provider="local/piper", letters=9))
    assert total(found) == "$0"
    assert "free" in printed(found)


# --- what nobody counted -------------------------------------------------------------------------


def shown(found: Cost) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(cost_table(found))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return " ".join(text.split())


def test_tokens_that_nobody_counted_are_marked_wherever_they_are_shown() -> None:
    note = {"port": "llm", "provider": "v/x", "prompt_tokens": 1000, "reply_tokens": 100}
    lines = [Noted(1, 1.0, "used", note), Noted(2, 2.0, "used", {**note, "estimated": True})]
    found = cost_of(lines, table(TOKENS), DAY)
    assert [(line.what, line.estimated) for line in found.lines] == [
        ("input", False), ("output", False), ("input", True), ("output", True),
    ]  # fmt: skip
    assert found.known
    assert found.dollars == pytest.approx(2 * (1000 * 2 + 100 * 10) / 1e6)
    said = found.to_json()
    assert said["estimated"] is True
    assert [line["estimated"] for line in said["lines"]] == [False, False, True, True]
    assert total(found) == "~ $0.0060"
    for text in (bill(found), shown(found)):
        assert "~ 1000 input tokens" in text
        assert "~ $0.0020" in text
        assert "~ estimated: the provider did not count its tokens" in text


def test_a_voice_paid_by_the_token_is_reckoned_from_what_it_said() -> None:
    prices = table("port: tts, unit: 1M tokens, price: {input: 0.6, audio: 12}")
    found = cost(prices, Used(port="tts", provider="v/x", letters=900))
    assert [(line.what, line.amount, line.estimated) for line in found.lines] == [
        ("input", 225, True),
        ("audio", 1250, True),
    ]
    assert found.dollars == pytest.approx(0.015135), "a minute costs about 1.5 cents"
    counted = cost(prices, Used(port="tts", provider="v/x", letters=900, prompt_tokens=200))
    assert not counted.estimated


def test_what_is_free_is_no_estimate_and_what_is_not_known_is_never_nothing() -> None:
    used = Used(port="llm", provider="v/x", prompt_tokens=9, estimated=True)
    assert not cost(table("port: llm, unit: free, price: 0"), used).estimated
    unknown = cost(table("port: llm, unit: 1M tokens, price: {input: null}"), used)
    assert total(unknown) == "$0 and what is not known: llm v/x"
    assert "~ 9 input tokens price not known ?" in shown(unknown).replace("│ ", "")
