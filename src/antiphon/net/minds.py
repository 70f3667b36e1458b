"""Several language models as one: the next goes on where one breaks off, in the middle of a word
if need be, and nothing is said twice.

Lives here: who is asked, for how long, and the seam between two halves of an answer. Must not live
here: what is asked (dialog), what a vendor's error means (its adapter).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from antiphon.actions import Message
from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.net.roster import Roster
from antiphon.ports.clock import Clock
from antiphon.ports.llm import Asking, LanguageModel, Saying

__all__ = ["Minds", "Patience", "Seam"]

HELD_LETTERS: Final = 240
"""So much of a continuation is held back at most while it may still be a repetition."""
LEAST_LETTERS: Final = 4
"""A shorter repetition is a coincidence: many words begin with an "a"."""


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

    @property
    def roster(self) -> Roster[LanguageModel]:
        """Who they are."""
        return self._roster

    async def start(self) -> None:
        """They are started one by one by whoever made them: one that cannot be is no reason not
        to use the others."""

    async def answer(self, asking: Asking) -> AsyncIterator[Saying]:
        """One answer, by as many models as it takes. Each piece says ``by`` whom it is."""
        said = asking.so_far
        tried: list[LanguageModel] = []
        error: ProviderError = Unavailable("nobody could be asked", provider=self.name)
        while (model := self._roster.pick(self._clock.now(), without=tried)) is not None:
            tried.append(model)
            seam, words = Seam(said), _Words(held=len(self._roster) > 1)
            try:
                async with aclosing(self._pieces(model, replace(asking, so_far=said))) as pieces:
                    async for piece in pieces:
                        last = bool(piece.reason)
                        text = words.feed(seam.feed(piece.text, last=last), last=last)
                        said += text
                        if text or piece.reason:
                            yield replace(piece, text=text, by=piece.by or model.name)
                        if piece.reason:
                            self._roster.succeeded(model)
                            return
                raise Unavailable("the answer broke off", provider=model.name)
            except ProviderError as trouble:
                error = trouble
                self._roster.failed(model, trouble, self._clock.now())
                yield Saying(text="", by=model.name, lost=trouble)
        raise error

    async def prime(self, messages: tuple[Message, ...]) -> None:
        """The one that is to be asked next reads ahead."""
        if model := self._roster.pick(self._clock.now()):
            await model.prime(messages)

    async def aclose(self) -> None:
        """See `start`."""

    async def _pieces(self, model: LanguageModel, asking: Asking) -> AsyncGenerator[Saying, None]:
        """The model's, each in time. The last one that is left may take as long as it wants."""
        patience = self._patience if len(self._roster) > 1 else None
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
                    raise TimedOut(f"no words within {wait_s:g} s", provider=model.name) from None
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
            cut = max((at for at, letter in enumerate(text) if letter.isspace()), default=0)
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
        if not last and len(self._held) < HELD_LETTERS and self._may_repeat():
            return ""
        return self._join()

    def _join(self) -> str:
        held, self._held, self._joined = self._held, "", True
        fresh = held[self._repeated(held) :]
        if not fresh:
            return ""
        space = fresh[0].isalnum() and not self._said[-1:].isspace()
        return f" {fresh}" if space else fresh

    def _may_repeat(self) -> bool:
        """It is still a beginning of what was said, or of some end of it."""
        held, said = self._held.lstrip().casefold(), self._said.strip().casefold()
        if said.startswith(held):
            return True
        return any(said[at:].startswith(held) for at in _word_starts(said))

    def _repeated(self, held: str) -> int:
        """How much of it was said before: all of the first half, or the longest end of it."""
        space = len(held) - len(held.lstrip())
        text, said = held.lstrip().casefold(), self._said.strip().casefold()
        for at in _word_starts(said):
            end = said[at:]
            if (at == 0 or len(end) >= LEAST_LETTERS) and _begins(text, end):
                return space + len(end)
        return 0


def _begins(text: str, end: str) -> bool:
    """Whole words: "in" is no beginning of "inside"."""
    if not text.startswith(end):
        return False
    after = text[len(end) : len(end) + 1]
    return not (after.isalnum() and end[-1].isalnum())


def _word_starts(text: str) -> list[int]:
    """Where words begin, the first first."""
    return [at for at, _ in enumerate(text) if at == 0 or (text[at - 1].isspace())]
