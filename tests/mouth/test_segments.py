"""Clauses are cut where a voice would breathe, whatever way the text arrives."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.mouth.segments import LONGEST, Segmenter


def clauses(*pieces: str) -> list[str]:
    cutter = Segmenter()
    found = [clause for piece in pieces for clause in cutter.feed(piece)]
    return found + cutter.flush()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Hello Antiphon! How are you?", ["Hello Antiphon!", " How are you?"]),
        ("Sure, I can do that.", ["Sure,", " I can do that."]),
        ("No, we close at five.", ["No, we close at five."]),
        ("It is $29.95/month. Is that fine?", ["It is $29.95/month.", " Is that fine?"]),
        ("Hello Mr. Smith. Come in.", ["Hello Mr. Smith.", " Come in."]),
        ("Version 3.5 is out. Try it.", ["Version 3.5 is out.", " Try it."]),
        ("Use fruit, e.g. apples. Or not.", ["Use fruit,", " e.g. apples.", " Or not."]),
        (
            "See https://example.com/a.b?c=d now. Bye.",
            ["See https://example.com/a.b?c=d now.", " Bye."],
        ),
        ("We open at 9:30 a.m. on Mondays.", ["We open at 9:30 a.m. on Mondays."]),
        ("We close at 5 p.m. Then we rest.", ["We close at 5 p.m.", " Then we rest."]),
        ("Ask for J. Smith. Or not.", ["Ask for J. Smith.", " Or not."]),
        ("So did I. Then we left.", ["So did I.", " Then we left."]),
        ("Take No. 5 home. No. That is wrong.", ["Take No. 5 home.", " No.", " That is wrong."]),
        ("On March 3, 2027 we open.", ["On March 3, 2027 we open."]),
        ("It costs 1,000 euros. Fine?", ["It costs 1,000 euros.", " Fine?"]),
        ("Well... maybe not. Yes.", ["Well... maybe not.", " Yes."]),
        ("Wait — I see it.", ["Wait —", " I see it."]),
        ("A well-known twenty-year plan.", ["A well-known twenty-year plan."]),
        ('He said "Stop!" Then he left.', ['He said "Stop!"', " Then he left."]),
        ("1. Apples\n2. Pears", ["1. Apples", "\n2. Pears"]),
        ("你好世界。下一句话。", ["你好世界。", "下一句话。"]),
        ("こんにちは。元気ですか？はい。", ["こんにちは。", "元気ですか？", "はい。"]),
        ("hello. how are you", ["hello.", " how are you"]),
        (
            "I can book a table for you and I will send a note",
            ["I can book a table for you", " and I will send a note"],
        ),
        ("", []),
        ("   ", ["   "]),
    ],
)
def test_cuts(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected


def test_a_sentence_is_out_as_soon_as_the_space_after_it() -> None:
    cutter = Segmenter()
    assert cutter.feed("Hello there.") == []
    assert cutter.feed(" ") == ["Hello there."]


def test_only_the_first_clause_ends_at_a_comma() -> None:
    assert clauses("Good, I see. When you come, bring it.") == [
        "Good,",
        " I see.",
        " When you come, bring it.",
    ]


def test_endless_sentences_are_cut_at_a_comma() -> None:
    text = "Well, " + "this goes on and on, " * 40
    assert all(len(clause) <= LONGEST for clause in clauses(text))
    assert all(clause.rstrip().endswith(",") for clause in clauses(text)[:-1])


TEXT = st.lists(
    st.sampled_from(
        ["Hello", "and", " ", " ", ". ", ".", "Mr.", "$29.95", ", ", "?", "!\"", "\n", "e.g.", "…",
         "一", "。", "，", "- ", "—", " — ", "No. ", "5", "p.m.", "i", "I", "*", "👍", "because "]
    ),
    max_size=60,
).map("".join) | st.text(max_size=80)  # fmt: skip


@given(TEXT, st.lists(st.integers(0, 400), max_size=20))
def test_chunking_never_matters_and_nothing_is_lost(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    whole = clauses(text)
    assert "".join(whole) == text
    assert clauses(*pieces) == whole
    assert clauses(*text) == whole
