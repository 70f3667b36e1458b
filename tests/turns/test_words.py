"""What the words alone say."""

import pytest

from antiphon.turns.words import (
    count_digits,
    count_letters,
    ending,
    is_backchannel,
    listens_or_asks,
    objects,
    same_words,
    says_yes_or_no,
    words_of,
)


def test_case_and_punctuation_do_not_make_a_word() -> None:
    assert words_of("Don’t — STOP, co-op!") == ("don't", "stop", "co", "op")


@pytest.mark.parametrize(
    "one, other",
    [
        ("Yes, please.", "yes please"),
        ("It's five.", "it’s 5"),
        ("Forty-two, seven", "427"),
        ("twenty one", "21"),
        ("at ten thirty", "At 10:30"),
        ("one two three", "123"),
        ("", "..."),
        ("twenty zero", "200"),
    ],
)
def test_the_same_said_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert same_words(one, other)
    assert same_words(other, one)


@pytest.mark.parametrize(
    "one, other",
    [
        ("yes", "no"),
        ("for two", "for two people"),
        ("twenty one", "201"),
        ("thirteen", "thirty"),
        ("two", ""),
        ("five a five", "55 a"),
    ],
)
def test_other_words_are_not_the_same(one: str, other: str) -> None:
    assert not same_words(one, other)


@pytest.mark.parametrize("text", ["", "Mhm.", "okay yeah", "I see, right", "uh-huh", "thank you"])
def test_listening_noises(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text, reading",
    [
        ("", ""),
        ("...", ""),
        ("mhm okay", "listening"),
        ("tuesday", "other"),
        ("wait", "claim"),
        ("my sister can", "claim"),
        ("yes but", "claim"),
        ("okay and what", "claim"),
        ("okay tuesday", "other"),
        ("my but", "other"),
    ],
)
def test_what_somebody_wants_who_speaks_over_another(text: str, reading: str) -> None:
    assert listens_or_asks(text) == reading


@pytest.mark.parametrize("text, does", [("No.", True), ("say that again", True), ("fine", False)])
def test_short_objections(text: str, does: bool) -> None:
    assert objects(text) is does


@pytest.mark.parametrize(
    "text, how",
    [
        ("", "none"),
        ("What does it cost?", "question"),
        ("It is late.", "sentence"),
        ("Stop!", "sentence"),
        ("He said “stop.”", "sentence"),
        ("well yes,", "comma"),
        ("I mean...", "comma"),
        ("I want to—", "open"),
        ("my number is", "open"),
        ("and um", "open"),
        ("the red one", "none"),
    ],
)
def test_how_words_end(text: str, how: str) -> None:
    assert ending(text) == how


@pytest.mark.parametrize("text", ["Yes.", "no thanks", "yeah that's right", "I think okay"])
def test_answers_to_a_yes_or_no_question(text: str) -> None:
    assert says_yes_or_no(text)


@pytest.mark.parametrize("text", ["", "maybe", "yes I would like to know the price"])
def test_what_does_not_answer_one(text: str) -> None:
    assert not says_yes_or_no(text)


@pytest.mark.parametrize(
    "text, count",
    [
        ("", 0),
        ("my number", 0),
        ("555 one two", 5),
        ("forty two, 7", 3),
        ("forty oh", 3),
        ("double five", 2),
        ("triple seven", 3),
        ("seventeen", 2),
        ("zero four nine", 3),
    ],
)
def test_digits_are_counted_however_they_are_said(text: str, count: int) -> None:
    assert count_digits(text) == count


@pytest.mark.parametrize(
    "text, count",
    [("A N N A", 4), ("B for Berta", 0), ("A 4 7", 3), ("a five b", 3), ("I have a dog here", 0)],
)
def test_letters_are_counted_where_something_is_spelled(text: str, count: int) -> None:
    assert count_letters(text) == count
