"""whisper.cpp's codec: tokens become words, descriptions are not words, garbage is one error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from antiphon.errors import RemoteProtocolError
from antiphon.providers.whispercpp import wire
from antiphon.providers.whispercpp.wire import Inference, Segment, Token

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.floats(-1, 1e6)
segments = st.builds(
    Segment,
    id=st.integers(0, 99),
    text=texts,
    start=st.just(UNSET) | numbers,
    end=st.just(UNSET) | numbers,
    words=st.lists(st.builds(Token, texts, numbers, numbers, st.floats(0, 1)), max_size=4).map(
        tuple
    ),
    tokens=st.lists(st.integers(0, 60_000), max_size=4).map(tuple),
    avg_logprob=st.floats(-20, 0),
    no_speech_prob=st.floats(0, 1),
)
answers = st.builds(
    Inference, texts, texts, st.floats(0, 1e6), texts, st.lists(segments, max_size=3).map(tuple)
)


@given(answers)
def test_an_answer_is_understood(answer: Inference) -> None:
    assert wire.decode(wire.encode(answer)) == answer


@given(answers)
def test_whatever_comes_can_be_told(answer: Inference) -> None:
    heard = wire.heard(answer)
    assert 0.0 <= heard.confidence <= 1.0
    assert all(start >= 0 for _, start, _, _ in heard.words)
    assert all(text.strip() for text, _, _, _ in heard.words)


@given(st.binary(max_size=60))
def test_garbage_is_one_kind_of_error(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        wire.decode(body)


def _answer(*said: Segment) -> Inference:
    return Inference("transcribe", "english", 2.0, "", said)


def test_pieces_of_a_word_are_put_together() -> None:
    tokens = (
        Token(" And", 0.1, 0.3, 0.9),
        Token(" anti", 0.3, 0.5, 0.8),
        Token("phon", 0.5, 0.9, 0.6),
        Token(".", 0.9, 0.9, 0.9),
        Token(" ", 0.9, 1.0, 0.9),
    )
    heard = wire.heard(_answer(Segment(0, " And antiphon.", words=tokens, avg_logprob=-0.1)))
    assert heard.text == "And antiphon."
    assert heard.words == (("And", 0.1, 0.3, 0.9), ("antiphon.", 0.3, 0.9, 0.6))
    assert heard.confidence == pytest.approx(0.905, abs=0.001)


def test_without_times_there_are_no_words() -> None:
    untimed = Segment(0, " Yes.", words=(Token(" Yes"), Token(".")))
    assert wire.heard(_answer(untimed)).words == ()


@pytest.mark.parametrize("text", [" [BLANK_AUDIO]", "(silence)", " *sighs* ", " [ Music ]"])
def test_what_was_only_described_was_not_said(text: str) -> None:
    nothing = Segment(0, text, words=(Token(text, 0.0, 1.0),))
    assert wire.heard(_answer(nothing)) == wire.Heard("", 1.0, ())
    both = wire.heard(_answer(nothing, Segment(1, " Hello there.")))
    assert both.text == "Hello there."


def test_the_form_says_the_language_bare_and_hints_where_text_went_before() -> None:
    assert wire.form("en-GB", ())["language"] == "en"
    assert "prompt" not in wire.form("en", ())
    form = wire.form("de", ("Antiphon", "Köln"))
    assert form["prompt"] == "Antiphon, Köln"
    assert form["response_format"] == "verbose_json"
    assert form["temperature_inc"] == "0.0"


def test_a_language_is_known_by_the_name_an_answer_gives_it() -> None:
    assert wire.code("Spanish") == "es"
    assert wire.code("klingon") == "klingon"
