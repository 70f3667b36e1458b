"""When a turn ends: the orders in which voice, words and scores can arrive, and how long each
combination makes the machine wait."""

from itertools import product

import pytest

from antiphon import actions as order
from antiphon.events import (
    AudioAdvanced,
    EndpointHinted,
    Expectation,
    ExpectationSet,
    SpeechStarted,
    SpeechStopped,
    TurnScored,
)
from antiphon.testing.stage import Stage, said
from antiphon.turns.settings import PRESETS, TurnSettings
from antiphon.turns.table import State


def answers(stage: Stage) -> list[order.Answer]:
    return [action for action in stage.all(order.Answer) if isinstance(action, order.Answer)]


SEQUENCES = ["STE", "SITE", "SIET", "SIEIT", "SET", "SEIT", "SETt", "SIETit"]


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_any_order_of_voice_and_words_gives_one_turn(stage: Stage, sequence: str) -> None:
    """S starts voice, E ends it, I and i are partial, T and t final transcripts, 200 ms apart."""
    at, end = 1.0, None
    for letter in sequence:
        match letter:
            case "S":
                stage.tell(SpeechStarted(at_s=at - 0.1), at)
            case "E":
                end = at - 0.1
                stage.tell(SpeechStopped(at_s=end), at)
            case "I" | "i":
                stage.tell(said("tell me", 0.9, end or at, final=False), at)
            case _:
                stage.tell(said("tell me your opening hours", 0.9, end or at), at)
        at += 0.2
    stage.pass_until(at + 4)
    assert end is not None
    (answer,) = answers(stage)
    assert answer.text == "tell me your opening hours"
    assert stage.when(order.Answer)[0] >= end + stage.settings.floor_s


def test_words_without_any_voice_are_a_turn(stage: Stage) -> None:
    stage.tell(said("okay then", 1.0, 1.4), 1.6)
    stage.pass_until(5)
    assert [answer.text for answer in answers(stage)] == ["okay then"]


def test_a_partial_without_voice_waits_for_the_recogniser(stage: Stage) -> None:
    stage.tell(said("okay then", 1.0, 1.4, final=False), 1.6)
    stage.pass_until(6)
    (answer,) = answers(stage)
    assert "no final transcript" in answer.why


def test_the_final_of_words_without_voice_is_asked_for_when_no_more_come(stage: Stage) -> None:
    """A whisper: no end of a voice will ever ask for it."""
    stage.tell(said("okay", 1.0, 1.4, final=False), 1.6)
    stage.tell(said("okay then", 1.0, 1.9, final=False), 1.9)
    stage.pass_until(2.2)
    assert not stage.all(order.FinaliseTranscript)
    stage.tell(said("okay then I", 1.0, 2.1, final=False), 2.25)
    stage.pass_until(2.7)
    assert stage.when(order.FinaliseTranscript) == [pytest.approx(2.65, abs=0.02)]
    stage.tell(said("okay then I will.", 1.0, 2.4), 2.8)
    stage.pass_until(8)
    assert [answer.text for answer in answers(stage)] == ["okay then I will."]
    assert stage.when(order.Answer)[0] < 3.6
    assert len(stage.all(order.FinaliseTranscript)) == 1


def test_where_there_was_a_voice_its_end_has_asked_already(stage: Stage) -> None:
    stage.voice(1, 2)
    stage.tell(said("what does it", 1, 1.8, final=False), 2.1)
    stage.tell(said("what does it cost", 1, 2.2, final=False), 2.2)
    stage.pass_until(9)
    assert len(stage.all(order.FinaliseTranscript)) == 1


def test_words_without_voice_over_the_agent_are_finalised_too(stage: Stage) -> None:
    stage.agent_starts(1, 0.5)
    stage.tell(said("mhm", 1.0, 1.2, final=False), 1.5)
    stage.pass_until(3)
    assert len(stage.all(order.FinaliseTranscript)) == 1
    assert stage.all(order.Restore)
    stage.tell(said("mhm", 1.0, 1.2), 3.1)
    stage.agent_ends(1, 6)
    stage.pass_until(12)
    assert [note.text for note in stage.all(order.NoteBackchannel)] == ["mhm"]  # type: ignore[attr-defined]
    assert not answers(stage)


