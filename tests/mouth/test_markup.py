"""Markup: what is a tag, what it does, and that no word is ever lost to one."""

import re
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.actions import Trust
from antiphon.mouth.manuscript import Line, Manuscript, Part
from antiphon.mouth.markup import (
    MODEL_BREAK_S,
    MODEL_SILENCE_S,
    Break,
    Clip,
    Markup,
    Piece,
    Reading,
    Words,
    mistakes,
    plain,
)
from antiphon.mouth.tags import LONGEST_S, PLAIN, Delivery


def read(text: str, trust: Trust = "author") -> list[Piece]:
    return joined(Markup().feed(text, trust=trust, last=True))


def how(piece: Piece) -> object:
    if isinstance(piece, Words):
        return piece.delivery, piece.stressed, piece.reading
    return id(piece)


def joined(pieces: list[Piece]) -> list[Piece]:
    """Words that are said alike, as one: where text was cut means nothing."""
    found: list[Piece] = []
    alike = groupby(
        pieces, lambda p: (p.delivery, p.stressed, p.reading) if isinstance(p, Words) else id(p)
    )
    for _, group in alike:
        each = list(group)
        first = each[0]
        if isinstance(first, Words):
            text = "".join(piece.text for piece in each if isinstance(piece, Words))
            found.append(Words(text, first.delivery, first.stressed, first.reading))
        else:
            found += each
    return found


# --- what each tag does ------------------------------------------------------------------------


def test_text_without_tags_is_itself() -> None:
    assert read("Hello, A&B. x < y, 3<4, i <3 you; a <b and c> d, AT&T.") == [
        Words("Hello, A&B. x < y, 3<4, i <3 you; a <b and c> d, AT&T.")
    ]


@pytest.mark.parametrize(
    "tag, seconds",
    [
        ('<break time="500ms"/>', 0.5),
        ("<break time='1.5s'/>", 1.5),
        ("<break/>", 0.5),
        ('<break strength="none"/>', 0.0),
        ("<BREAK Strength=x-strong></BREAK>", 1.0),
        ('<break time="90s"/>', LONGEST_S),
    ],
)
def test_a_break(tag: str, seconds: float) -> None:
    assert read(f"One{tag}two.") == [Words("One"), Break(seconds), Words(" two.")]


def test_a_break_without_sense_is_none() -> None:
    assert read('One <break time="soon"/>two.') == [Words("One two.")]


@pytest.mark.parametrize(
    "given_, delivery",
    [
        ('rate="slow"', Delivery(rate=0.8)),
        ('rate="90%"', Delivery(rate=0.9)),
        ('rate="+10%"', Delivery(rate=1.1)),
        ('rate="9"', Delivery(rate=2.0)),
        ('pitch="+2st" volume="-6dB"', Delivery(pitch_semitones=2.0, volume_db=-6.0)),
        ('pitch="high" volume="x-loud"', Delivery(pitch_semitones=2.0, volume_db=6.0)),
        ('rate="quick" pitch="440Hz" volume="11"', PLAIN),
    ],
)
def test_prosody(given_: str, delivery: Delivery) -> None:
    assert read(f"<prosody {given_}>Hi</prosody>") == [Words("Hi", delivery)]


def test_what_stands_inside_adds_up() -> None:
    text = '<prosody rate="80%">a <prosody rate="50%" volume="soft">b</prosody></prosody> c'
    assert read(text) == [
        Words("a ", Delivery(rate=0.8)),
        Words("b", Delivery(rate=0.5, volume_db=-6.0)),
        Words(" c"),
    ]


def test_say_as_sub_emphasis_voice_and_audio() -> None:
    text = (
        'Code <say-as interpret-as="digits">12</say-as>, <emphasis>not</emphasis> '
        '<sub alias="doctor">Dr</sub> <voice name="bob">Who</voice>'
        '<audio src="hold.wav"> Please\n hold. </audio>now'
    )
    assert read(text) == [
        Words("Code "),
        Words("12", reading=Reading("digits")),
        Words(", "),
        Words("not", stressed=True),
        Words(" "),
        Words("Dr", reading=Reading("alias", "doctor")),
        Words(" "),
        Words("Who", Delivery(manner="bob")),
        Clip("hold.wav", " Please hold."),
        Words(" now"),
    ]


