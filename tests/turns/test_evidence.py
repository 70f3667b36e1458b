"""All evidence about the end of a turn, as the length of pause that is enough."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.events import Expectation
from antiphon.turns.evidence import Evidence, Patience, patience
from antiphon.turns.settings import PRESETS, TurnSettings

SETTINGS = TurnSettings()


def wait(
    text: str, score: float | None = None, kind: str = "open", count: int = 0, hint: str = ""
) -> Patience:
    evidence = Evidence(
        text=text,
        score=score,
        expectation=Expectation(kind=kind, count=count),  # type: ignore[arg-type]
        hint=hint,  # type: ignore[arg-type]
    )
    return patience(evidence, SETTINGS)


@given(
    text=st.sampled_from(["", "yes", "so the", "It is late.", "Is it?", "4 5", "A N", "well,"]),
    score=st.none() | st.floats(0, 1),
    kind=st.sampled_from(["open", "yes_no", "digits", "spelling", "date", "name"]),
    count=st.integers(0, 12),
    hint=st.sampled_from(["", "eager", "ended"]),
    settings=st.sampled_from([SETTINGS, *PRESETS.values(), TurnSettings(floor_s=0.5, sure_s=0)]),
)
@settings(derandomize=True, deadline=None, database=None)
def test_no_wait_is_below_the_floor_or_above_the_ceiling(
    text: str, score: float | None, kind: str, count: int, hint: str, settings: TurnSettings
) -> None:
    evidence = Evidence(
        text=text,
        score=score,
        expectation=Expectation(kind=kind, count=count),  # type: ignore[arg-type]
        hint=hint,  # type: ignore[arg-type]
    )
    found = patience(evidence, settings)
    assert settings.floor_s <= found.wait_s <= found.ceiling_s
    assert found.ceiling_s >= settings.ceiling_s
    assert found.why


def test_a_higher_score_never_waits_longer() -> None:
    waits = [wait("the red one", score / 20).wait_s for score in range(21)]
    assert waits == sorted(waits, reverse=True)


@pytest.mark.parametrize("score", [None, 0.2, 0.8])
def test_how_the_words_end_orders_the_waits(score: float | None) -> None:
    texts = ["Is it late?", "It is late.", "it is late", "it is late,", "it is late and"]
    waits = [wait(text, score).wait_s for text in texts]
    assert waits == sorted(waits)


def test_one_sure_score_does_not_decide_alone() -> None:
    assert wait("it is late and", 0.0).wait_s == wait("it is late and", 0.02).wait_s
    assert wait("it is late and", 1.0).wait_s > 0.5


def test_the_end_is_likely_where_it_is_likelier_than_not() -> None:
    assert wait("It is late.").likely
    assert not wait("It is late and").likely


def test_the_reason_names_the_evidence() -> None:
    assert wait("Is it late?", 0.25).why == "score 0.25, a question"
    assert wait("Is it late?").why == "no score, a question"


def test_a_yes_to_a_yes_or_no_question_is_quick_whatever_it_sounds_like() -> None:
    assert wait("yes", 0.0, "yes_no").wait_s == 0.25
    assert wait("perhaps", 0.0, "yes_no").wait_s > 0.25


def test_names_and_dates_are_given_time() -> None:
    assert wait("Anna Smith.", 1.0, "name").wait_s == 0.7
    assert wait("On the third.", 1.0, "date").wait_s == 0.5


def test_the_recognisers_own_end_of_turn_shortens_the_wait_to_the_floor() -> None:
    assert wait("well it depends and", 0.0, hint="ended").wait_s == SETTINGS.floor_s
    assert wait("well it depends and", 0.0, hint="eager").wait_s > SETTINGS.floor_s


@pytest.mark.parametrize(
    "text, kind, count, wait_s, why",
    [
        ("one two three four", "digits", 4, 0.3, "4 of 4 given"),
        ("12345", "digits", 4, 0.3, "5 of 4 given"),
        ("one two", "digits", 4, 1.8, "2 of 4 given"),
        ("one two", "digits", 0, 1.8, "2 of some given"),
        ("", "digits", 4, 1.8, "none given"),
        ("A N N", "spelling", 4, 1.8, "3 of 4 given"),
        ("A N N A", "spelling", 4, 0.3, "4 of 4 given"),
    ],
)
def test_digits_and_letters_go_by_count(
    text: str, kind: str, count: int, wait_s: float, why: str
) -> None:
    found = wait(text, 1.0, kind, count, hint="ended")
    assert (found.wait_s, found.why, found.ceiling_s) == (wait_s, why, 4.0)
    assert found.likely == (wait_s == 0.3)


def test_something_else_than_digits_is_weighed_like_any_turn() -> None:
    assert wait("I don't have it here.", 0.9, "digits", 4) == wait("I don't have it here.", 0.9)