def test_a_pause_inside_a_sentence_is_one_turn_with_both_parts(stage: Stage) -> None:
    stage.caller_says("I would like to", 1, 2, score=0.1)
    stage.voice(2.6, 3.4)
    stage.tell(said("book a table.", 2.6, 3.4, segment=1), 3.65)
    stage.pass_until(8)
    (answer,) = answers(stage)
    assert answer.text == "I would like to book a table."
    assert (answer.start_s, answer.end_s) == (1, 3.4)


def test_a_pause_after_a_sentence_makes_two_turns(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.agent_starts(1, 2.6)
    stage.agent_ends(1, 4)
    stage.caller_says("And for children?", 5, 6, segment=1)
    stage.pass_until(9)
    assert [answer.text for answer in answers(stage)] == [
        "What does it cost?",
        "And for children?",
    ]


def test_a_final_after_the_decision_time_ends_the_turn_at_once(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2, final_after_s=1.1)
    stage.pass_until(5)
    assert stage.when(order.Answer) == [pytest.approx(3.1, abs=0.01)]


def test_without_a_final_the_turn_ends_at_the_ceiling_with_what_there_is(stage: Stage) -> None:
    stage.voice(1, 2)
    stage.tell(said("what does it", 1, 1.8, final=False), 2.1)
    stage.tell(said("what does it cost", 1, 1.8, final=False), 2.2)
    stage.pass_until(9)
    (answer,) = answers(stage)
    assert answer.text == "what does it cost"
    ceiling = stage.settings.ceiling_s
    assert stage.when(order.Answer)[0] == pytest.approx(2 + ceiling, abs=0.5)


def test_a_finalised_transcript_in_mid_speech_ends_nothing(stage: Stage) -> None:
    stage.tell(SpeechStarted(at_s=1), 1.1)
    stage.tell(said("what does it cost.", 1, 1.5), 1.6)
    stage.pass_until(8)
    assert stage.state is State.HEARING
    assert not answers(stage)


def test_a_score_that_arrives_while_the_caller_speaks_again_counts_for_nothing(
    stage: Stage,
) -> None:
    stage.voice(1, 2)
    stage.tell(said("I need", 1, 2), 2.15)
    stage.tell(SpeechStarted(at_s=2.2), 2.3)
    stage.tell(TurnScored(until_s=2.12, score=1.0), 2.31)
    stage.pass_until(4)
    assert stage.state is State.HEARING
    assert not answers(stage)


def test_a_late_score_of_the_last_pause_does_not_weigh_on_the_next(stage: Stage) -> None:
    stage.voice(1, 2)
    stage.tell(SpeechStarted(at_s=2.3), 2.4)
    stage.tell(TurnScored(until_s=2.35, score=0.02), 2.41)
    stage.tell(SpeechStopped(at_s=3), 3.1)
    stage.tell(said("What does it cost?", 1, 3), 3.2)
    stage.tell(TurnScored(until_s=3.12, score=0.97), 3.21)
    stage.pass_until(6)
    assert stage.when(order.Answer)[0] - 3 < 0.4


def test_four_fragments_in_continuous_speech_are_one_turn(stage: Stage) -> None:
    stage.tell(SpeechStarted(at_s=1), 1.1)
    for number, text in enumerate(["I am calling", "about the bill", "that you sent", "in May."]):
        stage.tell(said(text, 1 + number, 1.9 + number, segment=number), 2.2 + number)
    stage.tell(SpeechStopped(at_s=4.9), 5.3)
    stage.pass_until(9)
    (answer,) = answers(stage)
    assert answer.text == "I am calling about the bill that you sent in May."


def test_noise_without_words_is_no_turn_and_the_line_stays_open(stage: Stage) -> None:
    stage.voice(1, 2)
    stage.tell(said("", 1, 2), 2.2)
    stage.pass_until(3)
    assert stage.state is State.IDLE
    assert not answers(stage)


def test_noise_the_recogniser_never_speaks_about_is_given_up(stage: Stage) -> None:
    stage.voice(1, 2)
    stage.pass_until(2 + stage.settings.ceiling_s + stage.settings.transcript_grace_s)
    assert stage.state is State.IDLE


def test_punctuation_alone_is_no_turn(stage: Stage) -> None:
    stage.caller_says("...", 1, 1.5)
    stage.pass_until(5)
    assert not answers(stage)


# --- how long ------------------------------------------------------------------------------------


def pause_for(stage: Stage, text: str, score: float | None = None) -> float:
    """How long the pause was when the turn ended."""
    stage.caller_says(text, 1, 2, score=score)
    stage.pass_until(12)
    return stage.when(order.Answer)[0] - 2


def test_the_more_finished_it_sounds_the_shorter_the_wait() -> None:
    waits = [pause_for(Stage(), "I have a question", score) for score in (0.05, 0.5, 0.95)]
    assert waits == sorted(waits, reverse=True)
    assert waits[0] > 0.9
    assert waits[2] < 0.4


@pytest.mark.parametrize("text", ["I want to book and", "my number is um", "well, the", "so,"])
def test_unfinished_words_outweigh_a_finished_sound(text: str) -> None:
    assert pause_for(Stage(), text, 0.9) > 2 * pause_for(Stage(), "I want to book it.", 0.9)


def test_nothing_ends_before_the_floor() -> None:
    settings = TurnSettings(floor_s=0.4, sure_s=0.4)
    assert pause_for(Stage(settings), "Yes it is.", 1.0) >= 0.4


def test_nothing_waits_past_the_ceiling() -> None:
    settings = TurnSettings(unsure_s=9, ceiling_s=2)
    assert pause_for(Stage(settings), "and", 0.0) == pytest.approx(2, abs=0.01)


def test_a_preset_changes_the_patience() -> None:
    text = "It began on Monday"
    assert pause_for(Stage(PRESETS["dictation"]), text, 0.7) > 2 * pause_for(
        Stage(PRESETS["ivr"]), text, 0.7
    )


def expecting(kind: str, count: int = 0) -> Stage:
    stage = Stage()
    expectation = Expectation(kind=kind, count=count)  # type: ignore[arg-type]
    stage.tell(ExpectationSet(expectation=expectation))
    return stage


def test_yes_ends_a_yes_or_no_question_at_once() -> None:
    assert pause_for(expecting("yes_no"), "Yes.") == pytest.approx(0.25, abs=0.02)
    assert pause_for(Stage(), "Yes.") > 0.4


def test_ten_digits_with_breaths_between_are_one_turn() -> None:
    stage = expecting("digits", 10)
    stage.caller_says("five five five", 1, 2)
    stage.voice(3.2, 4)
    stage.tell(said("one two three", 3.2, 4, segment=1), 4.25)
    stage.tell(TurnScored(until_s=4.12, score=0.99), 4.26)
    stage.voice(5.3, 6.5)
    stage.tell(said("4567", 5.3, 6.5, segment=2), 6.75)
    stage.pass_until(12)
    (answer,) = answers(stage)
    assert answer.text == "five five five one two three 4567"
    assert stage.when(order.Answer)[0] == pytest.approx(6.8, abs=0.02)


def test_incomplete_digits_keep_their_own_floor_whatever_the_provider_says() -> None:
    stage = expecting("digits", 10)
    stage.voice(1, 2)
    stage.tell(said("five five five", 1, 2), 2.25)
    stage.tell(EndpointHinted(kind="ended", at_s=2), 2.3)
    stage.pass_until(3.5)
    assert not answers(stage)


def test_digits_of_unknown_number_wait_for_more() -> None:
    assert pause_for(expecting("digits"), "four two") == pytest.approx(1.8, abs=0.02)


def test_something_else_than_digits_is_an_open_answer() -> None:
    assert pause_for(expecting("digits", 10), "I don't have it here.", 0.95) < 0.5


def test_nothing_yet_while_digits_are_expected_waits_longest() -> None:
    stage = expecting("digits", 4)
    stage.voice(1, 1.2)
    stage.pass_until(4)
    assert stage.state is State.PAUSING


@pytest.mark.parametrize("kind, least", [("name", 0.7), ("date", 0.5)])
def test_names_and_dates_get_time_to_go_on(kind: str, least: float) -> None:
    assert pause_for(expecting(kind), "Anna Smith.", 1.0) >= least


def test_spelling_is_counted_in_letters() -> None:
    assert pause_for(expecting("spelling", 4), "A N N A") == pytest.approx(0.3, abs=0.02)


def test_a_providers_end_of_turn_shortens_the_wait_to_the_floor(stage: Stage) -> None:
    stage.voice(1, 2)
    stage.tell(said("well it depends", 1, 2), 2.1)
    stage.tell(EndpointHinted(kind="ended", at_s=2), 2.11)
    stage.pass_until(5)
    assert stage.when(order.Answer) == [pytest.approx(2 + stage.settings.floor_s, abs=0.02)]


def test_a_provider_that_takes_its_word_back_is_believed_too(stage: Stage) -> None:
    stage.voice(1, 2)
    stage.tell(EndpointHinted(kind="ended", at_s=2), 2.11)
    stage.tell(EndpointHinted(kind="resumed", at_s=2), 2.12)
    stage.tell(said("well it depends and", 1, 2), 2.13)
    stage.pass_until(2.6)
    assert not answers(stage)


def test_a_hint_about_no_turn_is_ignored(stage: Stage) -> None:
    stage.tell(EndpointHinted(kind="ended", at_s=1), 1)
    assert stage.state is State.IDLE


def test_the_model_is_asked_again_as_the_pause_grows(stage: Stage) -> None:
    stage.caller_says("I would like to", 1, 2, score=0.1)
    stage.pass_until(3)
    looks = [at - 2 for at in stage.when(order.ScoreEndpoint)]
    assert looks == pytest.approx([0.12, 0.25, 0.45, 0.8], abs=0.02)


# --- audio that does not arrive ----------------------------------------


def test_late_audio_does_not_end_a_turn_early() -> None:
    """The network holds the audio back by 150 ms: the pause has not been heard yet."""
    stage = Stage(audio=lambda now: AudioAdvanced(until_s=max(0.0, now - 0.15)))
    stage.tell(SpeechStarted(at_s=1), 1.3)
    stage.tell(SpeechStopped(at_s=2), 2.25)
    stage.tell(said("Yes please do.", 1, 2), 2.3)
    stage.tell(TurnScored(until_s=2.1, score=1.0), 2.3)
    stage.pass_until(5)
    wait = stage.settings.sure_s
    assert stage.when(order.Answer)[0] >= 2 + wait + 0.15 - 0.001


def test_missing_audio_ends_no_turn_before_the_ceiling() -> None:
    def audio(now: float) -> AudioAdvanced:
        return AudioAdvanced(until_s=now, missing_s=max(0.0, now - 2.1))

    stage = Stage(audio=audio)
    stage.caller_says("That is all, thank you.", 1, 2)
    stage.pass_until(9)
    assert stage.when(order.Answer) == [pytest.approx(2 + stage.settings.ceiling_s, abs=0.01)]


# --- speculation ----------------------------------------


def test_an_answer_is_prepared_while_the_end_is_still_being_decided(stage: Stage) -> None:
    stage.caller_says("What does it cost", 1, 2, score=None, final_after_s=0.12)
    stage.pass_until(4)
    (prepared,) = stage.all(order.Speculate)
    assert isinstance(prepared, order.Speculate)
    assert prepared.text == "What does it cost"
    assert stage.when(order.Speculate)[0] - 2 == pytest.approx(stage.settings.eager_s, abs=0.02)
    assert stage.when(order.Answer)[0] > stage.when(order.Speculate)[0]


def test_more_words_throw_the_prepared_answer_away(stage: Stage) -> None:
    stage.caller_says("What does it cost", 1, 2, score=0.4)
    stage.voice(2.5, 3.2)
    stage.tell(said("What does it cost on Sundays?", 1, 3.2), 3.45)
    stage.pass_until(6)
    assert [type(action) for action in stage.all(order.Speculate, order.Abandon, order.Answer)] in (
        [order.Speculate, order.Abandon, order.Speculate, order.Answer],
        [order.Speculate, order.Abandon, order.Answer],
    )
    assert answers(stage)[0].text == "What does it cost on Sundays?"


def test_a_sound_without_new_words_keeps_the_prepared_answer(stage: Stage) -> None:
    stage.caller_says("What does it cost", 1, 2, score=0.4)
    stage.voice(2.5, 2.7)
    stage.tell(said("What does it cost?", 1, 2.7), 2.95)
    stage.pass_until(6)
    assert not stage.all(order.Abandon)
    assert len(answers(stage)) == 1


def test_an_unlikely_end_is_prepared_for_only_half_way(stage: Stage) -> None:
    stage.caller_says("I want to book and", 1, 2, score=0.05)
    stage.pass_until(6)
    assert stage.when(order.Speculate)[0] - 2 > 0.5


def test_an_eager_hint_prepares_at_once(stage: Stage) -> None:
    stage.voice(1, 2)
    stage.tell(EndpointHinted(kind="eager", at_s=2), 2.1)
    stage.tell(said("I want to book and", 1, 2), 2.105)
    assert stage.when(order.Speculate) == [2.105]


def test_nothing_is_prepared_where_that_is_switched_off() -> None:
    stage = Stage(TurnSettings(speculate=False))
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(5)
    assert not stage.all(order.Speculate)
    assert len(answers(stage)) == 1


# --- going on after the turn seemed over ----------------------------------------


def test_speech_that_resumes_before_the_answer_is_audible_takes_it_back(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.voice(2.6, 3.2)
    stage.tell(said("What does it cost? For two.", 1, 3.2), 3.45)
    stage.tell(TurnScored(until_s=3.4, score=0.95), 3.46)
    stage.pass_until(6)
    kinds = [type(a) for a in stage.all(order.Answer, order.Withdraw, order.Abandon)]
    assert kinds == [order.Answer, order.Withdraw, order.Abandon, order.Answer]
    assert answers(stage)[-1].text == "What does it cost? For two."
    assert answers(stage)[-1].turn == answers(stage)[0].turn


def test_a_cough_before_the_answer_gives_the_same_answer_again(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.voice(2.6, 2.8)
    stage.tell(said("What does it cost?", 1, 2.8), 3.0)
    stage.pass_until(6)
    assert [a.text for a in answers(stage)] == ["What does it cost?"] * 2
    assert not stage.all(order.Abandon)


def test_a_late_final_before_the_answer_is_audible_starts_it_over_once(stage: Stage) -> None:
    stage.caller_says("What does it cast?", 1, 2)
    stage.pass_until(2.5)
    stage.tell(said("What does it cost?", 1, 2), 2.6)
    stage.tell(said("What does he cost?", 1, 2), 2.7)
    stage.pass_until(4)
    assert [a.text for a in answers(stage)] == ["What does it cast?", "What does it cost?"]


def test_a_late_final_after_the_answer_is_audible_amends_the_record(stage: Stage) -> None:
    stage.caller_says("What does it cast?", 1, 2)
    stage.agent_starts(1, 2.6)
    stage.tell(said("What does it cost?", 1, 2), 2.8)
    stage.tell(said("What does it cost?", 1, 2), 2.9)
    assert stage.all(order.Amend) == [order.Amend(turn=1, text="What does it cost?")]
    assert stage.state is State.SPEAKING


def test_a_late_transcript_is_not_the_start_of_a_second_turn(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.agent_starts(1, 2.6)
    stage.agent_ends(1, 4)
    stage.tell(said("What does it cost?", 1, 2), 4.5)
    stage.pass_until(6)
    assert len(answers(stage)) == 1
    stage.caller_says("Thanks, and where are you?", 7, 8, segment=1)
    stage.pass_until(10)
    assert [a.text for a in answers(stage)][-1] == "Thanks, and where are you?"


def test_a_caller_who_never_stops_is_answered_at_the_limit() -> None:
    stage = Stage(TurnSettings(max_turn_s=10))
    stage.tell(SpeechStarted(at_s=1), 1.1)
    stage.tell(said("and another thing", 1, 10, final=False), 10)
    stage.pass_until(12)
    (answer,) = answers(stage)
    assert answer.why == "the turn was very long"


def test_a_noise_that_never_stops_is_not_answered() -> None:
    stage = Stage(TurnSettings(max_turn_s=10))
    stage.tell(SpeechStarted(at_s=1), 1.1)
    stage.pass_until(40)
    assert not answers(stage)


@pytest.mark.parametrize("late_s, missing_s", list(product([0.0, 0.1, 0.19], [0.0, 0.3])), ids=str)
def test_every_answer_comes_after_its_last_speech_sample(late_s: float, missing_s: float) -> None:
    stage = Stage(
        audio=lambda now: AudioAdvanced(until_s=max(0.0, now - late_s), missing_s=missing_s)
    )
    stage.caller_says("Could you tell me the price?", 1, 2, final_after_s=0.3)
    stage.pass_until(9)
    (answer,) = answers(stage)
    assert stage.when(order.Answer)[0] - late_s >= answer.end_s + stage.settings.floor_s