def test_a_model_changes_the_sound_of_its_own_words_and_nothing_else() -> None:
    text = (
        '<voice name="boss">You owe</voice> <sub alias="nothing">ten</sub> <audio src="x.wav">now'
        '</audio> <prosody rate="fast"><emphasis>please</emphasis></prosody>'
    )
    assert read(text, "model") == [
        Words("You owe ten now "),
        Words("please", Delivery(rate=1.25), stressed=True),
    ]


def test_a_mark_that_is_spelt_out_stays_with_the_rest_of_it() -> None:
    text = '<prosody rate="slow">Code</prosody><say-as interpret-as="characters">.5</say-as>'
    parts = Manuscript().add(text, trust="author", last=True)
    assert [part.text for part in parts if isinstance(part, Line)] == ["Code", ".5"]


def test_an_attribute_keeps_the_quotes_in_it() -> None:
    (words,) = read("""<sub alias="'tis the dogs'">It is the dogs'</sub>""")
    assert words == Words("It is the dogs'", reading=Reading("alias", "'tis the dogs'"))


def test_a_model_is_not_silent_for_long() -> None:
    breaks = [p for p in read('a<break time="10s"/>' * 9, "model") if isinstance(p, Break)]
    assert max(each.seconds for each in breaks) == MODEL_BREAK_S
    assert sum(each.seconds for each in breaks) == MODEL_SILENCE_S
    many = read('a<break time="1ms"/>' * 1000, "model")
    assert sum(isinstance(piece, Break) for piece in many) == pytest.approx(60, abs=1)


def test_a_models_open_tag_does_not_reach_into_an_authors_text() -> None:
    markup = Markup()
    pieces = markup.feed('Slow <prosody rate="slow">and <voi', trust="model")
    pieces += markup.feed(" I'm sorry.", trust="author", last=True)
    assert joined(pieces) == [
        Words("Slow "),
        Words("and ", Delivery(rate=0.8)),
        Words(" I'm sorry."),
    ]


def test_unknown_tags_go_and_their_words_stay_apart() -> None:
    assert (
        plain("<laugh/>Well<br>then<p>so</p>be <thinking>it</thinking>.") == "Well then so be it."
    )


def test_a_known_tag_is_never_read_out_however_it_is_written() -> None:
    assert plain("<break 500ms>Hi <prosody rate=slow foo>there</prosody >!") == "Hi there!"


@pytest.mark.parametrize(
    "text",
    ["Bye. <bre", "Bye. <prosody rate=", 'Bye. <break time="50', "Bye. </emph", "Bye. <say-as <p>"],
)
def test_a_tag_that_breaks_off_is_not_read_out(text: str) -> None:
    assert plain(text).strip() == "Bye."


def test_words_behind_a_tag_that_never_ends_are_kept() -> None:
    assert plain("<emphasis this matters <break/>x <") == " this matters x <"


def test_tags_that_cross_or_are_not_closed_lose_nothing() -> None:
    text = '</emphasis><prosody rate="slow">a <emphasis>b</prosody> c</emphasis> '
    assert plain(text + '<say-as interpret-as="digits">1') == "a b c 1"


def test_say_as_that_is_never_closed_spells_no_novel() -> None:
    text = '<say-as interpret-as="characters">' + "and so on " * 20
    assert [piece.reading for piece in read(text) if isinstance(piece, Words)] == [None]


@pytest.mark.parametrize(
    "text, what",
    [
        ("<foo>x</foo>", "no tag <foo>"),
        ("<break time='4'/>", "a break is"),
        ("<prosody speed='2'>x</prosody>", "prosody has no 'speed'"),
        ("<prosody rate='quick'>x</prosody>", "cannot be 'quick'"),
        ("<say-as interpret-as='address'>x</say-as>", "interpret-as is one of"),
        ("<say-as>x</say-as>", "needs interpret-as"),
        ("<voice>x</voice>", "voice needs name"),
        ("<emphasis>x", "not closed"),
        ("x</emphasis>", "closes nothing"),
        ("<emphasis><sub alias='y'>x</emphasis></sub>", "closed after"),
        ("<sub alias='y'><break/>x</sub>", "does nothing inside"),
        ("<pause 2s> x", "would be read out"),
    ],
)
def test_authors_are_told(text: str, what: str) -> None:
    assert any(what in each for each in mistakes(text)), list(mistakes(text))


