"""Model requests of one call: what is told of them, and what is written down as used."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from antiphon.actions import AskModel, Message
from antiphon.call.thinking import Thinking
from antiphon.errors import ProviderError, Unavailable
from antiphon.events import Event, ModelFailed
from antiphon.net.minds import Minds
from antiphon.net.roster import Roster
from antiphon.ports.llm import Usage
from antiphon.testing.attendance import Attendees
from antiphon.testing.clock import VirtualClock
from antiphon.testing.mind import Scripted, ScriptedModel

ASK = AskModel(request=1, messages=(Message(role="user", text="x" * 400),), max_tokens=50)
WHOLE = "We are open from nine to five, Monday to Friday."


class Stage:
    def __init__(self, clock: VirtualClock, *faults: list[ProviderError]) -> None:
        self.clock = clock
        self.told: list[Event] = []
        self.attendees = Attendees()
        models = [
            ScriptedModel(clock=clock, name=f"mind {n}", says=[WHOLE], faults=deque(each))
            for n, each in enumerate(faults)
        ]
        self.models = models
        self.roster: Roster[ScriptedModel] = Roster(models)
        self.group = asyncio.TaskGroup()
        self.thinking = Thinking(
            model=Minds(self.roster, clock),  # type: ignore[arg-type]
            endpoint=None,
            start=self.group.create_task,
            tell=self.told.append,
            note=lambda name, /, **fields: None,
            attendance=self.attendees,
        )


def on_stage(main: Callable[[Stage], Awaitable[None]], *faults: list[ProviderError]) -> Stage:
    async def run(clock: VirtualClock) -> Stage:
        stage = Stage(clock, *faults)
        async with stage.group:
            await main(stage)
        return stage

    return VirtualClock().run(run)


async def ask(stage: Stage) -> None:
    stage.thinking.ask(ASK)


def test_an_answer_is_counted_once_and_its_model_is_well() -> None:
    stage = on_stage(ask, [], [])
    assert [(name, amounts["reply_tokens"]) for name, amounts in stage.attendees.worked] == [
        ("mind 0", 10)
    ]
    assert stage.attendees.serving == ["mind 0"]
    assert not any(model.open for model in stage.models)


def test_answers_of_a_call_close_the_breaker_of_who_gives_them() -> None:
    async def main(stage: Stage) -> None:
        for _ in range(3):
            stage.roster.failed(stage.models[0], Unavailable("down"), stage.clock.now())
        await stage.clock.sleep_until(6.0)
        stage.thinking.ask(ASK)

    stage = on_stage(main, [], [])
    assert stage.roster.well(stage.clock.now()) == stage.models


def test_half_an_answer_is_paid_for_and_a_refusal_is_not() -> None:
    async def main(stage: Stage) -> None:
        stage.thinking.ask(ASK)
        await stage.clock.sleep(5.0)
        stage.models[0].says = ["No"]
        stage.models[0].faults.append(Unavailable("refused"))
        stage.thinking.ask(ASK)

    stage = on_stage(main, [Unavailable("gone")], [])
    assert [name for name, _ in stage.attendees.worked] == ["mind 0", "mind 1", "mind 1"]
    assert stage.attendees.losses == ["gone", "refused"]


def test_nobody_left_is_told_once() -> None:
    stage = on_stage(ask, [Unavailable("gone")], [Unavailable("gone too")])
    assert stage.attendees.losses == ["gone", "gone too"]
    assert stage.attendees.deserted == ["gone too"]
    assert sum(isinstance(event, ModelFailed) for event in stage.told) == 1


def test_a_question_taken_back_before_the_first_word_was_asked_all_the_same() -> None:
    async def main(stage: Stage) -> None:
        stage.thinking.ask(ASK)
        await stage.clock.sleep(0.05)
        stage.thinking.cancel(1)

    stage = on_stage(main, [], [])
    assert [(name, amounts["prompt_tokens"]) for name, amounts in stage.attendees.worked] == [
        ("mind 0", 100)
    ]
    assert not stage.told


def test_who_does_not_count_is_reckoned_and_that_is_said() -> None:
    async def main(stage: Stage) -> None:
        stage.models[0].says = [Scripted(text=WHOLE, usage=Usage())]
        stage.thinking.ask(ASK)
        await stage.clock.sleep(5.0)
        stage.models[0].says = [Scripted(text=WHOLE, usage=Usage(prompt_tokens=7))]
        stage.thinking.ask(ASK)

    stage = on_stage(main, [], [])
    (_, reckoned), (_, counted) = stage.attendees.worked
    assert (reckoned["prompt_tokens"], reckoned["reply_tokens"]) == (100, round(len(WHOLE) / 4))
    assert reckoned["estimated"]
    assert counted["prompt_tokens"] == 7
    assert "estimated" not in counted
