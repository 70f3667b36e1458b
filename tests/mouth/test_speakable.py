"""What is written for the eye is read for the ear, and every original word keeps its share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.mouth.numerals import cardinal, decimal, ordinal, year
from antiphon.mouth.speakable import speakable


@pytest.mark.parametrize(
    "text, spoken",
    [
        ("**Bold** and *it*, `code`.", "Bold and it, code."),
        ("# Heading\n- item one\n- item two", "Heading item one item two"),
        ("1. Apples", "one, Apples"),
        ("See [our site](https://a.com/b) now!", "See our site now!"),
        ("Great 👍🏽!! ✅", "Great!!"),
        ("**Yes** (really) “so”", "Yes really so"),
        ("It is $29.95/month.", "It is twenty-nine dollars and ninety-five cents per month."),
        ("$1, $0.50, £2bn", "one dollar, fifty cents, two billion pounds"),
        (
            "3.5% of 5 kg, 1 ft, -5°C",
            "three point five percent of five kilograms, one foot, minus five degrees Celsius",
        ),
        ("On March 3, 2027", "On March third, twenty twenty-seven"),
        ("the 21st of May 2020", "the twenty-first of May, twenty twenty"),
        (
            "2025-03-03 or 3/14/2025",
            "March third, twenty twenty-five or March fourteenth, twenty twenty-five",
        ),
        ("at 9:05 a.m., 5pm and 9:00", "at nine oh five A M, five P M and nine o'clock"),
        ("14:30.", "fourteen thirty."),
        ("Call (555) 123-4567.", "Call five five five, one two three, four five six seven."),
        ("+49 30 1234567", "plus four nine, three zero, one two three four five six seven"),
        (
            "Mr. Smith vs. Dr. Jones, e.g. today",
            "Mister Smith versus Doctor Jones, for example today",
        ),
        ("No. 5, #6, 5-7", "number five, number six, five to seven"),
        (
            "the 2nd of 1,234, 007",
            "the second of one thousand two hundred thirty-four, zero zero seven",
        ),
        ("me@a.com", "me at a dot com"),
        ("1/2 of A & B, 24/7", "one half of A and B, twenty-four seven"),
        ("version 1.2.3", "version one point two point three"),
        ("in 1999 and 2007", "in nineteen ninety-nine and two thousand seven"),
        (
            "25:99 and 2025-13-40 stay",
            "twenty-five:ninety-nine and twenty twenty-five to thirteen to forty stay",
        ),
        ("***", ""),
        ("👍", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_read_aloud(text: str, spoken: str) -> None:
    assert speakable(text).text == spoken


def test_the_lexicon_goes_first_and_matches_whole_words_in_any_case() -> None:
    lexicon = {"SQL": "sequel", "$5": "a fiver"}
    assert speakable("Sql, MySQL and $5", lexicon=lexicon).text == "sequel, MySQL and a fiver"


def test_other_languages_keep_their_numbers() -> None:
    assert speakable("**Am** 3. Mai um 9:30", language="de").text == "Am 3. Mai um 9:30"


def test_a_word_keeps_its_share_of_the_spoken_form() -> None:
    words = speakable("It is $29.95/month. Bye").words
    assert [word.tokens for word in words] == [1, 1, 7, 1]
    assert words[2].weight > 10 * words[0].weight


@pytest.mark.parametrize(
    "number, words",
    [(0, "zero"), (13, "thirteen"), (40, "forty"), (99, "ninety-nine"), (100, "one hundred"),
     (1001, "one thousand one"), (-7, "minus seven"),
     (2_000_015, "two million fifteen"), (10**15, "one" + " zero" * 15)],
)  # fmt: skip
def test_cardinals(number: int, words: str) -> None:
    assert cardinal(number) == words


def test_other_numbers() -> None:
    assert [ordinal(n) for n in (1, 12, 20, 23, 101)] == [
        "first", "twelfth", "twentieth", "twenty-third", "one hundred first",
    ]  # fmt: skip
    assert [year(n) for n in (1905, 2000, 1900, 2010, 45)] == [
        "nineteen oh five", "two thousand", "nineteen hundred", "twenty ten", "forty-five",
    ]  # fmt: skip
    assert decimal("1,234.50") == "one thousand two hundred thirty-four point five zero"


@given(
    st.lists(
        st.sampled_from(
            ["👍", "5 kg", " ", "$5", "**", "3", ".", "/", "-", "1,000", "[", "](x)", "May ",
             "Hello", "\n", "# ", "12:30", "e.g.", "一", "(", "555-1234", "@", "ß", "½"]
        ),
        max_size=25,
    ).map("".join)
    | st.text(max_size=60)
)  # fmt: skip
def test_words_are_never_lost(text: str) -> None:
    made = speakable(text)
    assert bool(made.text) == any(map(str.isalnum, text)) or made.text
    assert "".join(made.text.split()) or not any(map(str.isalnum, text))
    ends = [word.end for word in made.words]
    assert ends == sorted(set(ends))
    assert all(word.weight >= 0 and word.tokens >= 0 for word in made.words)
    # The words cover all of the text that is not space.
    assert not ends or text[ends[-1] :].strip() == ""
    if made.text:
        assert sum(word.tokens for word in made.words) == len(made.text.split())
