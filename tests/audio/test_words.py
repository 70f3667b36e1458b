from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio.words import SpokenWord, estimate_words


def spans(text: str, samples: int) -> list[tuple[int, int]]:
    return [(word.start_sample, word.end_sample) for word in estimate_words(text, samples)]


def test_longer_words_take_longer() -> None:
    [(_, a), (_, b)] = spans("a conversation", 15000)
    assert a == 2 * 15000 // 15
    assert b == 15000


def test_digits_are_read_out() -> None:
    [(_, digits), (start, end)] = spans("42 ab", 16000)
    assert digits == 13000
    assert end - start == 3000


@pytest.mark.parametrize("mark,pause", [("", 0), (",", 5), (".", 6), ("?", 6), ("。", 6)])
def test_punctuation_is_a_pause_after_the_word(mark: str, pause: int) -> None:
    [(_, first_end), (second_start, _)] = spans(f"yes{mark} then", 9000)
    assert second_start - first_end == pytest.approx(9000 * pause / (9 + pause), abs=1)


def test_the_last_word_ends_with_the_audio() -> None:
    assert estimate_words("Good bye.", 7000, start_sample=500)[-1].end_sample == 7500


def test_no_words_and_no_audio() -> None:
    assert estimate_words("  \n", 8000) == []
    assert estimate_words("hello", 0) == [SpokenWord("hello", 0, 0)]


@given(st.text(max_size=60), st.integers(0, 10**6), st.integers(0, 10**6))
def test_all_words_in_order_within_the_audio(text: str, samples: int, start: int) -> None:
    words = estimate_words(text, samples, start)
    assert [word.text for word in words] == text.split()
    edges = [at for word in words for at in (word.start_sample, word.end_sample)]
    assert edges == sorted(edges)
    if words:
        assert (edges[0], edges[-1]) == (start, start + samples)
    assert all(a.end_sample <= b.start_sample for a, b in pairwise(words))
