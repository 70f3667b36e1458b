"""What takes time to think about: model requests and looks at a pause, as tasks of one call.

Each comes back as events. Lives here: starting, cancelling, and saying plainly when nothing came.
Must not live here: what is asked and what is made of the answer (dialog, turns).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Final, Literal, Protocol

from antiphon.actions import AskModel, PrimeModel
from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.events import Event, ModelFailed, ModelFinished, ModelSaid, TurnScored
from antiphon.ports.attendance import Attendance
from antiphon.ports.endpoint import EndpointModel
from antiphon.ports.llm import Asking, LanguageModel, Saying, Usage

__all__ = ["Note", "Thinking"]


LETTERS_PER_TOKEN: Final = 4.0
"""Of English, roughly."""


class Note(Protocol):
    """Writes a note of that name to the call log."""

    def __call__(self, name: str, /, **fields: object) -> None: ...


class Thinking:
    """One per call. Everything returns at once."""

    def __init__(
        self,
        *,
        model: LanguageModel | None,
        endpoint: EndpointModel | None,
        start: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
        tell: Callable[[Event], None],
        note: Note,
        attendance: Attendance,
    ) -> None:
        """``start`` makes a task of the call's group."""
        self._model = model
        self._endpoint = endpoint
        self._start = start
        self._tell = tell
        self._note = note
        self._attendance = attendance
        self._requests: dict[int, asyncio.Task[None]] = {}
        self._priming: asyncio.Task[None] | None = None
        self._scoring = False

    def ask(self, ask: AskModel) -> None:
        """Ends in ModelFinished or ModelFailed, unless it is cancelled."""
        if self._model is None:
            failed = ModelFailed(request=ask.request, reason="no language model is configured")
            self._tell(failed)
            return
        task = self._start(self._answer(self._model, ask))
        self._requests[ask.request] = task
        task.add_done_callback(lambda _: self._requests.pop(ask.request, None))

    def cancel(self, request: int) -> None:
        """The answer is not wanted any more, if it still was to come."""
        if task := self._requests.pop(request, None):
            task.cancel()

    def prime(self, prime: PrimeModel) -> None:
        """Let the model read ahead; only the newest reading is worth anything."""
        if self._model is not None:
            if self._priming:
                self._priming.cancel()
            self._priming = self._start(self._read_ahead(self._model, prime))

    def score(self, recent_16k: Callable[[], bytes], until_s: float) -> None:
        """Ask how finished it sounds; a question asked while one is open is skipped."""
        if self._endpoint is not None and not self._scoring:
            self._scoring = True
            self._start(self._score(self._endpoint, recent_16k(), until_s))

    async def _answer(self, model: LanguageModel, ask: AskModel) -> None:
        answer = model.answer(Asking(messages=ask.messages, max_tokens=ask.max_tokens))
        letters, by, served = 0, model.name, ""
        asked = True
        """Something may have to be paid for that is not written down yet."""
        lost: ProviderError | None = None
        try:
            async for piece in answer:
                letters, by = letters + len(piece.text), piece.by or by
                if lost := piece.lost:
                    self._attendance.lost(lost)
                    self._guess(by, ask, letters)
                    letters = 0
                if piece.text:
                    if by != served:
                        served = by
                        self._attendance.serves(by)
                    self._tell(ModelSaid(request=ask.request, text=piece.text))
                if piece.reason:
                    self._used(by, piece.usage, ask, letters)
                    asked = False
                    self._tell(_finished(ask.request, piece))
                    return
            raise Unavailable("the answer broke off", provider=by)
        except ProviderError as error:
            asked = False
            if error is not lost:
                self._attendance.lost(error)
                self._guess(by, ask, letters)
            self._attendance.nobody(error)
            kind: Literal["error", "late"] = "late" if isinstance(error, TimedOut) else "error"
            self._tell(ModelFailed(request=ask.request, reason=str(error), kind=kind))
        finally:
            if asked:
                # It was cut short. What was asked is paid for even where nothing was said yet.
                self._used(by, Usage(), ask, letters)
            if isinstance(answer, AsyncGenerator):
                await answer.aclose()

    def _guess(self, provider: str, ask: AskModel, letters: int) -> None:
        """It failed, and nobody counted: by the rule of thumb. Who said nothing refused."""
        if letters:
            self._used(provider, Usage(), ask, letters)

    def _used(self, provider: str, usage: Usage, ask: AskModel, letters: int) -> None:
        """As it counted, or by the rule of thumb where it did not."""
        estimated = usage == Usage()
        usage = _guessed(ask, letters) if estimated else usage
        self._attendance.used(
            provider,
            estimated=estimated,
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_tokens,
            reply_tokens=usage.reply_tokens,
            audio_tokens=usage.audio_tokens,
        )

    async def _read_ahead(self, model: LanguageModel, prime: PrimeModel) -> None:
        try:
            await model.prime(prime.messages)
        except ProviderError as error:
            self._note("prime_failed", why=str(error))

    async def _score(self, model: EndpointModel, audio_16k: bytes, until_s: float) -> None:
        try:
            score = await model.score(audio_16k)
        except ProviderError as error:
            self._note("endpoint_lost", why=str(error))
        else:
            self._tell(TurnScored(until_s=until_s, score=score))
        finally:
            self._scoring = False


def _guessed(ask: AskModel, letters: int) -> Usage:
    asked = sum(len(message.text) for message in ask.messages)
    return Usage(
        prompt_tokens=round(asked / LETTERS_PER_TOKEN),
        reply_tokens=round(letters / LETTERS_PER_TOKEN),
    )


def _finished(request: int, last: Saying) -> ModelFinished:
    return ModelFinished(
        request=request,
        reason=last.reason,
        prompt_tokens=last.usage.prompt_tokens,
        reply_tokens=last.usage.reply_tokens,
    )
