"""Sounds over the agent: lowered first, then stopped or restored, and no word lost."""

import pytest

from antiphon import actions as order
from antiphon.events import (
    DigitPressed,
    ReplyFinished,
    ReplyOffered,
    ReplyStarted,
    ReplyStopped,
    SpeechStarted,
    SpeechStopped,
)
from antiphon.testing.stage import Stage, said
from antiphon.turns.settings import TurnSettings
from antiphon.turns.table import State


def kinds(stage: Stage) -> list[type]:
    wanted = (order.Duck, order.Restore, order.StopSpeaking, order.NoteBackchannel, order.Answer)
    return [type(action) for action in stage.all(*wanted)]


@pytest.fixture
def speaking(stage: Stage) -> Stage:
    """The agent has been speaking since second 1."""
    stage.agent_starts(1, 1.0)
    return stage


def test_any_voice_over_the_agent_lowers_it_at_once(speaking: Stage) -> None:
    speaking.tell(SpeechStarted(at_s=2), 2.1)
    assert speaking.all(order.Duck) == [order.Duck(at_s=2)]
    assert speaking.state is State.OVERLAP


@pytest.mark.parametrize("text", ["Mhm.", "Okay", "yeah, right", "I see.", "Uh-huh", "of course"])
def test_a_listening_noise_restores_the_voice(speaking: Stage, text: str) -> None:
    speaking.caller_says(text, 2, 2.4)
    speaking.pass_until(4)
    assert kinds(speaking) == [order.Duck, order.Restore, order.NoteBackchannel]
    assert speaking.state is State.SPEAKING


@pytest.mark.parametrize("text", ["Stop.", "yes but", "okay and what about Sunday", "wait"])
def test_words_that_ask_for_the_floor_stop_the_agent(speaking: Stage, text: str) -> None:
    speaking.tell(SpeechStarted(at_s=2), 2.1)
    speaking.tell(said(text, 2, 2.3, final=False), 2.35)
    assert kinds(speaking) == [order.Duck, order.StopSpeaking]
    assert speaking.state is State.HEARING


@pytest.mark.parametrize("text", ["No.", "Never", "again"])
def test_a_short_objection_stops_the_agent_once_it_is_complete(speaking: Stage, text: str) -> None:
    speaking.caller_says(text, 2, 2.35)
    speaking.pass_until(3)
    assert kinds(speaking)[:2] == [order.Duck, order.StopSpeaking]


def test_a_single_misread_word_does_not_stop_the_agent(speaking: Stage) -> None:
    speaking.tell(SpeechStarted(at_s=2), 2.1)
    speaking.tell(said("Them.", 2, 2.2, final=False), 2.25)
    speaking.tell(SpeechStopped(at_s=2.3), 2.4)
    speaking.tell(said("Mhm.", 2, 2.3), 2.5)
    speaking.pass_until(4)
    assert kinds(speaking) == [order.Duck, order.Restore, order.NoteBackchannel]


def test_two_readings_of_other_words_stop_the_agent(speaking: Stage) -> None:
    speaking.tell(SpeechStarted(at_s=2), 2.1)
    speaking.tell(said("my sister", 2, 2.3, final=False), 2.32)
    speaking.tell(said("my sister has", 2, 2.4, final=False), 2.42)
    assert kinds(speaking) == [order.Duck, order.StopSpeaking]


@pytest.mark.parametrize("reading, least_s", [("", 0.65), ("mhm", 0.84), ("tuesday", 0.5)], ids=str)
def test_how_long_a_voice_may_go_on_depends_on_what_it_says(
    speaking: Stage, reading: str, least_s: float
) -> None:
    speaking.tell(SpeechStarted(at_s=2), 2.1)
    speaking.tell(said(reading, 2, 2.3, final=False), 2.32)
    speaking.pass_until(4)
    assert speaking.when(order.StopSpeaking)[0] - 2 == pytest.approx(least_s, abs=0.02)


def test_a_remark_after_the_sound_counts_by_its_length(speaking: Stage) -> None:
    speaking.voice(2, 2.45)
    speaking.tell(said("my sister", 2, 2.45), 2.6)
    assert kinds(speaking) == [order.Duck, order.StopSpeaking]


def test_a_cough_restores_the_voice_and_leaves_no_trace(speaking: Stage) -> None:
    speaking.caller_says("", 2, 2.3)
    speaking.pass_until(4)
    assert kinds(speaking) == [order.Duck, order.Restore]


