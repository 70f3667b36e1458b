"""What the words alone say: the same words or not, a listening noise, a wish to speak, a
finished thought.

English today. The lists are data; a language brings its own `Lexicon`.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = [
    "ENGLISH",
    "Ending",
    "Lexicon",
    "Reading",
    "count_digits",
    "count_letters",
    "ending",
    "is_backchannel",
    "listens_or_asks",
    "objects",
    "same_words",
    "says_yes_or_no",
    "words_of",
]

Reading: TypeAlias = Literal["", "listening", "other", "claim"]
Ending: TypeAlias = Literal["none", "question", "sentence", "comma", "open"]

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

_TENS_WORDS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """The words one language's turn-taking turns on."""

    backchannels: frozenset[str]
    """Noises of a listener; a run of nothing else does not ask for the floor."""
    backchannel_phrases: tuple[str, ...]
    """The same, in several words."""
    claims: frozenset[str]
    """Words that ask for the floor wherever they stand: "stop", "wait", "sorry"."""
    turns: frozenset[str]
    """Words that turn a listening noise into the start of something: "yes, but"."""
    objections: frozenset[str]
    """Words that ask for the floor when they are all that was said."""
    yes: frozenset[str]
    no: frozenset[str]
    dangling: frozenset[str]
    """Words a finished sentence does not end on."""
    fillers: frozenset[str]
    """Noises of a speaker who has not finished."""
    digits: dict[str, int]
    """How many digits a spoken word stands for."""
    numbers: dict[str, str]
    """How a spoken number is written; what ends in a nought may take a digit in its place."""


ENGLISH: Final = Lexicon(
    backchannels=frozenset(
        "mhm mm mmm mmhmm hm hmm huh uh uhhuh um umhum ah aha oh ooh ok okay kay yeah yep yup "
        "ya right alright sure yes great good nice cool wow really true exactly gotcha fine "
        "perfect lovely thanks".split()
    ),
    backchannel_phrases=(
        "i see",
        "got it",
        "go on",
        "of course",
        "makes sense",
        "all right",
        "thank you",
        "mm-hmm",
        "uh-huh",
    ),
    claims=frozenset(
        "stop wait hold hang excuse sorry actually how can could why where when who please let "
        "don't i'm".split()
    ),
    turns=frozenset("but no and how what i".split()),
    objections=frozenset("no what but never that's not cancel repeat again".split()),
    yes=frozenset("yes yeah yep yup sure correct right ok okay absolutely definitely".split()),
    no=frozenset("no nope nah not never".split()),
    dangling=frozenset(
        "and or but so because the a an to of for with at from my your our their is are was were i "
        "i'm i'd i'll we we'd it's if than as would could should into until between".split()
    ),
    fillers=frozenset("um uh erm er eh hmm mm".split()),
    digits={
        **dict.fromkeys("zero oh one two three four five six seven eight nine".split(), 1),
        **dict.fromkeys(
            "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen "
            "twenty thirty forty fifty sixty seventy eighty ninety".split(),
            2,
        ),
        "double": 1,  # and the digit itself follows
        "triple": 2,
    },
    numbers={
        word: str(number)
        for number, word in [
            *enumerate(
                "zero one two three four five six seven eight nine ten eleven twelve thirteen "
                "fourteen fifteen sixteen seventeen eighteen nineteen".split()
            ),
            *((10 * tens, word) for tens, word in enumerate(_TENS_WORDS.split(), start=2)),
        ]
    },
)

_OHS: Final = ("oh", "o", "zero")
_TENS: Final = frozenset(_TENS_WORDS.split())


def words_of(text: str) -> tuple[str, ...]:
    """The words, without case and punctuation: what two transcripts are compared by."""
    return tuple(word.replace("’", "'") for word in _WORD.findall(text.lower()))


def same_words(one: str, other: str, lexicon: Lexicon = ENGLISH) -> bool:
    """Whether two transcripts say the same, however they write it: "Twenty-one" is "21"."""
    return _written(one, lexicon) == _written(other, lexicon)


def _written(text: str, lexicon: Lexicon) -> list[str]:
    """The words, every run of numbers as its digits."""
    written: list[str] = []
    takes_a_digit = False
    for word in words_of(text):
        number = word if word.isdigit() else lexicon.numbers.get(word, "")
        if number and written and written[-1].isdigit():
            joins = takes_a_digit and len(number) == 1 and number != "0"
            written[-1] = (written[-1][:-1] if joins else written[-1]) + number
        else:
            written.append(number or word)
        takes_a_digit = word in _TENS
    return written


def is_backchannel(text: str, lexicon: Lexicon = ENGLISH) -> bool:
    """Whether the words, if any, are nothing but listening noises."""
    plain = f" {' '.join(words_of(text))} "
    for phrase in lexicon.backchannel_phrases:
        plain = plain.replace(f" {' '.join(words_of(phrase))} ", " ")
    return all(word in lexicon.backchannels for word in plain.split())


def listens_or_asks(text: str, lexicon: Lexicon = ENGLISH) -> Reading:
    """What somebody wants who says this over another's voice.

    ``claim`` asks for the floor, ``listening`` does not, ``other`` may be either: short sounds are
    misread. Empty where there are no words.
    """
    said = words_of(text)
    if not said:
        return ""
    if is_backchannel(text, lexicon):
        return "listening"
    turned = said[0] in lexicon.backchannels and any(word in lexicon.turns for word in said[1:])
    if turned or any(word in lexicon.claims for word in said):
        return "claim"
    return "other"


def objects(text: str, lexicon: Lexicon = ENGLISH) -> bool:
    """Whether a short, finished remark contradicts or asks back."""
    return any(word in lexicon.objections for word in words_of(text))


def ending(text: str, lexicon: Lexicon = ENGLISH) -> Ending:
    """How the words end: closed like a question or a sentence, on a comma, or on a word that
    must be followed by more."""
    said = words_of(text)
    if not said:
        return "none"
    mark = text.rstrip().rstrip("\"'”’)")
    if mark.endswith("?") and said[-1] not in lexicon.fillers:
        return "question"
    if said[-1] in lexicon.dangling or said[-1] in lexicon.fillers:
        return "open"
    if mark.endswith((",", "-", "–", "—", "…", "...", ";", ":")):
        return "comma"
    return "sentence" if mark.endswith((".", "!")) else "none"


def says_yes_or_no(text: str, lexicon: Lexicon = ENGLISH) -> bool:
    """Whether a short text answers a yes/no question."""
    words = words_of(text)
    return 0 < len(words) <= 4 and any(word in lexicon.yes | lexicon.no for word in words)


def count_digits(text: str, lexicon: Lexicon = ENGLISH) -> int:
    """How many digits the text holds, however they are said: "forty two, 7" is three."""
    count, previous = 0, ""
    for word in words_of(text):
        if word.isdigit():
            count += len(word)
        elif word in lexicon.digits:
            # "Forty two" is two digits, not three; "forty oh" does not join.
            joins = previous in _TENS and lexicon.digits[word] == 1 and word not in _OHS
            count += 0 if joins else lexicon.digits[word]
        previous = word
    return count


def count_letters(text: str, lexicon: Lexicon = ENGLISH) -> int:
    """How many letters and digits are spelled out; a sentence spells nothing."""
    said = words_of(text)
    letters = [word for word in said if len(word) == 1 and not word.isdigit()]
    longer = [word for word in said if len(word) > 1 and word not in lexicon.digits]
    return 0 if len(longer) > len(letters) else len(letters) + count_digits(text, lexicon)
