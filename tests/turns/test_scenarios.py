"""Scenarios any turn-taking engine is judged by, and what a caller should feel in each.

Where Antiphon does better than to wait out a timer, or to cut off whoever says "mhm", the test
says so. `S` and `E` are the edges of voice, `T` a final transcript.
"""

import pytest

from antiphon import actions as order
from antiphon.events import (
    AudioAdvanced,
    CallEnded,
    DigitPressed,
    EndpointHinted,
    Expectation,
    ExpectationSet,
    ReplyFailed,
    ReplyFinished,
    ReplyOffered,
    ReplyReady,
    ReplyStarted,
    ReplyStopped,
    SpeechStarted,
    SpeechStopped,
    TranscriptChanged,
    TurnScored,
)
from antiphon.testing.stage import Stage, said
from antiphon.turns.settings import TurnSettings
from antiphon.turns.table import State


def answers(stage: Stage) -> list[str]:
    return [action.text for action in stage.all(order.Answer) if isinstance(action, order.Answer)]


def kinds(stage: Stage, *wanted: type) -> list[type]:
    return [type(action) for action in stage.all(*wanted)]


# --- when a turn ends ----------------------------------------


def test_two_finals_without_a_voice_are_one_turn_after_the_last(stage: Stage) -> None:
    """T1 T2, no voice detected: an answer to T1 is taken back before anything of it is heard, and
    the pause is counted from the last word."""
    stage.tell(said("okay", 1.0, 1.4), 1.6)
    stage.tell(said("okay then I will", 1.0, 2.2), 2.4)
    stage.pass_until(6)
    assert answers(stage) == ["okay", "okay then I will"]
    assert kinds(stage, order.Answer, order.Withdraw) == [
        order.Answer,
        order.Withdraw,
        order.Answer,
    ]
    assert stage.when(order.Answer)[-1] >= 2.2 + stage.settings.floor_s


def test_a_slow_recogniser_delays_only_turns_it_still_owes_words(stage: Stage) -> None:
    """Not a fixed allowance for the slowest recogniser: a final ends the wait when it comes."""
    prompt, slow = Stage(), Stage()
    prompt.caller_says("Tell me the price.", 1, 2, final_after_s=0.1)
    slow.caller_says("Tell me the price.", 1, 2, final_after_s=0.9)
    prompt.pass_until(8)
    slow.pass_until(8)
    assert prompt.when(order.Answer)[0] - 2 < 0.5
    assert slow.when(order.Answer)[0] - 2 == pytest.approx(0.9, abs=0.1)


def test_a_score_while_the_final_is_owed_ends_the_turn_when_the_final_comes(stage: Stage) -> None:
    """The model's verdict arrives first; nothing waits for a second one."""
    stage.voice(1, 2)
    stage.tell(TurnScored(until_s=2.12, score=0.99), 2.2)
    assert not answers(stage)
    stage.tell(said("Tell me the price.", 1, 2), 2.8)
    assert answers(stage) == ["Tell me the price."]


def test_an_unfinished_verdict_is_weighed_again_as_the_pause_grows(stage: Stage) -> None:
    """Others take one look and then wait three seconds."""
    stage.caller_says("I would like to book it", 1, 2, score=0.1)
    stage.pass_until(6)
    assert len(stage.all(order.ScoreEndpoint)) > 1
    assert stage.when(order.Answer)[0] - 2 < 1.5


def test_while_the_voice_goes_on_no_timer_ends_the_turn(stage: Stage) -> None:
    stage.tell(SpeechStarted(at_s=1), 1.1)
    stage.tell(said("so I was thinking.", 1, 3, final=False), 3)
    stage.pass_until(60)
    assert stage.state is State.HEARING


def test_hesitation_then_the_answer_is_one_turn(stage: Stage) -> None:
    """ "Let me think about it, um ..." and after the pause the answer: one turn, one reply. The
    reply to the hesitation is never heard, since the caller goes on before it is audible."""
    stage.caller_says("Let me think about it, um", 1, 2.5, score=0.02)
    stage.voice(3.9, 4.6)
    stage.tell(said("the red one.", 3.9, 4.6, segment=1), 4.85)
    stage.tell(TurnScored(until_s=4.72, score=0.95), 4.86)
    stage.pass_until(9)
    assert answers(stage)[-1] == "Let me think about it, um the red one."
    assert len({action.turn for action in stage.all(order.Answer)}) == 1  # type: ignore[attr-defined]


