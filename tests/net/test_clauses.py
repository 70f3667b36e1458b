"""Clauses cut for a vendor, and sound that comes cut anywhere."""

from hypothesis import given
from hypothesis import strategies as st

from antiphon.net.clauses import pieces, speakable, whole_samples


@given(st.text(max_size=200), st.integers(1, 40))
def test_pieces_are_short_and_lose_nothing_but_spaces(clause: str, letters: int) -> None:
    found = pieces(clause, letters)
    assert found
    assert all(len(piece) <= letters for piece in found)
    assert "".join("".join(found).split()) == "".join(clause.split())


def test_a_cut_is_between_words_where_there_are_any() -> None:
    assert pieces("one two three", 8) == ["one two", "three"]
    assert pieces("incomprehensible", 6) == ["incomp", "rehens", "ible"]


def test_dots_and_dashes_are_not_said() -> None:
    assert not any(map(speakable, ("", " ", "...", "—", "\n")))
    assert all(map(speakable, ("5", "a.", "你")))


@given(st.binary(max_size=9))
def test_samples_are_whole(data: bytes) -> None:
    whole, rest = whole_samples(data)
    assert whole + rest == data
    assert len(whole) % 2 == 0
    assert len(rest) < 2
