"""Whole calls, held in pretended time: what the caller hears, and what the agent remembers."""

import numpy as np
import pytest
from tests.call.conftest import RATE_HZ, Exchange, Held, Holding

from antiphon.audio.levels import rms_dbfs
from antiphon.errors import AtCapacity, Rejected, Unavailable
from antiphon.ports.llm import Asking, Saying
from antiphon.testing.voice import Fault
from antiphon.transports.file.settings import LineSettings

GREETING = "Hello, how can I help?"
HOURS = "We open at eight. We close at six."
ASK_HOURS = """
- wait: agent_done
- say: What are your hours?
- wait: agent_done
"""


def level_dbfs(held: Held, from_s: float, until_s: float) -> float:
    """How loud the agent was, as the caller heard it."""
    return rms_dbfs(held.sides.side(1)[round(from_s * RATE_HZ) : round(until_s * RATE_HZ)])


def test_a_question_is_answered(hold: Holding) -> None:
    held = hold(ASK_HOURS)
    assert held.turns == ["What are your hours?"]
    assert held.heard == f"{GREETING} {HOURS}"
    assert [(past.said, past.heard) for past in held.dialog.memory] == [
        ("What are your hours?", HOURS)
    ]
    assert (held.ended.by, held.ended.reason) == ("caller", "the caller hung up")


def test_the_first_clause_of_each_reply_is_noted_once(hold: Holding) -> None:
    notes = hold(ASK_HOURS).notes("clause")
    assert [note["text"] for note in notes] == ["Hello,", "We open at eight."]
    assert len({note["reply"] for note in notes}) == 2


def test_a_breath_does_not_end_the_turn(hold: Holding) -> None:
    held = hold("""
- wait: agent_done
- say: Tell me, please, what is the <breath 0.7> price of a visit?
- wait: agent_done
""")
    assert held.turns == ["Tell me, please, what is the price of a visit?"]
    assert held.heard.startswith(f"{GREETING} One visit costs")


def test_a_listening_noise_lowers_the_voice_and_lets_it_carry_on(hold: Holding) -> None:
    held = hold("""
- wait: agent_done
- say: What is the price?
- say: Mhm.
  role: backchannel
  while: agent_speaking
  after_s: 1.0
- wait: agent_done
""")
    assert len(held.ordered("Duck")) == len(held.ordered("Restore")) == 1
    assert not held.ordered("StopSpeaking")
    assert held.heard.endswith("something nice to read.")
    assert held.dialog.memory[-1].heard.endswith("something nice to read.")
    (ducked,), (restored,) = held.when("Duck"), held.when("Restore")
    full = level_dbfs(held, ducked - 0.5, ducked - 0.1)
    assert level_dbfs(held, ducked + 0.1, restored - 0.05) <= full - 15
    assert level_dbfs(held, restored + 0.4, restored + 1.5) == pytest.approx(full, abs=1.5)


@pytest.mark.parametrize("ducking", ["flush", "remote_gain", "lead"])
def test_an_interruption_stops_the_agent_and_is_answered(hold: Holding, ducking: str) -> None:
    held = hold(
        """
- wait: agent_done
- say: What is the price?
- say: Stop, where can I park?
  role: interruption
  while: agent_speaking
  after_s: 1.2
- wait: agent_done
""",
        line=LineSettings(ducking=ducking),  # type: ignore[arg-type]
    )
    assert held.turns == ["What is the price?", "Stop, where can I park?"]
    (stopped,) = held.told("ReplyStopped")
    assert stopped.heard + stopped.unheard == held.settings.dialog.topics[1].says
    assert held.heard == f"{GREETING} {stopped.heard} Behind the house."
    assert [past.heard for past in held.dialog.memory] == [stopped.heard, "Behind the house."]
    began_s = next(tone.start_s for tone in held.caller if tone.text == "Stop,")
    cut_s = max(
        tone.end_s for tone in held.agent if tone.text != "Behind" and tone.start_s < began_s
    )
    assert cut_s - began_s < 0.8


def test_an_interrupted_model_is_let_go_of(hold: Holding) -> None:
    exchanges: list[Exchange] = []

    def slow(exchange: Exchange) -> None:
        exchange.model.says = ["That is " + "a very " * 60 + "long story."]
        exchange.model.token_s = 0.1
        exchanges.append(exchange)

    held = hold(
        """
- wait: agent_done
- say: Tell me a story.
- say: Stop, where can I park?
  role: interruption
  while: agent_speaking
  after_s: 1.2
- wait: agent_done
""",
        slow,
    )
    model = exchanges[0].model
    assert held.heard.endswith("Behind the house.")
    assert held.ordered("CancelModel")
    assert (model.open, model.finished) == (0, 0)
    assert held.when("ModelSaid")[-1] <= held.when("CancelModel")[-1]


def test_a_silent_caller_is_asked_and_then_left(hold: Holding) -> None:
    held = hold("- wait: agent_done\n- silence: 60", turns={"silence_s": 2.0})
    asked = "Are you still there? Is anybody there? I will hang up now."
    assert held.heard == f"{GREETING} {asked}"
    assert held.ended.by == "agent"
    assert held.when("CallEnded") == held.when("HangUp")
    last = held.agent[-1]
    assert last.text == "now."
    assert 0 <= held.when("HangUp")[0] - last.end_s < 0.2


def test_goodbye_is_heard_before_we_hang_up(hold: Holding) -> None:
    held = hold("- wait: agent_done\n- say: Goodbye.\n- silence: 20")
    assert held.heard.endswith("Thank you. Goodbye.")
    assert all(tone.share > 0.95 for tone in held.agent)
    assert (held.ended.by, held.ended.reason) == ("agent", "said goodbye")


