"""What is fed, sent and told by a streaming vendor keeps its place in the call's audio."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import Unavailable
from antiphon.events import TranscriptChanged, Word
from antiphon.net.outgoing import MAX_MESSAGES, Outgoing
from antiphon.net.streamed import KEPT_S, AudioFeed, Piece, Segments

HZ = 1000


async def drained(feed: AudioFeed) -> bytes:
    sent = b""
    while (item := await feed.outgoing.take(0)) is not None:
        assert isinstance(item.frame, bytes)
        feed.sent(item)
        sent += item.frame
    return sent


@given(st.lists(st.binary(max_size=90), max_size=20))
async def test_however_it_is_fed_the_same_samples_are_sent(chunks: list[bytes]) -> None:
    feed, fed = AudioFeed(HZ, 0.02), b"".join(chunks)
    for chunk in chunks:
        feed.feed(chunk)
    feed.flush()
    sent = await drained(feed)
    assert sent == fed[: len(fed) - len(fed) % 2]
    assert feed.fed_s == len(fed) // 2 / HZ
    assert feed.vendor_until_s == len(sent) // 2 / HZ


async def test_an_empty_frame_is_never_sent() -> None:
    feed = AudioFeed(HZ, 0.02)
    feed.feed(b"")
    feed.flush()
    feed.silence(0.0)
    assert len(feed.outgoing) == 0


async def test_silence_of_ours_moves_the_vendors_clock_and_not_the_callers() -> None:
    feed = AudioFeed(HZ, 0.02)
    feed.feed(bytes(2000))
    feed.silence(0.5)
    await drained(feed)
    feed.feed(bytes(2000))
    await drained(feed)
    assert feed.fed_at_s(0.4) == 0.4
    assert feed.fed_at_s(1.2) == 1.0
    assert feed.fed_at_s(1.7) == pytest.approx(1.2)
    assert feed.fed_at_s(99.0) == 2.0


async def test_audio_that_was_dropped_leaves_a_gap() -> None:
    feed = AudioFeed(HZ, 0.5)
    feed.feed(bytes(round(2 * HZ * (KEPT_S + 10))))
    assert feed.outgoing.dropped_samples == 10 * HZ
    await drained(feed)
    assert feed.fed_at_s(0.0) == 10.0
    assert feed.fed_at_s(5.0) == 15.0


async def test_messages_are_kept_while_audio_is_dropped() -> None:
    outgoing = Outgoing(10)
    outgoing.add("first")
    outgoing.add_audio(b"aa", 0, 10)
    outgoing.add("second")
    outgoing.add_audio(b"bb", 10, 10)
    frames = [(await outgoing.take(0)).frame for _ in range(3)]  # type: ignore[union-attr]
    assert frames == ["first", "second", b"bb"]
    assert await outgoing.take(0.0) is None


async def test_a_vendor_that_reads_no_message_is_given_up() -> None:
    outgoing = Outgoing(10, "deaf/one")
    for _ in range(MAX_MESSAGES + 1):
        outgoing.add("again")
    with pytest.raises(Unavailable, match="deaf/one: does not read"):
        await outgoing.take(0)


# --- segments ---------------------------------------------------------------------------------


def piece(text: str, start_s: float, *, timed: bool = True) -> Piece:
    """Words of 0.2 s each."""
    words = tuple(
        Word(text=word, start_s=start_s + n * 0.2, end_s=start_s + (n + 1) * 0.2)
        for n, word in enumerate(text.split())
    )
    end_s = start_s + 0.2 * len(words)
    return Piece(start_s=start_s, end_s=end_s, text=text, words=words if timed else ())


@pytest.fixture
def told() -> list[TranscriptChanged]:
    return []


@pytest.fixture
def segments(told: list[TranscriptChanged]) -> Segments:
    return Segments(told.append)  # type: ignore[arg-type]


def test_pieces_join_into_one_segment_until_it_is_forgotten(
    segments: Segments, told: list[TranscriptChanged]
) -> None:
    segments.heard(piece("I would", 0.0), closed=False)
    segments.heard(piece("I would like", 0.0), closed=True)
    segments.heard(piece("two", 1.0), closed=False)
    assert segments.undecided
    segments.final(1.3)
    said = ["I would", "I would like", "I would like two", "I would like two"]
    assert [t.text for t in told] == said
    assert (told[-1].final, told[-1].segment, told[-1].end_s) == (True, 0, 1.3)
    segments.forget(1.2, owed=False)
    segments.heard(piece("two tickets", 1.0), closed=True)
    assert (told[-1].text, told[-1].segment, told[-1].start_s) == ("tickets", 1, 1.2)


def test_a_final_that_is_owed_is_told_of_what_was_forgotten(
    segments: Segments, told: list[TranscriptChanged]
) -> None:
    segments.heard(piece("yes", 0.0), closed=False)
    segments.forget(0.4, owed=True)
    segments.heard(piece("yes please and", 0.0), closed=True)
    segments.final(0.4)
    assert (told[-1].text, told[-1].segment, told[-1].final) == ("yes please", 0, True)
    assert [t.text for t in told if t.segment == 1] == ["and"]
    segments.final(0.6)
    assert (told[-1].text, told[-1].segment) == ("and", 1)


def test_what_goes_on_while_it_is_forgotten_is_told_again_as_new(
    segments: Segments, told: list[TranscriptChanged]
) -> None:
    segments.heard(piece("stop no wait", 0.0), closed=False)
    segments.forget(0.2, owed=False)
    assert (told[-1].text, told[-1].segment) == ("no wait", 1)


def test_the_same_reading_is_told_once(segments: Segments, told: list[TranscriptChanged]) -> None:
    for _ in range(3):
        segments.heard(piece("hello", 0.0), closed=False)
    segments.heard(piece("", 0.2), closed=True)
    assert [t.text for t in told] == ["hello"]


def test_silence_asked_about_is_answered_with_nothing(
    segments: Segments, told: list[TranscriptChanged]
) -> None:
    segments.settled()
    assert told == []
    segments.final(1.0)
    assert (told[-1].text, told[-1].start_s, told[-1].end_s) == ("", 1.0, 1.0)


def test_a_long_segment_ends_where_the_vendor_closes_a_piece(
    segments: Segments, told: list[TranscriptChanged]
) -> None:
    segments.heard(piece("word " * 70, 0.0), closed=True)
    assert told[-1].final
    segments.heard(piece("more", 20.0), closed=False)
    assert (told[-1].text, told[-1].segment) == ("more", 1)


def test_pieces_without_times_belong_where_their_middle_lies(
    segments: Segments, told: list[TranscriptChanged]
) -> None:
    segments.heard(piece("early words", 0.0, timed=False), closed=True)
    segments.forget(0.5, owed=False)
    segments.heard(piece("early words", 0.0, timed=False), closed=True)
    segments.heard(piece("late words", 0.6, timed=False), closed=True)
    assert [(t.text, t.segment) for t in told] == [("early words", 0), ("late words", 1)]
