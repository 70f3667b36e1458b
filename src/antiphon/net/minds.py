"""Several language models as one: the next goes on where one breaks off, in the middle of a word
if need be, and nothing is said twice.

Lives here: who is asked, for how long, and the seam between two halves of an answer. Must not live
here: what is asked (dialog), what a vendor's error means (its adapter).
"""

import asyncio
import math
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from antiphon.actions import Message
from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.net.roster import Roster
from antiphon.ports.clock import Clock
from antiphon.ports.llm import Asking, LanguageModel, Saying

__all__ = ["Minds", "Patience", "Seam"]

LONGEST_WORD: Final = 40
"""More letters than this without an end are not waited for: not all languages part their words."""
LEAST_LETTERS: Final = 4
"""A shorter repetition is a coincidence: many words begin with an "a"."""
_SIGN: Final = r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uff60]"
"""A word or a mark of its own: no space parts it from the next."""
_WORD_END: Final = re.compile(rf"(?=\s)|(?<={_SIGN})")
_WORD_START: Final = re.compile(rf"(?<!\S)(?=\S)|(?={_SIGN})|(?<={_SIGN})(?=\S)")
_WITHIN: Final = re.compile(rf"(?:(?!{_SIGN})\w){{2}}")
"""Two letters of one word."""
REST_FACTOR: Final = 9.0
"""Who stands by rests so many times as long as it has read: all calls of a process together cost
it a tenth of its time, however many they are."""
_CLINGING: Final = frozenset(",.;:!?%)]}'’”»…")
"""No space goes before these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a model may be silent before the next one is asked."""

    first_s: float = 2.5
    """Until the first words; only where there is another model."""
    between_s: float = 2.0
    """Between two pieces."""


class Minds:
    """See `antiphon.ports.llm.LanguageModel`."""

    def __init__(
        self, roster: Roster[LanguageModel], clock: Clock, patience: Patience | None = None
    ) -> None:
        self._roster, self._clock = roster, clock
        self._patience = patience or Patience()
        self.name = roster.preferred.name
        self._reading: asyncio.Task[ProviderError | None] | None = None
        self._rests_until_s = -math.inf

    @property
    def roster(self) -> Roster[LanguageModel]:
        """Who they are."""
        return self._roster

    async def start(self) -> None:
        """They are started one by one by whoever made them: one that cannot be is no reason not
        to use the others."""

    async def answer(self, asking: Asking) -> AsyncIterator[Saying]:
        """One answer, by as many models as it takes. Each piece says ``by`` whom it is."""
        if self._reading:
            self._reading.cancel()  # whoever waits for an answer goes first
        said = asking.so_far
        tried: list[LanguageModel] = []
        error: ProviderError = Unavailable("nobody could be asked", provider=self.name)
        while (model := self._roster.pick(self._clock.now(), without=tried)) is not None:
            tried.append(model)
            half = replace(asking, so_far=said if said.strip() else "")
            try:
                async with aclosing(self._half(model, half, self._waits(tried))) as pieces:
                    async for piece in pieces:
                        said += piece.text
                        yield piece
                        if piece.reason:
                            return
            except ProviderError as trouble:
                error = trouble
                self._roster.failed(model, trouble, self._clock.now())
                yield Saying(text="", by=model.name, lost=trouble)
        raise error

    async def prime(self, messages: tuple[Message, ...]) -> None:
        """The one that is to be asked next reads ahead; then, while nobody asks anything, those
        who stand by, so that they can go on in the middle of its answer."""
        well = self._roster.well(self._clock.now()) or [self._roster.preferred]
        await well[0].prime(messages)
        if self._reading or self._clock.now() < self._rests_until_s:
            return
        try:
            async with asyncio.TaskGroup() as group:
                reading = self._reading = group.create_task(self._stand_by(well[1:], messages))
        finally:
            self._reading = None
        if not reading.cancelled() and (error := reading.result()):
            raise error

    async def _stand_by(
        self, models: Sequence[LanguageModel], messages: tuple[Message, ...]
    ) -> ProviderError | None:
        """What went wrong first; the others read all the same."""
        began_s, trouble = self._clock.now(), None
        try:
            for model in models:
                try:
                    await model.prime(messages)
                except ProviderError as error:
                    trouble = trouble or error
            return trouble
        finally:
            now_s = self._clock.now()
            self._rests_until_s = now_s + REST_FACTOR * (now_s - began_s)

    async def aclose(self) -> None:
        """See `start`."""

    def _waits(self, tried: list[LanguageModel]) -> Patience | None:
        """How long for; without an end where nobody else is well."""
        others = [model for model in self._roster.well(self._clock.now()) if model not in tried]
        return self._patience if others else None

    async def _half(
        self, model: LanguageModel, asking: Asking, patience: Patience | None
    ) -> AsyncGenerator[Saying, None]:
        """What one model says of an answer: whole words, and nothing that was said before."""
        seam, words = Seam(asking.so_far), _Words(held=len(self._roster) > 1)
        answered, asked_s = False, self._clock.now()
        try:
            async with aclosing(_in_time(model, asking, patience)) as pieces:
                async for piece in pieces:
                    last = bool(piece.reason)
                    text = words.feed(seam.feed(piece.text, last=last), last=last)
                    if text or last:
                        answered = True
                        yield replace(piece, text=text, by=piece.by or model.name)
            raise Unavailable("the answer broke off", provider=model.name)
        except (GeneratorExit, asyncio.CancelledError):
            # Nobody asks for more behind the end of an answer, nor behind what is enough of it.
            if answered:
                self._roster.succeeded(model)
            else:
                self._roster.dropped(model, asked_s)
            raise