def test_a_cough_the_recogniser_says_nothing_about_takes_a_little_longer(speaking: Stage) -> None:
    speaking.voice(2, 2.3)
    speaking.pass_until(4)
    assert kinds(speaking) == [order.Duck, order.Restore]
    assert speaking.when(order.Restore)[0] <= 2.3 + 0.7


def test_voice_that_goes_on_stops_the_agent_even_without_words(speaking: Stage) -> None:
    speaking.tell(SpeechStarted(at_s=2), 2.1)
    speaking.pass_until(4)
    assert kinds(speaking) == [order.Duck, order.StopSpeaking]
    assert speaking.when(order.StopSpeaking)[0] - 2 <= 0.8


def test_the_recogniser_is_asked_before_the_sound_ends(speaking: Stage) -> None:
    speaking.tell(SpeechStarted(at_s=2), 2.1)
    speaking.pass_until(2.5)
    asked = [at - 2 for at in speaking.when(order.FinaliseTranscript)]
    assert asked[:3] == pytest.approx(list(speaking.settings.overlap_looks_s[:3]), abs=0.02)


def test_two_short_noises_do_not_add_up_to_an_interruption(speaking: Stage) -> None:
    speaking.voice(2, 2.3)
    speaking.tell(said("mhm", 2, 2.3), 2.44)
    speaking.voice(2.45, 2.75)
    speaking.tell(said("mhm mhm", 2, 2.75), 2.95)
    speaking.pass_until(5)
    assert kinds(speaking) == [order.Duck, order.Restore, order.NoteBackchannel]


def test_words_from_the_first_overlap_sample_begin_the_new_turn(speaking: Stage) -> None:
    speaking.tell(SpeechStarted(at_s=2), 2.1)
    speaking.tell(said("no wait", 2, 2.4, final=False), 2.45)
    speaking.tell(ReplyStopped(reply=1, heard="We are", unheard="open"), 2.5)
    speaking.tell(SpeechStopped(at_s=3.5), 3.6)
    speaking.tell(said("no wait I meant Sunday.", 2, 3.5), 3.75)
    speaking.pass_until(6)
    (answer,) = speaking.all(order.Answer)
    assert isinstance(answer, order.Answer)
    assert (answer.text, answer.start_s) == ("no wait I meant Sunday.", 2)


def test_a_backchannel_does_not_leak_into_the_next_turn(speaking: Stage) -> None:
    speaking.caller_says("Mhm.", 2, 2.4)
    speaking.agent_ends(1, 4)
    speaking.caller_says("And on Sunday?", 5, 6, segment=1)
    speaking.pass_until(8)
    (answer,) = speaking.all(order.Answer)
    assert isinstance(answer, order.Answer)
    assert answer.text == "And on Sunday?"


def test_words_the_detector_missed_interrupt_too(speaking: Stage) -> None:
    speaking.tell(said("please stop", 2, 2.5), 2.7)
    assert kinds(speaking)[:2] == [order.Duck, order.StopSpeaking]
    speaking.pass_until(6)
    assert kinds(speaking)[-1] is order.Answer


def test_backchannel_words_the_detector_missed_change_nothing_for_good(speaking: Stage) -> None:
    speaking.tell(said("okay", 2, 2.2), 2.4)
    speaking.pass_until(4)
    assert kinds(speaking) == [order.Duck, order.Restore, order.NoteBackchannel]


def test_a_reply_that_ends_during_the_overlap_leaves_the_floor_to_the_caller(
    speaking: Stage,
) -> None:
    speaking.tell(SpeechStarted(at_s=2), 2.1)
    speaking.agent_ends(1, 2.2)
    assert speaking.state is State.HEARING
    speaking.tell(SpeechStopped(at_s=3), 3.1)
    speaking.tell(said("okay thanks", 2, 3), 3.3)
    speaking.pass_until(6)
    assert kinds(speaking)[-1] is order.Answer


def test_a_reply_that_ends_after_the_overlapping_sound_is_decided_as_a_pause(
    speaking: Stage,
) -> None:
    speaking.voice(2, 2.3)
    speaking.agent_ends(1, 2.45)
    assert speaking.state is State.PAUSING
    speaking.tell(said("yes", 2, 2.3), 2.5)
    speaking.pass_until(6)
    assert kinds(speaking)[-1] is order.Answer


