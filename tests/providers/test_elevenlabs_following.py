"""Following text through audio: where clauses end, where words lie, whatever the vendor does."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.ports.tts import Spoken
from antiphon.providers.elevenlabs.following import Following, Part
from antiphon.providers.elevenlabs.passage import Clock, Passage, letters
from antiphon.providers.elevenlabs.settings import FORMATS

RATE_HZ = 8000
CHAR = 400
"""Samples a character takes."""
BLUR = RATE_HZ * 0.03


def timed(text: str, at_s: float = 0.0) -> list[tuple[str, float, float]]:
    step_s = CHAR / RATE_HZ
    return [(c, at_s + n * step_s, at_s + (n + 1) * step_s) for n, c in enumerate(text)]


def sound(samples: int) -> bytes:
    return bytes(2 * samples)


def following(*texts: str) -> Following:
    made = Following(FORMATS["pcm_8000"])
    for number, text in enumerate(texts):
        made.owed.append(Part(number, True, Passage(text)))
    return made


def samples(spoken: Sequence[Spoken], clause: int) -> int:
    return sum(len(piece.pcm) // 2 for piece in spoken if piece.clause == clause)


def words(spoken: Sequence[Spoken], clause: int) -> list[tuple[str, int, int]]:
    found = [word for piece in spoken if piece.clause == clause for word in piece.words]
    return [(word.text, word.start, word.end) for word in found]


def ended(spoken: Sequence[Spoken]) -> list[int]:
    return [piece.clause for piece in spoken if piece.last]


def test_what_is_compared_has_no_case_no_accents_and_no_marks() -> None:
    assert letters("Grüße, it's 9½!") == letters("GRUSSE its 912") or letters("½") == "12"
    assert letters("— … !") == ""
    assert letters("你好") == "你好"


def test_a_clause_ends_with_its_last_character_and_the_next_begins() -> None:
    follow = following("Hello there,", "how are you?")
    text = "Hello there, "
    follow.hear(sound(len(text) * CHAR), timed(text))
    assert ended(follow.ready) == [0]
    assert words(follow.ready, 0) == [("Hello", 0, 2000), ("there,", 2400, 4400)]
    text = "how are you? "
    follow.hear(sound(len(text) * CHAR), timed(text))
    assert ended(follow.ready) == [0, 1]
    assert words(follow.ready, 1)[0] == ("how", 0, 1200)


def test_one_message_may_hold_two_clauses() -> None:
    follow = following("Hello there,", "how are you?")
    text = "Hello there, how are you? "
    follow.hear(sound(len(text) * CHAR), timed(text))
    assert ended(follow.ready) == [0, 1]
    assert samples(follow.ready, 0) == len("Hello there, ") * CHAR
    assert words(follow.ready, 1)[0] == ("how", 0, 1200)


def test_characters_may_come_before_their_audio() -> None:
    follow = following("Hello there,", "how are you?")
    text = "Hello there, how are you? "
    follow.hear(sound(1000), timed(text))
    assert ended(follow.ready) == []
    for _ in range(10):
        follow.hear(sound(1000), [])
    assert ended(follow.ready) == [0, 1]
    assert samples(follow.ready, 0) == pytest.approx(len("Hello there, ") * CHAR, abs=BLUR)


def test_audio_after_the_last_character_goes_to_what_comes_next() -> None:
    follow = following("Hello there,")
    text = "Hello there, "
    follow.hear(sound(len(text) * CHAR), timed(text))
    assert not follow.owed
    follow.owed.append(Part(1, True, Passage("Bye.")))
    follow.hear(sound(500), [])
    follow.hear(sound(5 * CHAR), timed("Bye. "))
    assert samples(follow.ready, 1) == 500 + 5 * CHAR
    assert words(follow.ready, 1) == [("Bye.", 500, 500 + 3 * CHAR)]


def test_marks_come_and_go() -> None:
    follow = following("First-time customers — welcome!")
    text = " first- time customers welcome! "
    follow.hear(sound(len(text) * CHAR), timed(text))
    assert ended(follow.ready) == [0]
    assert [word for word, _, _ in words(follow.ready, 0)] == [
        "First-time",
        "customers",
        "—",
        "welcome!",
    ]


def test_characters_told_twice_count_once() -> None:
    follow = following("Hola, ¿hablo con Antoine?")
    follow.hear(sound(10 * CHAR), timed("Hola, ¿hab"))
    text = "Hola, ¿hablo con Antoine? "
    follow.hear(sound(16 * CHAR), timed(text))
    assert [word for word, _, _ in words(follow.ready, 0)] == ["Hola,", "¿hablo", "con"]
    assert not ended(follow.ready)  # by their times, more audio must come
    follow.hear(sound(10 * CHAR), [])
    assert ended(follow.ready) == [0]
    assert len(words(follow.ready, 0)) == 4


def test_where_characters_do_not_fit_nothing_is_concluded() -> None:
    follow = following("It costs $5.", "Thanks.")
    text = "It costs five dollars. "
    follow.hear(sound(len(text) * CHAR), timed(text))
    assert not ended(follow.ready)
    assert not follow.over
    assert words(follow.ready, 0) == []
    follow.complete()
    assert ended(follow.ready) == [0]


def test_without_the_last_space_the_end_must_settle() -> None:
    follow = following("Yes.")
    follow.hear(sound(3 * CHAR), timed("Yes"))
    assert not ended(follow.ready)
    assert follow.over


def test_the_last_waits_for_an_end_that_will_be_told() -> None:
    follow = following("Yes.")
    follow.ending = True
    follow.hear(sound(5 * CHAR), timed("Yes. "))
    assert not ended(follow.ready)
    assert follow.last_of_all
    follow.hear(sound(100), [])
    follow.complete()
    assert samples(follow.ready, 0) == 5 * CHAR + 100


def test_pieces_of_one_clause_share_its_count() -> None:
    follow = Following(FORMATS["pcm_8000"])
    follow.owed.extend([Part(0, False, Passage("One two")), Part(0, True, Passage("three"))])
    text = "One two three "
    follow.hear(sound(len(text) * CHAR), timed(text))
    assert words(follow.ready, 0)[-1] == ("three", 8 * CHAR, 13 * CHAR)
    assert [piece.last for piece in follow.ready][-1]
    assert ended(follow.ready) == [0]


def test_half_a_sample_waits_for_the_other_half() -> None:
    follow = following("Yes.")
    follow.hear(b"\x01", [])
    follow.hear(b"\x02\x03", [])
    follow.hear(b"\x04", [])
    assert b"".join(piece.pcm for piece in follow.ready) == b"\x01\x02\x03\x04"
    follow.complete()
    follow.restart()
    assert follow.silent


def test_mulaw_is_decoded() -> None:
    follow = Following(FORMATS["ulaw_8000"])
    follow.owed.append(Part(0, True, Passage("Yes.")))
    follow.hear(b"\xff\xff\xff", [])
    assert follow.ready[0].pcm == bytes(6)


@pytest.mark.parametrize("absolute", [False, True])
def test_times_may_count_from_the_message_or_from_the_beginning(absolute: bool) -> None:
    clock = Clock(RATE_HZ)
    for part in ("Good morning there, ", "how are you today ", "and tomorrow "):
        at = clock.made
        placed = clock.place(timed(part, at / RATE_HZ if absolute else 0.0))
        clock.made += len(part) * CHAR
        assert (placed[0][1], placed[-1][2]) == (at, clock.made)
    assert clock.place([]) == []


@given(
    st.lists(st.text("abc é-!9", max_size=9), min_size=1, max_size=4),
    st.lists(st.integers(1, 9), min_size=1, max_size=9),
)
def test_however_it_is_cut_no_sound_is_lost_and_words_are_in_order(
    clauses: list[str], cuts: list[int]
) -> None:
    said = [clause for clause in clauses if letters(clause)]
    follow = following(*said)
    follow.ending = True
    text = "".join(f"{clause} " for clause in said)
    at = number = 0
    while at < len(text):
        size = cuts[number % len(cuts)]
        follow.hear(sound(len(text[at : at + size]) * CHAR), timed(text[at : at + size]))
        at, number = at + size, number + 1
    while follow.owed:
        follow.complete()
    assert sum(len(piece.pcm) // 2 for piece in follow.ready) == len(text) * CHAR
    assert ended(follow.ready) == list(range(len(said)))
    for number, clause in enumerate(said):
        found = words(follow.ready, number)
        assert [word for word, _, _ in found] == clause.split()
        edges = [edge for _, start, end in found for edge in (start, end)]
        assert edges == sorted(edges)
        assert not edges or edges[-1] <= samples(follow.ready, number)
