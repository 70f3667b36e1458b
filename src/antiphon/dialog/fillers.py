"""What a speaker says while they think: taken out of a turn before the dialog is told of it.

English only: "um" is a word in Portuguese, and "er" in German. Must not live here: what such a
noise says about who has the floor (`antiphon.turns.words`), which must still see it.
"""

from typing import Final

__all__ = ["without_fillers"]

FILLERS: Final = frozenset("um umm ummm uhm uh uhh uhhh er erm hm hmm hmmm".split())
"""Not "mm-hmm", "uh-huh" and "uh-uh", which mean yes and no, nor "ah" and "oh", which answer."""
ARTICLES: Final = frozenset("a an the".split())
"""After these it is more likely a name: "the ER"."""
MARKS: Final = ",.;:!?…-–—"
ENDS: Final = (".", "!", "?", "…")


def without_fillers(text: str) -> str:
    """The text without its hesitations, set right again where they began or ended a sentence.
    One that is nothing else stays as it is: somebody made a sound, and is answered."""
    kept: list[str] = []
    capital = False
    for word in text.split():
        if _hesitates(word, kept[-1] if kept else "", shouted=text.isupper()):
            capital |= word[0].isupper() and (not kept or kept[-1].endswith(ENDS))
            _mend(kept, word)
            continue
        kept.append(word[0].upper() + word[1:] if capital else word)
        capital = False
    return " ".join(kept) or text


def _hesitates(word: str, before: str, *, shouted: bool) -> bool:
    bare = word.strip(MARKS)
    if bare.lower() not in FILLERS or before.lower() in ARTICLES:
        return False
    return shouted or not (len(bare) > 1 and bare.isupper())


def _mend(kept: list[str], filler: str) -> None:
    """What stood behind the hesitation stands behind the word before it now."""
    if not kept or kept[-1].endswith(ENDS):
        return
    if filler.endswith(ENDS):
        kept[-1] = kept[-1].rstrip(MARKS) + filler[-1]
    elif filler.endswith(","):
        kept[-1] = kept[-1].removesuffix(",")
