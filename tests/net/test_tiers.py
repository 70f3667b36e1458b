"""The small model answers, the large one where it must, and the seam is never heard."""

from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.actions import Message
from antiphon.errors import Unavailable
from antiphon.net.tiers import MARKER, Tiered, Tiers, reason_for_large
from antiphon.ports.llm import Asking, Saying, Tool, ToolCall, ToolUse, Usage
from antiphon.testing.clock import VirtualClock
from antiphon.testing.mind import Scripted, ScriptedModel

DEEP = "Because the tides follow the moon."
CALL = ToolCall(id="large-1", name="look_up", arguments="{}")
TOOL = Tool(name="look_up", description="Look something up.")


def asking(text: str, **more: object) -> Asking:
    system = Message(role="system", text="Be kind.")
    made = Asking(messages=(system, Message(role="user", text=text)))
    return replace(made, **more)


class Stage:
    """Two scripted models as one."""

    def __init__(self, small: str | Scripted, tiers: Tiers | None = None, **named: float) -> None:
        self.clock = VirtualClock()
        self.small = ScriptedModel(clock=self.clock, name="small", says=[small], **named)
        self.large = ScriptedModel(clock=self.clock, name="large", says=[DEEP])
        self.tiered = Tiered(self.small, self.large, tiers)

    def answer(self, request: Asking) -> list[Saying]:
        async def run(_: VirtualClock) -> list[Saying]:
            await self.tiered.start()
            pieces = [piece async for piece in self.tiered.answer(request)]
            await self.tiered.aclose()
            return pieces

        return self.clock.run(run)


def said(pieces: list[Saying]) -> str:
    return "".join(piece.text for piece in pieces)


def by(pieces: list[Saying]) -> set[str]:
    return {piece.by for piece in pieces if piece.text or piece.reason}


# --- the rule --------------------------------------------------------------------------------


def test_small_talk_is_for_the_small_one() -> None:
    assert reason_for_large(asking("Hello, how are you?"), Tiers()) == ""


@pytest.mark.parametrize(
    "request_, reason",
    [
        (asking("word " * 41), "41 words"),
        (asking("Please explain that to me."), "'explain'"),
        (asking("WHY is that?"), "'why'"),
        (asking("Hello", tools=(TOOL,) * 5), "5 tools"),
        (Asking(messages=(Message(role="user", text="yes"),) * 41), "41 messages"),
    ],
    ids=["long words", "a word", "in capitals", "many tools", "a long conversation"],
)
def test_the_large_one_is_asked_at_once(request_: Asking, reason: str) -> None:
    assert reason in reason_for_large(request_, Tiers())


def test_a_word_inside_another_is_not_said() -> None:
    assert reason_for_large(asking("I have no whys and explainers."), Tiers()) == ""


def test_runs_of_words_may_be_asked_for() -> None:
    tiers = Tiers(says=("what's the difference",))
    assert reason_for_large(asking("So what's  the difference, then?"), tiers)
    assert not reason_for_large(asking("What a difference"), tiers)


def test_only_the_callers_last_words_count() -> None:
    messages = (
        Message(role="user", text="Explain it."),
        Message(role="assistant", text="I explain."),
        Message(role="user", text="Thanks."),
    )
    assert reason_for_large(Asking(messages=messages), Tiers()) == ""
    assert reason_for_large(Asking(messages=()), Tiers()) == ""


# --- who answers -----------------------------------------------------------------------------


def test_the_small_one_answers_and_the_large_one_is_not_asked() -> None:
    stage = Stage("I am fine.")
    pieces = stage.answer(asking("How are you?"))
    assert said(pieces) == "I am fine."
    assert by(pieces) == {"small"}
    assert pieces[-1].usage == Usage(prompt_tokens=10, reply_tokens=3)
    assert not stage.large.asked
    assert MARKER in stage.small.asked[0].messages[0].text


def test_the_large_one_answers_where_the_rule_says_so() -> None:
    stage = Stage("I am fine.")
    pieces = stage.answer(asking("Why are there tides?"))
    assert said(pieces) == DEEP
    assert by(pieces) == {"large"}
    assert not stage.small.asked
    assert MARKER not in stage.large.asked[0].messages[0].text


@pytest.mark.parametrize("answer", [MARKER, f"  {MARKER.lower()}", f'"{MARKER}" and more'])
def test_the_small_one_hands_over_and_nothing_of_it_is_heard(answer: str) -> None:
    stage = Stage(answer)
    pieces = stage.answer(asking("Are there tides?"))
    assert said(pieces) == DEEP
    assert by(pieces) == {"large"}
    assert stage.large.asked[0].messages == asking("Are there tides?").messages
    # Both have read ten tokens; the words of each are in it too.
    assert pieces[-1].usage.prompt_tokens == 20
    assert pieces[-1].usage.reply_tokens == len(answer.split(" ")) + len(DEEP.split(" "))
    assert stage.small.open == stage.large.open == 0