def test_a_word_the_detector_misses_after_a_turn_is_answered_soon(stage: Stage) -> None:
    """ "Okay." without any voice after an answered turn: a second turn, within two seconds."""
    stage.caller_says("What does it cost?", 1, 2)
    stage.agent_starts(1, 2.6)
    stage.agent_ends(1, 4)
    stage.tell(said("Okay.", 5, 5.3, segment=1), 5.6)
    stage.pass_until(9)
    assert answers(stage) == ["What does it cost?", "Okay."]
    assert stage.when(order.Answer)[-1] < 7


def test_the_first_words_of_a_call_are_not_taken_for_final_early(stage: Stage) -> None:
    """In the first moments of a call a partial must not pass for all that was said."""
    stage.tell(said("I", 0.0, 0.1, final=False), 0.12)
    stage.tell(EndpointHinted(kind="ended", at_s=0.1), 0.25)
    assert not answers(stage)


def test_words_placed_past_the_voice_are_counted_once(stage: Stage) -> None:
    """Recognisers place the last word later than our detector hears the voice end."""
    stage.voice(1, 2)
    stage.tell(said("tell me the price.", 1, 2.25), 2.3)
    stage.tell(TurnScored(until_s=2.12, score=0.95), 2.31)
    stage.pass_until(3)
    stage.agent_starts(1, 3)
    stage.agent_ends(1, 4)
    stage.caller_says("And for two?", 5, 6, segment=1)
    stage.pass_until(8)
    assert answers(stage) == ["tell me the price.", "And for two?"]


def test_words_that_are_not_final_yet_are_waited_for(stage: Stage) -> None:
    """The final covers the voice; a newer guess holds one word more."""
    stage.voice(1, 2)
    stage.tell(said("tell me the", 1, 2), 2.15)
    stage.tell(said("tell me the price", 1, 2.28, final=False), 2.2)
    stage.tell(TurnScored(until_s=2.12, score=0.99), 2.2)
    stage.pass_until(3.5)
    assert not answers(stage)
    stage.tell(said("tell me the prices", 1, 2.28), 3.5)
    assert answers(stage) == ["tell me the prices"]


def test_a_noise_that_was_heard_out_is_dealt_with(stage: Stage) -> None:
    """The recogniser need not read it again with what is said next."""
    stage.caller_says("", 1, 1.5)
    stage.pass_until(3)
    assert stage.all(order.Settle) == [order.Settle(until_s=1.5)]


def test_words_read_into_a_noise_when_it_was_given_up_are_a_turn(stage: Stage) -> None:
    stage.voice(1, 2)
    stage.pass_until(6.5)
    assert stage.state is State.IDLE
    stage.tell(said("are you open?", 1, 2), 6.5)
    stage.pass_until(8)
    assert answers(stage) == ["are you open?"]


def test_a_new_question_while_the_turn_is_open_changes_the_patience(stage: Stage) -> None:
    """The dialog may start to expect digits in the middle of a pause."""
    stage.voice(1, 2)
    stage.tell(said("one two", 1, 2), 2.1)
    expecting = ExpectationSet(expectation=Expectation(kind="digits", count=4))
    stage.tell(expecting, 2.15)
    stage.pass_until(3.5)
    assert not answers(stage)
    stage.tell(ExpectationSet(expectation=Expectation()), 3.6)
    assert answers(stage) == ["one two"]


def test_missing_audio_noticed_late_still_ends_the_turn_at_the_ceiling(stage: Stage) -> None:
    """The ceiling counts audio whether it arrived or not, from whenever that was noticed."""
    stage.caller_says("That is all, thank you.", 1, 2, score=None, final_after_s=0.12)
    stage.tell(AudioAdvanced(until_s=2.2, missing_s=0.15), 2.2)
    stage.audio = lambda now: AudioAdvanced(until_s=now, missing_s=now - 2.05)
    stage.pass_until(8)
    assert stage.when(order.Answer) == [pytest.approx(2 + stage.settings.ceiling_s, abs=0.01)]


# --- barge-in ----------------------------------------