def test_a_caller_who_hangs_up_in_the_middle_of_a_word_ends_the_call(hold: Holding) -> None:
    held = hold("- silence: 0.5")
    assert held.agent[-1].share < 1
    assert held.ended.by == "caller"
    assert held.told("CallEnded") == [held.ended]
    assert held.log.closed


# --- preparing answers ------------------------------------------------------------------------


def test_a_right_guess_is_ready_when_the_turn_ends(hold: Holding) -> None:
    held = hold(ASK_HOURS)
    (turn_over,) = held.when("Answer")
    assert held.when("Speculate")[0] < held.when("ReplyReady")[1] < turn_over
    assert held.when("ReplyStarted")[1] == turn_over
    assert not held.ordered("DiscardReply")


@pytest.mark.parametrize("breath_s", [0.2, 0.28])
def test_a_wrong_guess_leaves_no_trace(hold: Holding, breath_s: float) -> None:
    exchanges: list[Exchange] = []
    held = hold(
        f"""
- wait: agent_done
- say: I wonder if you know it. <breath {breath_s}> And what is the price?
- wait: agent_done
""",
        exchanges.append,
    )
    # After the longer breath the turn was over already, and was taken back.
    assert bool(held.ordered("Withdraw")) == (breath_s > 0.25)
    assert held.ordered("Speculate")[0].text == "I wonder if you know it."
    assert held.turns[-1] == "I wonder if you know it. And what is the price?"
    assert held.ordered("DiscardReply", "CancelModel")
    assert len(exchanges[0].model.asked) == 1
    assert exchanges[0].model.open == 0
    assert held.heard.startswith(f"{GREETING} One visit costs sixty dollars")
    assert len(held.dialog.memory) == 1


# --- the language model -----------------------------------------------------------------------


SMALL_TALK = """
- wait: agent_done
- say: Nice weather today.
- wait: agent_done
  quiet_s: 1.5
- say: What are your hours?
- wait: agent_done
"""


def test_a_late_model_is_bridged_once(hold: Holding) -> None:
    def late(exchange: Exchange) -> None:
        exchange.model.first_token_s = 4.0

    script = "- wait: agent_done\n- say: Nice weather today.\n- wait: agent_done\n  quiet_s: 3"
    held = hold(script, late)
    assert held.heard == f"{GREETING} One moment, please. I see what you mean."
    assert [past.heard for past in held.dialog.memory][-1].endswith("I see what you mean.")


class Vague:
    """A model whose answers end without a word about why."""

    name = "vague"

    async def answer(self, asking: Asking):  # type: ignore[no-untyped-def]
        yield Saying(text="Well, ")

    async def prime(self, messages: object) -> None:
        raise Rejected("cannot read ahead", provider=self.name)


@pytest.mark.parametrize("how", ["before the first word", "half-way", "absent", "unfinished"])
def test_a_model_that_fails_is_apologised_for(hold: Holding, how: str) -> None:
    def fail(exchange: Exchange) -> None:
        exchange.model.faults.append(Unavailable("gone"))
        exchange.model.says = ["Lovely."] if how == "before the first word" else ["I see it too."]
        if how == "absent":
            exchange.model = None
        elif how == "unfinished":
            exchange.model = Vague()

    held = hold(SMALL_TALK, fail)
    assert held.heard.startswith(GREETING)
    assert held.heard.endswith(f"say that again? {HOURS}")
    assert held.turns == ["Nice weather today.", "What are your hours?"]
    assert len(held.told("ModelFailed")) == 1
    assert bool(held.notes("prime_failed")) == (how == "unfinished")


# --- the voice and the end-of-turn model ------------------------------------------------------


def test_a_voice_that_fails_loses_one_reply_and_not_the_call(hold: Holding) -> None:
    def fail(exchange: Exchange) -> None:
        fault = Fault(after_s=0.4)
        exchange.voice.faults.extend([None, fault, fault])

    held = hold(ASK_HOURS + "- say: Where can I park?\n- wait: agent_done", fail)
    (failed,) = held.told("ReplyFailed")
    assert failed.heard
    assert held.heard == f"{GREETING} {failed.heard} Oh dear. Behind the house."
    assert held.dialog.memory[-2].heard == failed.heard


@pytest.mark.parametrize("how", ["absent", "failing"])
def test_turns_end_without_an_end_of_turn_model(hold: Holding, how: str) -> None:
    def fail(exchange: Exchange) -> None:
        exchange.endpoint.faults.extend(AtCapacity("busy") for _ in range(20))
        if how == "absent":
            exchange.endpoint = None

    held = hold(ASK_HOURS, fail)
    assert held.heard == f"{GREETING} {HOURS}"
    assert bool(held.notes("endpoint_lost")) == (how == "failing")


def test_a_question_about_the_pause_is_not_asked_twice_at_once(hold: Holding) -> None:
    def slow(exchange: Exchange) -> None:
        exchange.endpoint.delay_s = 0.5

    held = hold(ASK_HOURS, slow)
    assert len(held.ordered("ScoreEndpoint")) > 1
    assert len(held.told("TurnScored")) == 1
    assert held.heard.endswith(HOURS)


# --- what the caller presses --------------------------------------------------------------------


def test_a_key_stops_the_agent(hold: Holding) -> None:
    async def main(exchange: Exchange) -> Held:
        def press(call: object) -> None:
            exchange.later(1.0, call.pressed, "1")  # type: ignore[attr-defined]

        return await exchange.call("steps:\n  - silence: 3", begun=press)

    held = hold.exchange(main)
    assert [event.digit for event in held.told("DigitPressed")] == ["1"]
    assert np.abs(held.sides.side(1)[round(1.4 * RATE_HZ) :]).max() == 0