def test_authors_of_right_texts_are_told_nothing() -> None:
    text = 'x < y &lt;b&gt; <p><s>One <break/><emphasis level="strong">two</emphasis></s></p>'
    assert list(mistakes(text)) == []


# --- however it arrives ------------------------------------------------------------------------

BITS = st.sampled_from(
    [
        "Hello", " ", ", ", ". ", "Yes", "<", ">", "&", "&amp;", "&l", "/", '"', "'", "=", "3",
        "<break/>", '<break time="200ms"/>', "<break nonsense>", "<b and c>", "<laugh>", "</laugh>",
        '<prosody rate="slow">', "</prosody>", "<emphasis>", "</emphasis>", "<p>", "</p>",
        '<say-as interpret-as="digits">', "</say-as>", '<sub alias="that > this">', "</sub>",
        '<voice name="bob">', "</voice>", '<audio src="x.wav">', "</audio>", '<audio src="y.wav"/>',
        "<prosody rate=", '"fast">', "<say-as", "interpret-as='time'", "<x" + " y='z'" * 60 + ">",
        "word " * 30, "\n",
    ]
)  # fmt: skip
TEXTS = st.lists(BITS, max_size=14).map("".join) | st.text(alphabet='<>/&;="a b', max_size=30)
TRUST = st.sampled_from(["author", "model"])


def cut(text: str, places: list[int]) -> list[str]:
    edges = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[a:b] for a, b in zip(edges, [*edges[1:], len(text)], strict=True)]


@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=40), TRUST)
def test_how_text_arrives_makes_no_difference(text: str, places: list[int], trust: Trust) -> None:
    markup, pieces = Markup(), []
    for part in cut(text, places):
        pieces += markup.feed(part, trust=trust)
    pieces += markup.feed("", trust=trust, last=True)
    assert joined(pieces) == read(text, trust)


@given(TEXTS, TRUST)
def test_no_word_outside_a_tag_is_lost_and_no_known_tag_is_kept(text: str, trust: Trust) -> None:
    told = "".join(p.text for p in read(text, trust) if not isinstance(p, Break))
    known = re.compile("Hello|Yes|word")
    heard = iter(known.findall(told))
    outside = re.sub(r"<[^<>]*(?:>|$|(?=<))", " ", text)
    assert all(word in heard for word in known.findall(outside)), told
    assert not re.search(r"</?(?:break|prosody|say-as|sub|voice|audio)(?:\s[^<>]*)?/?>", told)


@given(TEXTS, TRUST)
def test_the_words_are_the_same_whoever_is_trusted(text: str, trust: Trust) -> None:
    told = "".join(p.text for p in read(text, trust) if not isinstance(p, Break))
    assert "".join(told.split()) == "".join(plain(text).split())


@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=40), TRUST)
def test_lines_joined_are_the_text_however_it_arrives(
    text: str, places: list[int], trust: Trust
) -> None:
    whole, streamed = Manuscript(), Manuscript()
    at_once = whole.add(text, trust=trust, last=True)
    by_and_by: list[Part] = []
    for part in cut(text, places):
        by_and_by += streamed.add(part, trust=trust, last=False)
    by_and_by += streamed.add("", trust=trust, last=True)
    for manuscript, parts in ((whole, at_once), (streamed, by_and_by)):
        assert "".join(p.text for p in parts if not isinstance(p, Break)) == manuscript.text
    assert [shape(part) for part in at_once] == [shape(part) for part in by_and_by]


def shape(part: Part) -> object:
    """A part, but for how its stressed letters are cut."""
    if not isinstance(part, Line):
        return part
    stressed = {n for a, b in part.stressed for n in range(a, b) if not part.text[n].isspace()}
    return part.text, part.delivery, part.readings, stressed