@pytest.mark.parametrize(
    "text, stops",
    [("Hello there, hello!", True), ("Hello", False), ("mhm", False), ("stop", True)],
)
def test_words_decide_and_not_their_number(stage: Stage, text: str, stops: bool) -> None:
    """Others count words, and one word too few never interrupts: "stop" must. One short word that
    asks for nothing need not."""
    stage.agent_starts(1, 1)
    stage.caller_says(text, 2, 2.45)
    stage.pass_until(4)
    assert bool(stage.all(order.StopSpeaking)) is stops


def test_while_the_agent_is_silent_one_word_is_a_turn(stage: Stage) -> None:
    stage.caller_says("Hello", 1, 1.4)
    stage.pass_until(4)
    assert answers(stage) == ["Hello"]


def test_interruption_after_interruption_each_gets_its_answer(stage: Stage) -> None:
    for number in range(4):
        start = 1 + 5.0 * number
        stage.caller_says(f"wait number {number}.", start, start + 1, segment=number)
        stage.pass_until(start + 2)
        stage.agent_starts(number, start + 2.2)
    stops = len(stage.all(order.StopSpeaking))
    assert answers(stage) == [f"wait number {number}." for number in range(4)]
    assert stops == 3


def test_an_interruption_keeps_its_first_words_when_its_stop_is_confirmed_late(
    stage: Stage,
) -> None:
    stage.agent_starts(1, 1)
    stage.tell(SpeechStarted(at_s=2), 2.1)
    stage.tell(said("stop right", 2, 2.3, final=False), 2.35)
    stage.tell(SpeechStopped(at_s=2.6), 2.7)
    stage.tell(said("stop right there.", 2, 2.6), 2.8)
    stage.tell(TurnScored(until_s=2.72, score=0.95), 2.85)
    stage.pass_until(4)
    stage.tell(ReplyStopped(reply=1, heard="We", unheard="are"), 4)
    assert answers(stage) == ["stop right there."]
    assert stage.state is State.THINKING


def test_one_reading_told_once_is_one_reading(stage: Stage) -> None:
    """Words our detector has not noticed yet are one guess, not two that agree."""
    stage.agent_starts(1, 1)
    stage.tell(said("my sister", 2, 2.3, final=False), 2.4)
    stage.tell(SpeechStarted(at_s=2.0), 2.41)
    stage.pass_until(2.45)
    assert not stage.all(order.StopSpeaking)


def test_a_listening_noise_over_a_filler_is_no_part_of_the_question(stage: Stage) -> None:
    """The question stays whole, and what follows it is added to it, without the "okay"."""
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(4.3)
    stage.agent_starts(9, 4.3, "filler")
    stage.caller_says("okay", 4.5, 4.8, segment=1)
    stage.pass_until(5.5)
    stage.agent_ends(9, 5.6)
    stage.caller_says("For two people, please.", 6, 7, segment=2)
    stage.pass_until(9)
    assert answers(stage)[-1] == "What does it cost? For two people, please."
    assert stage.all(order.NoteBackchannel) == [order.NoteBackchannel(text="okay")]


def test_reading_the_question_again_does_not_cut_off_the_filler(stage: Stage) -> None:
    """A recogniser repeats itself: nobody has said anything new."""
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(4.3)
    stage.agent_starts(9, 4.3, "filler")
    stage.tell(said("What does it cost?", 1, 2), 4.5)
    assert stage.state is State.SPEAKING
    stage.tell(said("What does it cast?", 1, 2), 4.6)
    assert not stage.all(order.Duck, order.StopSpeaking)
    assert answers(stage) == ["What does it cost?", "What does it cast?"]


def test_what_is_read_into_an_overlap_too_late_still_interrupts(stage: Stage) -> None:
    """The voice is restored before the recogniser has said anything; then it says "stop"."""
    stage.agent_starts(1, 1)
    stage.voice(2, 2.4)
    stage.pass_until(3.2)
    assert kinds(stage, order.Duck, order.Restore) == [order.Duck, order.Restore]
    stage.tell(said("stop please", 2, 2.4), 3.3)
    assert stage.all(order.StopSpeaking)
    stage.pass_until(7)
    assert answers(stage) == ["stop please"]


