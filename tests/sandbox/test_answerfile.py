"""Answers in a file: the first that fits is given, tools included; a mistake has its line."""

import pytest

from antiphon.actions import Message
from antiphon.errors import ConfigError
from antiphon.ports.llm import Asking, Tool
from antiphon.sandbox import answerfile

TEXT = """\
- {when: the weather, text: One moment., calls: [{name: weather, arguments: {city: Paris}}]}
- {when: weather, text: never reached}
- {text: Indeed.}
"""


async def answered(text: str, words: str) -> tuple[str, list[str]]:
    mind = answerfile.mind(answerfile.parse(text, "answers.yaml"))
    tool = Tool(name="weather", description="", parameters={"type": "object"})
    asking = Asking(messages=(Message(role="user", text=words),), tools=(tool,))
    said = [saying async for saying in mind.answer(asking)]
    calls = [f"{call.name} {call.arguments}" for saying in said for call in saying.calls]
    return "".join(saying.text for saying in said), calls


async def test_the_first_that_fits_is_given() -> None:
    said = await answered(TEXT, "What is THE WEATHER like?")
    assert said == ("One moment.", ['weather {"city": "Paris"}'])


async def test_one_without_words_answers_the_rest() -> None:
    assert await answered(TEXT, "Hello.") == ("Indeed.", [])
    assert await answered("- {when: x, text: y}", "Hello.") == ("I see.", [])


@pytest.mark.parametrize(
    "text, line, said",
    [
        ("when: x", 1, "a list of answers"),
        ("[]", 1, "a list of answers"),
        ("- {text: a}\n- {say: b}", 2, "unknown field `say`"),
        ("- {text: a}\n\n- {calls: [{arguments: {}}]}", 3, "missing required field `name`"),
    ],
)
def test_a_mistake_has_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        answerfile.parse(text, "answers.yaml")
    assert caught.value.where == f"answers.yaml:{line}"
    assert said in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match="cannot read the answers"):
        answerfile.read(tmp_path / "none.yaml")
