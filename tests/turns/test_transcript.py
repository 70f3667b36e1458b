"""Whose words are whose, by where they lie in the audio."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.events import TranscriptChanged
from antiphon.testing.stage import said
from antiphon.turns.transcript import BLUR_S, Transcript


def wordless(text: str, start_s: float, end_s: float, segment: int = 0) -> TranscriptChanged:
    return TranscriptChanged(segment=segment, text=text, start_s=start_s, end_s=end_s, final=True)


def heard(*changes: TranscriptChanged) -> Transcript:
    transcript = Transcript()
    for change in changes:
        transcript.change(change)
    return transcript


def test_a_later_reading_replaces_an_earlier_one() -> None:
    transcript = heard(said("tell me", 1, 2, final=False), said("tell me more", 1, 2.4))
    assert transcript.said() == "tell me more"


def test_a_guess_never_replaces_a_final_of_the_same_audio() -> None:
    transcript = heard(said("tell me", 1, 2), said("sell me", 1, 2 + BLUR_S, final=False))
    assert transcript.said() == "tell me"
    transcript.change(said("tell me more", 1, 3, final=False))
    assert transcript.said() == "tell me more"


def test_segments_are_read_in_their_order() -> None:
    transcript = heard(said("of it", 3, 4, segment=1), said("Tell me", 1, 2))
    assert transcript.said() == "Tell me of it"


def test_punctuation_alone_is_nothing_said() -> None:
    transcript = heard(said("...", 1, 2))
    assert (transcript.said(), transcript.open()) == ("", None)


def test_words_belong_where_their_middle_lies() -> None:
    transcript = heard(said("one two three four", 1, 5))
    assert transcript.text(2, 4) == "two three"
    assert transcript.text(1.4, 4) == "one two three"
    assert transcript.text(1.6, 4.6) == "two three four"
    assert transcript.span(1.6, 4) == (2, 4)


def test_a_whole_segment_keeps_its_punctuation() -> None:
    reading = said("One, two.", 1, 2)
    bare = TranscriptChanged(
        segment=0,
        text="One, two.",
        start_s=1,
        end_s=2,
        final=True,
        words=tuple(
            type(word)(text=word.text.strip(",."), start_s=word.start_s, end_s=word.end_s)
            for word in reading.words
        ),
    )
    assert heard(bare).text(0) == "One, two."
    assert heard(bare).text(1.4) == "two"


def test_a_segment_without_word_times_stays_where_it_begins() -> None:
    transcript = heard(wordless("one two", 1, 2))
    assert transcript.text(0, 1.5) == "one two"
    assert transcript.text(1.5) == ""
    transcript.change(wordless("one two three four", 1, 4))
    assert transcript.text(0, 1.5) == "one two three four"
    assert transcript.span(0) == (1, 4)
    assert transcript.span(1.5) is None


def test_what_is_settled_is_said_no_more() -> None:
    transcript = heard(said("one two", 1, 3), said("three", 4, 5, segment=1))
    transcript.settle(2)
    assert (transcript.said(), transcript.open()) == ("two three", (2, 5))
    assert transcript.said(4) == "two"
    transcript.settle(1)
    assert transcript.settled_s == 2
    assert transcript.open(3.5) == (4, 5)


def test_what_may_still_be_read_otherwise_is_kept() -> None:
    transcript = heard(said("one two", 1, 3))
    transcript.settle(3, 1)
    assert transcript.text(0) == "one two"
    transcript.settle(4)
    assert transcript.text(0) == ""


def test_what_is_cut_out_is_nobodys_and_the_rest_stays() -> None:
    transcript = heard(said("one two three", 1, 4))
    transcript.cut(2, 3)
    assert transcript.said() == "one three"
    assert transcript.span(0) == (1, 4)
    transcript.change(said("one too three", 1, 4))
    assert transcript.said() == "one three"
    transcript.settle(3)
    assert transcript.said() == "three"


def test_it_knows_how_far_the_recogniser_has_heard() -> None:
    transcript = Transcript()
    assert not transcript.is_final(0)
    transcript.change(said("one", 1, 2))
    assert transcript.is_final(2 + BLUR_S)
    assert not transcript.is_final(2.2)
    transcript.change(said("one two", 1, 3, final=False))
    assert not transcript.is_final(3)


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=5),
    st.lists(st.floats(0, 40), max_size=4),
)
@settings(derandomize=True, deadline=None, database=None)
def test_borders_share_the_words_out_and_lose_none(
    lengths: list[int], borders: list[float]
) -> None:
    transcript, at, every = Transcript(), 0.0, []
    for segment, length in enumerate(lengths):
        words = [f"w{segment}n{number}" for number in range(length)]
        transcript.change(said(" ".join(words), at, at + length, segment=segment))
        every += words
        at += length + 0.5
    edges = [0.0, *sorted(borders), 1e9]
    parts = [transcript.text(a, b) for a, b in pairwise(edges)]
    assert sorted(" ".join(parts).split()) == sorted(every)
