"""Which topic a caller's words point to."""

import pytest

from antiphon.dialog.settings import Topic
from antiphon.dialog.topics import mentions, topic_for


@pytest.mark.parametrize(
    "text, phrase",
    [
        ("What are your prices?", "price"),
        ("pricing", "price"),
        ("are you OPEN on sundays", "open"),
        ("opening hours, please", "opening hour"),
        ("it’s", "it's"),
        ("I booked a table", "book"),
        ("which classes", "class"),
        ("we closed", "close"),
    ],
)
def test_words_match_in_any_of_their_plain_forms(text: str, phrase: str) -> None:
    assert mentions(text, phrase)


@pytest.mark.parametrize(
    "text, phrase",
    [("", "price"), ("hours opening", "opening hours"), ("open the hours", "open hours"),
     ("bus", "bu"), ("class", "clas"), ("nice", "price")],
)  # fmt: skip
def test_what_does_not_match(text: str, phrase: str) -> None:
    assert not mentions(text, phrase)


HOURS = Topic(name="hours", asks=("hours", "open", "opening hours"), says="Nine to five.")
PRICES = Topic(name="prices", asks=("price", "cost"), says="Ten pounds.")
LATE = Topic(name="late", asks=("open late", "open"), says="Until eight on Thursdays.")


@pytest.mark.parametrize(
    "text, topic",
    [
        ("When do you open?", HOURS),
        ("What does it cost?", PRICES),
        ("Are you open late?", LATE),
        ("Tell me the price and the cost and when you open", PRICES),
        ("Hello", None),
        ("", None),
    ],
)
def test_the_topic_most_words_point_to_wins_and_of_equals_the_first(
    text: str, topic: Topic | None
) -> None:
    assert topic_for(text, (HOURS, PRICES, LATE)) is topic


def test_where_nothing_is_known_nothing_is_found() -> None:
    assert topic_for("What does it cost?", ()) is None