async def _in_time(
    model: LanguageModel, asking: Asking, patience: Patience | None
) -> AsyncGenerator[Saying, None]:
    """The model's pieces."""
    wait_s = patience.first_s if patience else None
    answer = model.answer(asking)
    try:
        while True:
            try:
                async with asyncio.timeout(wait_s):
                    piece = await anext(answer)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise TimedOut(f"no words within {wait_s} s", provider=model.name) from None
            wait_s = patience.between_s if patience else None
            yield piece
    finally:
        if isinstance(answer, AsyncGenerator):
            await answer.aclose()


class _Words:
    """Lets whole words through: one that breaks off in the middle was never said."""

    def __init__(self, *, held: bool) -> None:
        self._hold = held
        self._rest = ""

    def feed(self, text: str, *, last: bool) -> str:
        text = self._rest + text
        cut = len(text)
        if self._hold and not last:
            ends = [found.start() for found in _WORD_END.finditer(text)]
            cut = ends[-1] if ends else 0
            cut = len(text) if len(text) - cut > LONGEST_WORD else cut
        self._rest = text[cut:]
        return text[:cut]


class Seam:
    """Joins the second half of an answer to the first. Models asked to go on with the next word
    like to begin again with the last few, or from the very beginning; that is left out."""

    def __init__(self, said: str) -> None:
        self._said = said
        self._held = ""
        self._joined = not said

    def feed(self, text: str, *, last: bool) -> str:
        """More of the second half; returns what of it is new."""
        if self._joined:
            return text
        self._held += text
        if not last and self._may_repeat():
            return ""
        return self._join()

    def _join(self) -> str:
        held, self._held, self._joined = self._held, "", True
        fresh = held[self._repeated(held) :]
        joint = self._said[-1:] + fresh[:1]
        clings = fresh[:1] in _CLINGING or _WORD_END.search(joint) or len(joint) < 2
        return fresh if clings else f" {fresh}"

    def _may_repeat(self) -> bool:
        """It is still a beginning of what was said, or of some end of it."""
        held, said = _folded(self._held.lstrip()), _folded(self._said.strip())
        starts = (found.start() for found in _WORD_START.finditer(said))
        return any(said.startswith(held, at) for at in starts)

    def _repeated(self, held: str) -> int:
        """How much of it was said before: all of the first half, or the longest end of it."""
        space = len(held) - len(held.lstrip())
        text, said = _folded(held.lstrip()), _folded(self._said.strip())
        for at in (found.start() for found in _WORD_START.finditer(said)):
            end = said[at:]
            if (at == 0 or len(end) >= LEAST_LETTERS) and _begins(text, end):
                return space + len(end)
        return 0


def _begins(text: str, end: str) -> bool:
    """Whole words: "in" is no beginning of "inside"."""
    joint = text[len(end) - 1 : len(end) + 1]
    return text.startswith(end) and not _WITHIN.fullmatch(joint)


def _folded(text: str) -> str:
    """In small letters, and as long as before: some letters are two then."""
    folded = (letter.casefold() for letter in text)
    return "".join(low if len(low) == 1 else at for low, at in zip(folded, text, strict=True))
