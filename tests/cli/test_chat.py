"""`antiphon chat`: the agent in text, with and without a language model."""

import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from antiphon.cli.main import main
from antiphon.errors import Rejected, Unavailable
from antiphon.net.offering import Offer
from antiphon.ports.llm import Saying
from antiphon.testing.mind import ScriptedModel
from antiphon.wiring import providers

Typed = Callable[..., None]


class NoTime:
    """Nothing takes any."""

    async def sleep_until(self, when_s: float) -> None: ...

    def now(self) -> float:
        return 0.0


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    """What the person types."""

    def type_(*lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return type_


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, desk: Path) -> list[ScriptedModel]:
    """The desk gets a model; the one that chat makes is put here."""
    made: list[ScriptedModel] = []

    def make(*_: object) -> ScriptedModel:
        made.append(ScriptedModel(clock=NoTime(), says=("It is raining.",)))
        return made[0]

    pretended = Offer(
        name="local/pretended",
        port="llm",
        can=None,
        proof="local",
        settings=BaseModel,
        make=make,
    )
    monkeypatch.setattr(providers, "OFFERS", [pretended])
    text = desk.read_text().replace("llm: null", "llm: local/pretended")
    desk.write_text(text.replace("dialog:\n", "dialog:\n  small_talk: Be kind.\n"))
    return made


def test_topics_are_answered_and_goodbye_ends_it(
    desk: Path, typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    typed("When are you open?", "Goodbye.", "Nobody reads this.")

    assert main(["chat", str(desk)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Hello, front desk.",
        "We are open from eight to six.",
        "Goodbye!",
    ]


def test_with_json_every_reply_is_a_line_of_json(
    desk: Path, typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    typed("An appointment please", "Maria", "bye")

    assert main(["chat", str(desk), "--json"]) == 0

    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["text"] for line in said] == [
        "Hello, front desk.",
        "Who",
        "Noted, Maria.",
        "Goodbye!",
    ]
    assert len({line["reply"] for line in said}) == 4


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_caller_who_is_handed_over_is_gone(
    desk: Path, typed: Typed, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    topic = "    - {name: s, asks: [sales], says: I put you through., transfer: sales desk}\n"
    desk.write_text(desk.read_text().replace("  topics:\n", f"  topics:\n{topic}"))
    typed("Sales, please", "Nobody reads this.")

    assert main(["chat", str(desk), *flags]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    if flags:
        assert json.loads(last) == {"transfer": "sales desk"}
    else:
        assert last == "(the caller is handed to sales desk)"


def test_a_blank_line_is_no_turn(
    desk: Path, typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    typed("", "   ", "When are you open?", "")

    assert main(["chat", str(desk)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Hello, front desk.",
        "We are open from eight to six.",
    ]


def test_the_end_of_what_is_typed_ends_it(
    desk: Path, typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    typed()

    assert main(["chat", str(desk)]) == 0
    assert capsys.readouterr().out == "Hello, front desk.\n"


def test_without_a_model_what_is_not_known_is_said_to_be(
    desk: Path, typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    typed("What is the weather like?")

    assert main(["chat", str(desk)]) == 0
    assert "I can't help with that" in capsys.readouterr().out


def test_the_model_makes_small_talk(
    desk: Path, typed: Typed, model: list[ScriptedModel], capsys: pytest.CaptureFixture[str]
) -> None:
    typed("What is the weather like?", "bye")

    assert main(["chat", str(desk)]) == 0

    assert capsys.readouterr().out.splitlines()[1] == "It is raining."
    (asked,) = model[0].asked
    assert asked.messages[0].text == "Be kind."
    assert asked.messages[-1].text == "What is the weather like?"
    assert model[0].open == 0


def test_a_model_that_fails_is_apologised_for_and_the_chat_goes_on(
    desk: Path,
    typed: Typed,
    model: list[ScriptedModel],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def answer(self: ScriptedModel, asking: object) -> object:
        raise Unavailable("gone", provider="pretended")
        yield

    monkeypatch.setattr(ScriptedModel, "answer", answer)
    typed("What is the weather like?", "When are you open?")

    assert main(["chat", str(desk)]) == 0
    said = capsys.readouterr()
    assert said.err == "language model lost: pretended: gone\n"
    assert said.out.splitlines()[1:] == [
        "I'm sorry, I can't answer that just now. Could you ask me something else?",
        "We are open from eight to six.",
    ]


def test_a_missing_model_is_an_environment_error(
    desk: Path, typed: Typed, no_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.write_text(desk.read_text().replace("llm: null\n", ""))
    typed("hello")

    assert main(["chat", str(desk)]) == 3
    assert "antiphon models pull smollm2-135m" in capsys.readouterr().err


def test_a_model_that_is_away_is_stood_in_for(
    desk: Path,
    typed: Typed,
    model: list[ScriptedModel],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Away(ScriptedModel):
        async def start(self) -> None:
            raise Rejected("no such key", provider="local/away")

        async def answer(self, asking: object) -> AsyncIterator[Saying]:
            pytest.fail("it could not be started")
            yield

    away = replace(providers.OFFERS[0], name="local/away", make=lambda *_: Away(clock=NoTime()))
    monkeypatch.setattr(providers, "OFFERS", [*providers.OFFERS, away])
    text = desk.read_text()
    desk.write_text(text.replace("llm: local/pretended", "llm: [local/away, local/pretended]"))
    typed("What is the weather like?")
    assert main(["chat", str(desk)]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "It is raining."

    desk.write_text(text.replace("llm: local/pretended", "llm: local/away"))
    assert main(["chat", str(desk)]) == 4
    assert "local/away: no such key" in capsys.readouterr().err