def test_handing_over_late_goes_on_where_it_stopped() -> None:
    stage = Stage(f"Let me think. {MARKER}")
    pieces = stage.answer(asking("Are there tides?"))
    assert said(pieces) == f"Let me think. {DEEP}"
    assert stage.large.asked[0].so_far == "Let me think."
    assert by(pieces) == {"small", "large"}


def test_a_model_that_does_not_stop_after_handing_over_is_not_waited_for() -> None:
    stage = Stage(f"{MARKER} " + "word " * 90, token_s=1.0)
    pieces = stage.answer(asking("Are there tides?"))
    assert said(pieces) == DEEP
    assert pieces[-1].usage.prompt_tokens == 10
    assert stage.small.open == 0


def test_a_model_that_fails_after_handing_over_is_forgiven() -> None:
    stage = Stage(f"{MARKER} {'x ' * 9}")
    stage.small.faults.append(Unavailable("gone", provider="small"))
    assert said(stage.answer(asking("Are there tides?"))) == DEEP


def test_what_looks_like_the_marker_is_said() -> None:
    for text in ("#hand it over", "Room #HAND", "It is #1, I think #", "#"):
        assert said(Stage(text).answer(asking("Hello"))) == text


def test_without_handing_over_nothing_is_told_of_it() -> None:
    stage = Stage("Fine.", Tiers(hands_over=False))
    stage.answer(asking("Hello"))
    assert stage.small.asked[0].messages == asking("Hello").messages


def test_without_a_system_prompt_the_marker_is_told_all_the_same() -> None:
    stage = Stage("Fine.")
    stage.answer(Asking(messages=(Message(role="user", text="Hello"),)))
    assert [line.role for line in stage.small.asked[0].messages] == ["system", "user"]


def test_the_result_of_its_tool_goes_to_who_asked_for_it() -> None:
    stage = Stage(MARKER)
    stage.large.says = [Scripted(calls=(CALL,)), DEEP]
    first = asking("Are there tides?", tools=(TOOL,))
    assert stage.answer(first)[-1].calls == (CALL,)
    second = replace(first, used=(ToolUse(call=CALL, result="Yes."),))
    assert by(stage.answer(second)) == {"large"}
    assert len(stage.small.asked) == 1


def test_an_error_is_raised_as_it_is() -> None:
    stage = Stage("I am fine and well.")
    stage.small.faults.append(Unavailable("gone", provider="small"))
    with pytest.raises(Unavailable, match="gone"):
        stage.answer(asking("Hello"))


def test_what_was_lost_on_the_way_is_told() -> None:
    """Either of the two may be several itself."""
    gone = Unavailable("gone", provider="first")

    class Several(ScriptedModel):
        async def answer(self, asking: Asking) -> AsyncIterator[Saying]:
            yield Saying(text="", lost=gone)
            async for piece in super().answer(asking):
                yield piece

    for text in ("Hello", "Why?"):
        stage = Stage("Fine.")
        stage.tiered = Tiered(
            Several(clock=stage.clock, name="small"), Several(clock=stage.clock, name="large")
        )
        assert [piece.lost for piece in stage.answer(asking(text)) if piece.lost] == [gone]


def test_closing_closes_the_model() -> None:
    for text in ("Hello", "Why?"):
        stage = Stage("I am fine and well.")

        async def run(_: VirtualClock, text: str = text, stage: Stage = stage) -> None:
            answer = stage.tiered.answer(asking(text))
            async for piece in answer:
                if piece.text:
                    break
            await answer.aclose()

        _run(stage, run)
        assert stage.small.open == stage.large.open == 0


def test_the_small_one_reads_ahead() -> None:
    stage = Stage("Fine.")

    async def run(_: VirtualClock) -> None:
        await stage.tiered.prime(asking("Hello").messages)
        _ = [piece async for piece in stage.tiered.answer(asking("Hello"))]

    _run(stage, run)
    assert stage.small.primed == [stage.small.asked[0].messages]
    assert not stage.large.primed


def _run(stage: Stage, main: Callable[[VirtualClock], Coroutine[object, object, None]]) -> None:
    stage.clock.run(main)


@given(st.text(alphabet="#HANDOVERhandover x", max_size=40))
def test_however_it_comes_the_marker_is_not_heard(text: str) -> None:
    whole = f"{text}{MARKER}"
    heard = said(Stage(whole, first_token_s=0.0, token_s=0.0).answer(asking("Hello")))
    assert MARKER not in heard.upper()
    assert heard.endswith(DEEP)