def test_where_deciding_is_off_any_voice_stops_the_agent() -> None:
    stage = Stage(TurnSettings(barge_in="at_once"))
    stage.agent_starts(1, 1)
    stage.tell(SpeechStarted(at_s=2), 2.1)
    assert kinds(stage) == [order.StopSpeaking]


def test_a_queue_of_replies_is_stopped_as_a_whole(speaking: Stage) -> None:
    speaking.tell(ReplyOffered(reply=2))
    speaking.tell(SpeechStarted(at_s=2), 2.1)
    speaking.tell(said("stop it", 2, 2.3, final=False), 2.4)
    assert len(speaking.all(order.StopSpeaking)) == 1
    speaking.tell(ReplyStarted(reply=2), 2.41)
    assert speaking.state is State.HEARING


def test_the_next_reply_of_a_queue_goes_on_through_the_overlap(speaking: Stage) -> None:
    speaking.tell(ReplyOffered(reply=2))
    speaking.tell(SpeechStarted(at_s=2), 2.1)
    speaking.tell(ReplyStarted(reply=2), 2.2)
    assert speaking.state is State.OVERLAP


# --- before anything is audible ----------------------------------------


def test_a_reply_audible_in_the_moment_the_caller_goes_on_is_an_overlap(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.tell(ReplyOffered(reply=1), 2.5)
    stage.tell(SpeechStarted(at_s=2.5), 2.6)
    assert stage.state is State.HEARING
    # The conversation gives the reply again when it turns out to be audible already.
    stage.tell(ReplyOffered(reply=1))
    stage.tell(ReplyStarted(reply=1), 2.61)
    assert stage.state is State.OVERLAP
    stage.tell(said("wait for two", 2.5, 2.8, segment=1, final=False), 2.9)
    assert stage.state is State.HEARING
    stage.tell(SpeechStopped(at_s=3), 3.1)
    stage.tell(said("wait for two people", 2.5, 3, segment=1), 3.3)
    stage.pass_until(6)
    texts = [action.text for action in stage.all(order.Answer) if isinstance(action, order.Answer)]
    assert texts == ["What does it cost?", "wait for two people"]


def test_a_prompt_audible_while_the_caller_pauses_is_an_overlap(stage: Stage) -> None:
    stage.voice(1, 2)
    stage.agent_starts(5, 2.15, "prompt")
    assert stage.state is State.OVERLAP


def test_speech_while_a_second_reply_is_still_to_come_stops_the_rest(speaking: Stage) -> None:
    speaking.tell(ReplyOffered(reply=2))
    speaking.agent_ends(1, 2)
    assert speaking.state is State.THINKING
    speaking.tell(SpeechStarted(at_s=2.05), 2.15)
    assert speaking.all(order.StopSpeaking)
    assert speaking.state is State.HEARING


def test_an_interrupted_filler_takes_the_pending_answer_back(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(4.2)
    assert stage.all(order.FillSilence)
    stage.agent_starts(9, 4.3, "filler")
    stage.tell(SpeechStarted(at_s=4.6), 4.7)
    stage.tell(said("wait for two people", 4.6, 4.9, segment=1, final=False), 5)
    assert stage.all(order.Withdraw)
    stage.tell(SpeechStopped(at_s=5.2), 5.3)
    stage.tell(said("wait for two people", 4.6, 5.2, segment=1), 5.5)
    stage.pass_until(9)
    last = stage.all(order.Answer)[-1]
    assert isinstance(last, order.Answer)
    assert last.text == "What does it cost? wait for two people"


def test_a_backchannel_over_a_filler_leaves_the_answer_under_way(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(4.2)
    stage.agent_starts(9, 4.3, "filler")
    stage.caller_says("okay", 4.5, 4.8, segment=1)
    stage.pass_until(5.5)
    assert stage.state is State.SPEAKING
    stage.agent_ends(9, 5.6)
    assert stage.state is State.THINKING
    assert not stage.all(order.Withdraw)


# --- protected prompts ----------------------------------------


@pytest.fixture
def notice(stage: Stage) -> Stage:
    """A legal notice has been playing since second 1."""
    stage.agent_starts(1, 1.0, "notice")
    return stage


def test_a_notice_is_neither_lowered_nor_stopped(notice: Stage) -> None:
    notice.caller_says("stop stop stop", 2, 3)
    notice.pass_until(3.5)
    assert kinds(notice) == []
    assert notice.state is State.PROTECTED


def test_what_was_said_over_a_notice_is_one_turn_answered_after_it(notice: Stage) -> None:
    notice.caller_says("my card is", 2, 3)
    notice.caller_says("my card is lost", 3.5, 4, segment=1)
    notice.agent_ends(1, 6)
    notice.pass_until(9)
    (answer,) = notice.all(order.Answer)
    assert isinstance(answer, order.Answer)
    assert answer.text == "my card is my card is lost"


def test_a_caller_still_speaking_when_the_notice_ends_is_heard_out(notice: Stage) -> None:
    notice.tell(SpeechStarted(at_s=5), 5.1)
    notice.agent_ends(1, 6)
    assert notice.state is State.HEARING


def test_noise_over_a_notice_is_forgotten(notice: Stage) -> None:
    notice.caller_says("", 2, 2.4)
    notice.agent_ends(1, 6)
    assert notice.state is State.IDLE


def test_what_follows_a_notice_waits_for_what_was_said_over_it(notice: Stage) -> None:
    notice.tell(ReplyOffered(reply=2))
    notice.caller_says("my card is lost", 2, 3)
    notice.agent_ends(1, 6)
    assert notice.all(order.StopSpeaking)
    notice.pass_until(8)
    assert notice.all(order.Answer)


def test_a_reply_follows_a_notice_nobody_spoke_over(notice: Stage) -> None:
    notice.tell(ReplyOffered(reply=2))
    notice.agent_ends(1, 6)
    notice.tell(ReplyStarted(reply=2), 6.1)
    assert notice.state is State.SPEAKING
    notice.tell(ReplyOffered(reply=3, kind="notice"))
    notice.tell(ReplyStarted(reply=3), 7)
    assert notice.state is State.PROTECTED


def test_words_over_a_notice_need_no_voice(notice: Stage) -> None:
    notice.tell(said("my card is lost", 2, 3), 3.3)
    notice.agent_ends(1, 6)
    notice.pass_until(9)
    assert len(notice.all(order.Answer)) == 1


def test_a_notice_that_starts_while_the_caller_speaks_is_not_lowered(stage: Stage) -> None:
    stage.tell(SpeechStarted(at_s=1), 1.1)
    stage.agent_starts(1, 1.2, "notice")
    assert stage.state is State.PROTECTED
    assert not stage.all(order.Duck)


def test_where_barge_in_is_off_every_reply_is_protected() -> None:
    stage = Stage(TurnSettings(barge_in="off"))
    stage.agent_starts(1, 1.0)
    stage.caller_says("stop right there", 2, 3)
    stage.agent_ends(1, 6)
    stage.pass_until(9)
    assert kinds(stage) == [order.Answer]


# --- keys ----------------------------------------


@pytest.mark.parametrize("kind", ["reply", "notice"])
def test_a_key_stops_even_a_protected_prompt(stage: Stage, kind: str) -> None:
    stage.agent_starts(1, 1, kind)
    stage.tell(DigitPressed(digit="0"), 2)
    assert stage.all(order.StopSpeaking) == [order.StopSpeaking(why="key 0")]
    assert stage.state is State.IDLE


def test_a_key_in_silence_is_only_noticed(stage: Stage) -> None:
    stage.tell(DigitPressed(digit="0"), 2)
    assert not stage.all(order.StopSpeaking)


@pytest.mark.parametrize("voice_on", [True, False])
def test_a_key_during_an_overlap_gives_the_caller_the_floor(stage: Stage, voice_on: bool) -> None:
    stage.agent_starts(1, 1)
    stage.tell(SpeechStarted(at_s=2), 2.1)
    if not voice_on:
        stage.tell(SpeechStopped(at_s=2.1), 2.2)
    stage.tell(DigitPressed(digit="#"), 2.25)
    assert stage.all(order.StopSpeaking)
    assert stage.state is (State.HEARING if voice_on else State.PAUSING)


def test_a_key_over_a_notice_somebody_speaks_over_gives_them_the_floor(notice: Stage) -> None:
    notice.tell(SpeechStarted(at_s=2), 2.1)
    notice.tell(DigitPressed(digit="1"), 2.2)
    assert notice.state is State.HEARING


def test_replies_nobody_offered_or_that_were_stopped_are_ignored(stage: Stage) -> None:
    stage.tell(ReplyStarted(reply=7), 1)
    stage.tell(ReplyFinished(reply=7, heard=""), 2)
    assert stage.state is State.IDLE