def test_a_guess_about_a_listening_noise_is_not_noted_before_it_is_final(stage: Stage) -> None:
    stage.agent_starts(1, 1)
    stage.voice(2, 2.3)
    stage.tell(said("mhm", 2, 2.3, final=False), 2.4)
    stage.pass_until(3.2)
    assert stage.all(order.Restore)
    assert not stage.all(order.NoteBackchannel)
    stage.tell(said("mhm okay", 2, 2.3), 3.3)
    stage.pass_until(4)
    assert stage.all(order.NoteBackchannel) == [order.NoteBackchannel(text="mhm okay")]
    assert stage.state is State.SPEAKING


def test_a_reply_that_bursts_into_a_turn_is_silenced_not_the_caller(stage: Stage) -> None:
    """The result of a tool becomes audible while the caller is in mid-sentence."""
    stage.voice(1, 2)
    stage.tell(said("I would like to", 1, 2), 2.1)
    stage.agent_starts(5, 2.2)
    assert stage.all(order.StopSpeaking)
    stage.voice(2.6, 3.4)
    stage.tell(said("book a table.", 2.6, 3.4, segment=1), 3.6)
    stage.pass_until(7)
    assert answers(stage) == ["I would like to book a table."]


def test_even_two_words_are_not_spoken_over(stage: Stage) -> None:
    """Over the agent so short a remark would be let pass; before it, it is a turn."""
    stage.caller_says("tuesday morning", 1, 1.2, score=None, final_after_s=0.1)
    stage.agent_starts(5, 1.35)
    stage.pass_until(4)
    assert stage.all(order.StopSpeaking)
    assert answers(stage) == ["tuesday morning"]


def test_a_prepared_answer_is_not_given_away_by_another_reply(stage: Stage) -> None:
    """The greeting is slow; the caller asks over its silence. The question is answered."""
    stage.tell(ReplyOffered(reply=1), 0.1)
    stage.caller_says("Are you open?", 0.3, 1.2, score=None, final_after_s=0.1)
    stage.pass_until(1.38)
    assert stage.all(order.Speculate)
    stage.tell(ReplyStarted(reply=1), 1.39)
    stage.pass_until(5)
    assert answers(stage) == ["Are you open?"]


