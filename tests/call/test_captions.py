"""What a caller with a screen is shown while they speak."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.call.conftest import DIALOG, Exchange, Held, Holding

from antiphon.call.captions import Captions
from antiphon.call.conversation import Conversation
from antiphon.config.agent import AgentSettings
from antiphon.events import (
    AudioAdvanced,
    CallStarted,
    Event,
    ReplyReady,
    ReplyStarted,
    SpeechStarted,
)
from antiphon.wiring.agent import conversation


class Screen:
    """A transport of which only the screen matters."""

    def __init__(self) -> None:
        self.shown: list[Mapping[str, Any]] = []

    def tell(self, notice: Mapping[str, object]) -> None:
        self.shown.append(notice)

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        return [notice for notice in self.shown if notice["type"] == kind]


def shown(hold: Holding, script: str, prepare: Any = lambda _: None) -> tuple[Screen, Held]:
    screen = Screen()

    async def main(exchange: Exchange) -> Held:
        prepare(exchange)
        talk = conversation(exchange.settings)
        return await exchange.call(
            f"steps:\n{script}",
            talk=talk,
            watchers=(Captions(talk, screen),),  # type: ignore[arg-type]
        )

    return screen, hold.exchange(main)


ASK = """
  - wait: agent_done
  - say: What are your hours?
  - wait: agent_done
"""


def test_states_follow_who_has_the_floor(hold: Holding) -> None:
    screen, _ = shown(hold, ASK)
    states = [notice["state"] for notice in screen.of("state")]
    floor = ["listening", "speaking", "listening", "hearing", "thinking", "speaking", "listening"]
    assert states == floor


def test_captions_grow_and_become_final(hold: Holding) -> None:
    screen, held = shown(hold, ASK)
    captions = screen.of("transcript")
    assert captions[-1] == {
        "type": "transcript",
        "segment": 0,
        "text": "What are your hours?",
        "final": True,
    }
    assert len(captions) == len(held.told("TranscriptChanged")) > 1
    assert not captions[0]["final"]


def test_an_interruption_says_what_was_heard(hold: Holding) -> None:
    screen, held = shown(
        hold,
        """
  - wait: agent_done
  - say: What is the price?
  - say: Stop, where can I park?
    role: interruption
    while: agent_speaking
    after_s: 1.2
  - wait: agent_done
""",
    )
    (stopped,) = held.told("ReplyStopped")
    (notice,) = screen.of("stopped")
    assert notice == {"type": "stopped", "reply": stopped.reply, "heard": stopped.heard}
    shown_text = [n["text"] for n in screen.of("speech") if n["reply"] == stopped.reply]
    assert " ".join(shown_text) == stopped.heard + stopped.unheard
    assert "ducked" in [notice["state"] for notice in screen.of("state")]


def test_what_the_agent_says_is_shown_as_it_becomes_audible(hold: Holding) -> None:
    def slow(exchange: Exchange) -> None:
        exchange.model.says = ["Well, I see what you mean. And so do"]
        exchange.model.token_s = 0.1

    screen, held = shown(
        hold,
        """
  - wait: agent_done
  - say: Nice weather. <breath 0.2> Is it not?
  - wait: agent_done
""",
        slow,
    )
    texts: dict[int, list[str]] = {}
    for notice in screen.of("speech"):
        texts.setdefault(notice["reply"], []).append(notice["text"])
    greeting, answer = texts.values()
    assert greeting == ["Hello,", "how can I help?"]
    # The wrong guess was never shown, and the right one part by part.
    assert len(held.ordered("Speculate")) == 2
    assert answer == ["Well,", "I see what you mean.", "And so do"]
    assert " ".join(greeting + answer) == held.heard


def test_every_word_is_marked_with_the_sample_by_which_it_is_heard(hold: Holding) -> None:
    screen, _ = shown(hold, ASK)
    samples: list[int] = []
    for notice in screen.of("speech"):
        words = [notice["text"][:at] for at, _ in notice["marks"]]
        assert words[-1] == notice["text"]
        assert all(part.split() for part in words)
        samples += [sample for _, sample in notice["marks"]]
    assert samples == sorted(samples)
    assert samples[-1] > samples[0] > 0


def test_latency_is_what_the_caller_waited(hold: Holding) -> None:
    screen, held = shown(hold, ASK)
    (latency,) = screen.of("latency")
    answer = held.ordered("Answer")[0]
    waited_ms = 1000 * (held.when("ReplyStarted")[1] - answer.end_s)
    assert latency["turn"] == 1
    assert latency["total_ms"] == pytest.approx(waited_ms, abs=5)
    assert sum(latency["parts_ms"].values()) == pytest.approx(latency["total_ms"], abs=0.2)
    assert latency["parts_ms"]["preparing"] == latency["parts_ms"]["starting"] == 0


def test_a_filler_does_not_stop_the_clock(hold: Holding) -> None:
    def late(exchange: Exchange) -> None:
        exchange.model.first_token_s = 4.0

    screen, held = shown(
        hold,
        "  - wait: agent_done\n  - say: Nice weather.\n  - wait: agent_done\n    quiet_s: 3",
        late,
    )
    (latency,) = screen.of("latency")
    assert latency["total_ms"] > 4000
    assert latency["parts_ms"]["preparing"] > 3000
    assert "One moment, please." in held.heard


def test_an_answer_that_was_taken_back_has_no_latency(hold: Holding) -> None:
    screen, held = shown(
        hold,
        """
  - wait: agent_done
  - say: I wonder if you know it. <breath 0.28> And what is the price?
  - wait: agent_done
""",
    )
    assert held.ordered("Withdraw")
    assert len(screen.of("latency")) == 1
    assert screen.of("latency")[0]["total_ms"] < 1000


# --- by hand --------------------------------------------------------------------------------


def captions() -> tuple[Captions, Conversation, Screen]:
    settings = AgentSettings.model_validate({"name": "Test", "dialog": DIALOG})
    talk, screen = conversation(settings), Screen()
    return Captions(talk, screen), talk, screen  # type: ignore[arg-type]


def test_a_state_is_shown_once() -> None:
    watcher, talk, screen = captions()
    for at in (0.0, 0.1):
        event: Event = CallStarted(channel="x") if at == 0.0 else AudioAdvanced(until_s=at)
        talk.receive(event, at)
        watcher.event(event, at)
        watcher.actions([], at)
    assert screen.shown == [{"type": "state", "state": "listening"}]


def test_a_reply_that_answers_nothing_has_no_latency() -> None:
    watcher, talk, screen = captions()
    talk.receive(CallStarted(channel="x"), 0.0)
    for event in (ReplyReady(reply=1), ReplyStarted(reply=1), SpeechStarted(at_s=1.0)):
        talk.receive(event, 1.0)
        watcher.event(event, 1.0)
    assert not screen.of("latency")
    assert [notice["state"] for notice in screen.of("state")][-1] == "ducked"
