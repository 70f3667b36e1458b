"""Hesitations are taken out, and what is left reads as if they had never been said."""

import pytest

from antiphon.dialog.fillers import without_fillers


@pytest.mark.parametrize(
    "heard, told",
    [
        ("Um, I would like, uh, to book.", "I would like to book."),
        ("so um", "so"),
        ("So, um.", "So."),
        ("Can I, er?", "Can I?"),
        ("I want, um, two. Uh, no, three.", "I want two. No, three."),
        ("Hmm... let me think", "Let me think"),
        ("Tuesday uh— Wednesday", "Tuesday Wednesday"),
        ("UM I THINK", "I THINK"),
        ("ten um four um 7", "ten four 7"),
    ],
)
def test_what_is_told(heard: str, told: str) -> None:
    assert without_fillers(heard) == told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Um.",
        "uh um",
        "uh-huh",
        "Mm-hmm, that's right.",
        "Oh, ah, I see.",
        "I was in the ER.",
        "it is for the er, please",
        "the summer, the hmmph and the umbrella",
    ],
)
def test_what_stays_as_it_is(text: str) -> None:
    assert without_fillers(text) == text