def test_what_was_said_over_a_notice_while_an_answer_is_pending_comes_first(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(2.5)
    stage.tell(ReplyOffered(reply=1, kind="notice"))
    stage.tell(ReplyOffered(reply=2))
    stage.tell(ReplyStarted(reply=1), 2.6)
    stage.caller_says("never mind that.", 3, 4, segment=1)
    stage.agent_ends(1, 5)
    stage.pass_until(8)
    assert answers(stage)[-1].endswith("never mind that.")


# --- a prompt, a key, a goodbye at the wrong moment ----------------------------------------


def test_a_prompt_is_dropped_when_the_caller_speaks_before_it_is_audible(stage: Stage) -> None:
    stage.pass_until(7.5)
    assert stage.all(order.NoticeSilence)
    stage.tell(ReplyOffered(reply=1, kind="prompt"), 7.5)
    stage.tell(SpeechStarted(at_s=7.45), 7.55)
    assert stage.all(order.StopSpeaking)
    stage.tell(ReplyStarted(reply=1), 7.56)
    assert stage.state is State.HEARING


def test_a_greeting_is_not_dropped_for_a_cough(stage: Stage) -> None:
    stage.tell(ReplyOffered(reply=1), 0.1)
    stage.tell(SpeechStarted(at_s=0.1), 0.2)
    assert not stage.all(order.StopSpeaking)
    stage.tell(ReplyStarted(reply=1), 0.25)
    stage.tell(SpeechStopped(at_s=0.3), 0.4)
    stage.tell(said("", 0.1, 0.3), 0.5)
    stage.pass_until(2)
    assert stage.state is State.SPEAKING


def test_a_caller_who_presses_keys_is_not_silent(stage: Stage) -> None:
    for at in (3.0, 6.0, 9.0, 12.0):
        stage.tell(DigitPressed(digit="5"), at)
    stage.pass_until(18.9)
    assert not stage.all(order.NoticeSilence)
    stage.pass_until(19.1)
    assert stage.all(order.NoticeSilence) == [order.NoticeSilence(count=1, last=False)]


def test_a_key_over_a_filler_skips_the_filler_and_not_the_answer(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(4.3)
    stage.agent_starts(9, 4.3, "filler")
    stage.tell(DigitPressed(digit="#"), 4.5)
    stage.pass_until(5)
    assert stage.all(order.StopSpeaking) == [order.StopSpeaking(why="key #")]
    assert answers(stage) == ["What does it cost?"] * 2
    assert stage.state is State.THINKING


def test_a_goodbye_cut_short_by_noise_is_said_again(stage: Stage) -> None:
    """Otherwise the agent would be mute for good."""
    stage.pass_until(21.5)
    stage.agent_starts(1, 21.5, "prompt")
    stage.tell(SpeechStarted(at_s=22), 22.1)
    stage.pass_until(23)
    stage.tell(ReplyStopped(reply=1, heard="Good", unheard="bye"), 23)
    stage.tell(SpeechStopped(at_s=24), 24.1)
    stage.tell(said("", 22, 24), 24.3)
    stage.pass_until(40)
    last = [a for a in stage.all(order.NoticeSilence) if isinstance(a, order.NoticeSilence)][-1]
    assert last == order.NoticeSilence(count=4, last=True)


def test_a_turn_after_the_last_allowed_one_is_answered_and_told_again() -> None:
    stage = Stage(TurnSettings(max_turns=1))
    stage.caller_says("One thing.", 1, 2)
    stage.agent_starts(1, 3)
    stage.agent_ends(1, 4)
    stage.agent_starts(2, 4.2)
    stage.caller_says("wait, another thing!", 4.5, 5.5, segment=1)
    stage.agent_starts(3, 7)
    stage.agent_ends(3, 8)
    assert answers(stage) == ["One thing.", "wait, another thing!"]
    assert stage.all(order.CallTime) == [order.CallTime(limit="turns")] * 2


def test_coughs_are_no_turns_that_could_use_up_the_call() -> None:
    stage = Stage(TurnSettings(max_turns=2))
    for number in range(5):
        stage.caller_says("", 1 + 2 * number, 1.3 + 2 * number, segment=number)
    stage.pass_until(12)
    assert not stage.all(order.CallTime)


# --- replies that come late, fail or never come ----------------------------------------


def test_no_filler_is_asked_for_when_the_answer_is_ready(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(2.6)
    stage.tell(ReplyOffered(reply=1), 3)
    stage.tell(ReplyReady(reply=1), 4)
    stage.pass_until(10)
    assert not stage.all(order.FillSilence)


def test_a_filler_nobody_heard_is_dropped_when_the_answer_is_ready(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(4.3)
    stage.tell(ReplyOffered(reply=9, kind="filler"), 4.3)
    stage.tell(ReplyOffered(reply=1), 4.4)
    stage.tell(ReplyReady(reply=9), 4.45)
    stage.tell(ReplyReady(reply=1), 4.5)
    assert stage.all(order.DiscardReply) == [order.DiscardReply(reply=9)]
    stage.tell(ReplyStarted(reply=1), 4.55)
    assert stage.state is State.SPEAKING


def test_a_filler_that_is_audible_is_finished(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(4.3)
    stage.agent_starts(9, 4.3, "filler")
    stage.tell(ReplyOffered(reply=1), 4.4)
    stage.tell(ReplyReady(reply=1), 4.5)
    assert not stage.all(order.DiscardReply)
    stage.agent_ends(9, 5)
    assert stage.state is State.THINKING


@pytest.mark.parametrize(
    "end", [ReplyFailed(reply=1, heard="", reason="no voice"), ReplyFinished(reply=1, heard="")]
)
def test_an_answer_that_comes_to_nothing_is_given_up_at_once(
    stage: Stage, end: ReplyFailed | ReplyFinished
) -> None:
    """The caller does not wait 20 s for a reply that is known never to be heard."""
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(2.6)
    stage.tell(ReplyOffered(reply=1), 2.7)
    stage.tell(end, 2.9)
    assert stage.all(order.GiveUp) == [order.GiveUp(turn=1)]
    assert stage.state is State.IDLE


def test_a_failed_part_of_an_answer_leaves_the_rest_to_come(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(2.6)
    stage.tell(ReplyOffered(reply=1), 2.7)
    stage.tell(ReplyOffered(reply=2), 2.7)
    stage.tell(ReplyFailed(reply=1, heard="", reason="no voice"), 2.9)
    assert stage.state is State.THINKING
    stage.tell(ReplyStarted(reply=2), 3)
    stage.tell(ReplyFailed(reply=2, heard="It", reason="died"), 3.5)
    assert stage.state is State.IDLE


def test_a_failed_filler_gives_nothing_up(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(4.3)
    stage.tell(ReplyOffered(reply=9, kind="filler"), 4.3)
    stage.tell(ReplyFailed(reply=9, heard="", reason="no voice"), 4.4)
    assert stage.state is State.THINKING


def test_a_greeting_that_fails_while_an_answer_is_awaited_gives_nothing_up(stage: Stage) -> None:
    stage.tell(ReplyOffered(reply=1), 0.1)
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(2.6)
    stage.tell(ReplyFailed(reply=1, heard="", reason="no voice"), 2.7)
    assert stage.state is State.THINKING


def test_the_rest_of_a_queue_that_fails_is_given_up_at_once_and_quietly(stage: Stage) -> None:
    stage.agent_starts(1, 1)
    stage.tell(ReplyOffered(reply=2))
    stage.agent_ends(1, 2)
    assert stage.state is State.THINKING
    stage.tell(ReplyFailed(reply=2, heard="", reason="no voice"), 2.1)
    assert stage.state is State.IDLE
    assert not stage.all(order.GiveUp)


def test_a_reply_that_starts_after_it_was_given_up_is_not_taken_for_audible(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.tell(ReplyOffered(reply=1), 3)
    stage.pass_until(30)
    assert stage.all(order.StopSpeaking)
    stage.tell(ReplyStarted(reply=1), 30)
    assert stage.state is State.IDLE


def test_a_late_reading_of_a_turn_that_was_given_up_is_told(stage: Stage) -> None:
    stage.caller_says("What does it cast?", 1, 2)
    stage.pass_until(30)
    stage.tell(said("What does it cost?", 1, 2), 31)
    assert stage.all(order.Amend) == [order.Amend(turn=1, text="What does it cost?")]


def test_what_was_read_too_late_to_start_over_again_is_told_when_audible(stage: Stage) -> None:
    """The answer is started over once; a third reading is not ignored."""
    stage.caller_says("What does it cast?", 1, 2)
    stage.pass_until(2.5)
    stage.tell(said("What does it cost?", 1, 2), 2.6)
    stage.tell(said("What did it cost?", 1, 2), 2.7)
    stage.agent_starts(1, 3)
    assert answers(stage) == ["What does it cast?", "What does it cost?"]
    assert stage.all(order.Amend) == [order.Amend(turn=1, text="What did it cost?")]


def test_a_word_missing_at_the_end_of_a_turn_is_an_amendment_and_no_interruption(
    stage: Stage,
) -> None:
    stage.caller_says("What does it", 1, 1.9, score=0.99)
    stage.pass_until(3)
    stage.agent_starts(1, 3)
    stage.tell(said("What does it cost", 1, 2.1), 3.2)
    assert stage.all(order.Amend) == [order.Amend(turn=1, text="What does it cost")]
    assert stage.state is State.SPEAKING
    stage.agent_ends(1, 4)
    stage.pass_until(6)
    assert len(answers(stage)) == 1


# --- somebody who never stops ----------------------------------------


def test_after_a_monologue_the_line_is_not_deaf() -> None:
    """The caller talks through the answer to the first part; the rest is a turn of its own."""
    stage = Stage(TurnSettings(max_turn_s=10))
    stage.tell(SpeechStarted(at_s=1), 1.1)
    stage.tell(said("and another thing", 1, 10, final=False), 10)
    stage.pass_until(11.2)
    assert answers(stage) == ["and another thing"]
    stage.agent_starts(1, 11.5)
    stage.tell(said("and another thing I say", 1, 12.4), 12.5)
    stage.agent_ends(1, 13)
    assert stage.state is State.HEARING
    stage.tell(SpeechStopped(at_s=14), 14.1)
    stage.tell(said("and another thing I say is this.", 1, 14), 14.3)
    stage.pass_until(18)
    assert " ".join(answers(stage)).split().count("thing") == 1
    assert stage.when(order.FinaliseTranscript)
    stage.agent_starts(2, 18)
    stage.agent_ends(2, 19)
    stage.caller_says("Are you there?", 20, 21, segment=1)
    stage.pass_until(24)
    assert answers(stage)[-1] == "Are you there?"


def test_a_monologue_that_ends_while_the_agent_speaks_is_read_to_its_end() -> None:
    stage = Stage(TurnSettings(max_turn_s=10))
    stage.tell(SpeechStarted(at_s=1), 1.1)
    stage.tell(said("and another thing", 1, 10, final=False), 10)
    stage.pass_until(11.2)
    stage.agent_starts(1, 11.5)
    stage.tell(SpeechStopped(at_s=12), 12.1)
    assert stage.all(order.FinaliseTranscript)[-1] == order.FinaliseTranscript(until_s=12)
    stage.tell(SpeechStarted(at_s=13), 13.1)
    assert stage.state is State.OVERLAP


def test_the_reported_start_of_a_long_turn_is_where_it_began() -> None:
    stage = Stage(TurnSettings(max_turn_s=5))
    stage.tell(SpeechStarted(at_s=1), 1.1)
    stage.pass_until(8)
    stage.tell(SpeechStopped(at_s=9), 9.1)
    stage.tell(said("That was long.", 8, 9), 9.2)
    stage.pass_until(12)
    (answer,) = stage.all(order.Answer)
    assert isinstance(answer, order.Answer)
    assert answer.start_s == 1


def test_nobody_is_asked_whether_they_are_there_while_they_speak_on() -> None:
    stage = Stage(TurnSettings(max_turn_s=10))
    stage.tell(SpeechStarted(at_s=1), 1.1)
    stage.tell(said("and another thing", 1, 10, final=False), 10)
    stage.pass_until(11.2)
    stage.agent_starts(1, 11.5)
    stage.agent_ends(1, 13)
    stage.pass_until(22)
    assert not stage.all(order.NoticeSilence)


def test_a_caller_who_is_still_speaking_when_an_answer_is_given_up_is_heard_out() -> None:
    stage = Stage(TurnSettings(max_turn_s=10))
    stage.tell(SpeechStarted(at_s=1), 1.1)
    stage.tell(said("and another thing", 1, 10, final=False), 10)
    stage.pass_until(33)
    assert stage.all(order.GiveUp)
    assert stage.state is State.HEARING


# --- the end, whenever it comes ----------------------------------------


def until(state: State) -> Stage:
    """A stage brought into that state."""
    stage = Stage()
    match state:
        case State.HEARING:
            stage.tell(SpeechStarted(at_s=1), 1.1)
        case State.PAUSING:
            stage.voice(1, 2)
        case State.THINKING:
            stage.caller_says("What does it cost?", 1, 2)
            stage.pass_until(3)
        case State.SPEAKING:
            stage.agent_starts(1, 1)
        case State.OVERLAP:
            stage.agent_starts(1, 1)
            stage.tell(SpeechStarted(at_s=2), 2.1)
        case State.PROTECTED:
            stage.agent_starts(1, 1, "notice")
        case State.IDLE | State.ENDED:
            pass
    assert stage.state is state
    return stage


@pytest.mark.parametrize("state", [state for state in State if state is not State.ENDED])
def test_the_call_may_end_in_any_state_and_then_nothing_is_ordered(state: State) -> None:
    stage = until(state)
    stage.tell(CallEnded(by="caller"))
    before = len(stage.orders)
    stage.tell(ReplyStarted(reply=1))
    stage.tell(SpeechStopped(at_s=stage.now))
    stage.tell(said("hello", 0, 1))
    stage.pass_until(10_000)
    assert stage.state is State.ENDED
    assert stage.machine.deadline() is None
    assert len(stage.orders) == before


ODD = [
    SpeechStarted(at_s=3),
    SpeechStopped(at_s=3),
    said("hello there", 2, 3),
    said("", 2, 3),
    TranscriptChanged(segment=9, text="late", start_s=0, end_s=0.5, final=True),
    TurnScored(until_s=9, score=0.5),
    EndpointHinted(kind="ended", at_s=3),
    ReplyOffered(reply=7),
    ReplyStarted(reply=1),
    ReplyStarted(reply=7),
    ReplyFinished(reply=1, heard=""),
    ReplyStopped(reply=7, heard="", unheard=""),
    ReplyReady(reply=7),
    DigitPressed(digit="1"),
    AudioAdvanced(until_s=0),
]


@pytest.mark.parametrize("state", [state for state in State if state is not State.ENDED])
def test_no_pair_of_facts_in_no_state_is_too_much(state: State) -> None:
    for one in ODD:
        for other in ODD:
            stage = until(state)
            stage.pass_until(4)
            stage.tell(one)
            stage.tell(other)
            stage.pass_until(8)
