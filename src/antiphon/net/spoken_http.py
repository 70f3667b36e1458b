"""A voice that is asked for speech request by request: how clauses become requests.

    class AzureSynthesiser:
        def utter(self, speaking: Speaking) -> HttpUtterance:
            return HttpUtterance(partial(self._sound, speaking), provider=self.name)

        async def _sound(self, speaking: Speaking, text: str) -> AsyncGenerator[bytes, None]:
            async with self._http.ask("POST", "/speech", json=...) as answer:
                async for chunk in answer.chunks():
                    yield chunk

One request for each clause, or for each piece of a very long one; the next is under way while the
one before is being spoken, so that they follow each other without a gap. Lives here: the order of
it all, for every vendor. Must not live here: what is asked and how an answer is read.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypeAlias

from antiphon.errors import ProviderError, Unavailable
from antiphon.net.child_job import sendable
from antiphon.net.clauses import pieces, speakable, whole_samples
from antiphon.ports.tts import Spoken, SpokenWord

__all__ = ["HttpUtterance", "Sound", "Stressed"]

Sound: TypeAlias = Callable[[str], AsyncGenerator[bytes | tuple[SpokenWord, ...], None]]
"""Asks for a text's speech and yields it as PCM16, in chunks of any length, cut anywhere; where
the vendor tells, also the words of the chunk that comes next, in samples of this text. It is
closed early when nobody wants the rest. Raises a `ProviderError`."""


class Stressed(Protocol):
    """The same, of a text in which words are to be stressed, by number."""

    def __call__(
        self, text: str, /, stress: tuple[int, ...]
    ) -> AsyncGenerator[bytes | tuple[SpokenWord, ...], None]: ...


AHEAD: Final = 2
"""Requests under way: the piece being spoken and the next."""
PIECE_LETTERS: Final = 1000
"""About a minute of speech; less than any vendor's limit that is known."""
MOST_BYTES: Final = 32 << 20
"""Of one piece: many times what it can be."""


@dataclass(slots=True, eq=False)
class _Piece:
    """Text, and what came of it so far."""

    text: str
    clause: int
    last: bool
    """It is the last of its clause."""
    stress: tuple[int, ...] = ()
    made: deque[bytes] = field(default_factory=deque)
    """Sound that is not spoken yet."""
    half: bytes = b""
    words: list[SpokenWord] = field(default_factory=list)
    """Told, but not handed on."""
    done: bool = False
    failure: ProviderError | None = None

    def take(self) -> Spoken | None:
        """The next of it, or that it is over; None where that must be waited for. Raises what
        went wrong when all sound before it is spoken."""
        if self.made:
            whole, self.half = whole_samples(self.half + b"".join(self.made))
            self.made.clear()
            if whole:
                words, self.words = tuple(self.words), []
                return Spoken(pcm=whole, clause=self.clause, words=words)
        if self.failure is not None:
            raise self.failure
        if not self.done:
            return None
        return Spoken(pcm=b"", clause=self.clause, words=tuple(self.words), last=self.last)


class HttpUtterance:
    """One reply; see `antiphon.ports.tts.Utterance`."""

    def __init__(
        self,
        sound: Sound,
        *,
        provider: str,
        letters: int = PIECE_LETTERS,
        ahead: int = AHEAD,
        stressed: Stressed | None = None,
    ) -> None:
        """``letters`` is the most one request may hold; ``ahead`` is 1 where a server cannot
        answer two at once; ``stressed`` is for vendors that can stress words."""
        self._sound, self._stressed, self._provider = sound, stressed, provider
        self._letters, self._ahead = letters, ahead
        self._said: deque[_Piece] = deque()
        """Not asked for yet."""
        self._asked: deque[_Piece] = deque()
        self._clauses = 0
        self._samples = self._before = 0
        """Of the clause being spoken: made so far, and those of its earlier pieces."""
        self._ended = False
        self._woken = asyncio.Event()

    def say(self, clause: str, stress: tuple[int, ...] = ()) -> None:
        texts = pieces(sendable(clause), self._letters)
        before = 0
        for number, text in enumerate(texts, 1):
            words = len(text.split()) if stress else 0
            here = tuple(word - before for word in stress if before <= word < before + words)
            self._said.append(_Piece(text, self._clauses, number == len(texts), here))
            before += words
        self._clauses += 1
        self._woken.set()

    def end(self) -> None:
        self._ended = True
        self._woken.set()

    async def audio(self) -> AsyncIterator[Spoken]:
        failure: ProviderError | None = None
        async with asyncio.TaskGroup() as group:
            asking: list[asyncio.Task[None]] = []
            try:
                while (spoken := await self._next(group, asking)) is not None:
                    yield spoken
            except ProviderError as error:
                failure = error
            except GeneratorExit:
                # Whoever closes the audio is not to get this back in an exception group.
                pass
            finally:
                for task in asking:
                    task.cancel()
        if failure is not None:
            raise failure

    async def _next(
        self, group: asyncio.TaskGroup, asking: list[asyncio.Task[None]]
    ) -> Spoken | None:
        """The next speech; None when there is no more."""
        while True:
            self._woken.clear()
            while self._said and len(self._asked) < self._ahead:
                piece = self._said.popleft()
                self._asked.append(piece)
                asking[:] = [task for task in asking if not task.done()]
                asking.append(group.create_task(self._ask(piece)))
            if self._asked:
                spoken = self._asked[0].take()
                if spoken is not None:
                    if not spoken.pcm:
                        self._asked.popleft()
                    return self._placed(spoken)
            elif self._ended:
                return None
            await self._woken.wait()

    def _placed(self, spoken: Spoken) -> Spoken:
        """Its words counted from the beginning of the clause, of which this may be a piece."""
        at, self._samples = self._before, self._samples + len(spoken.pcm) // 2
        if not spoken.pcm:
            self._before = self._samples = 0 if spoken.last else self._samples
        if not (at and spoken.words):
            return spoken
        words = (SpokenWord(text=w.text, start=w.start + at, end=w.end + at) for w in spoken.words)
        return replace(spoken, words=tuple(words))

    async def _ask(self, piece: _Piece) -> None:
        """One request. It fails for its piece only: what went before is spoken first."""
        try:
            if speakable(piece.text):
                await self._hear(piece)
        except ProviderError as error:
            piece.failure = error
        piece.done = True
        self._woken.set()

    async def _hear(self, piece: _Piece) -> None:
        heard = 0
        if piece.stress and self._stressed:
            sound = self._stressed(piece.text, stress=piece.stress)
        else:
            sound = self._sound(piece.text)
        async with aclosing(sound) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, tuple):
                    piece.words += chunk
                    continue
                piece.made.append(chunk)
                self._woken.set()
                heard += len(chunk)
                if heard > MOST_BYTES:
                    raise Unavailable("does not stop speaking", provider=self._provider)
