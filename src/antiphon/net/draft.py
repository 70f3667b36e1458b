"""A language model's answer as it grows, event by event, and how long it may take.

Each vendor's ``llm.py`` reads its own events into a `Draft`; `answered` does the rest alike for
all. Must not live here: any vendor's events.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, PositiveFloat

from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.net.sdk import SdkHttp, SdkStream
from antiphon.ports.llm import Saying, ToolCall, Usage

__all__ = ["Draft", "Waits", "answered"]

AFTERWARDS_S: Final = 0.25
"""How long what follows a complete answer is waited for: the count of tokens, and the end that
makes the connection fit for the next request."""


class Waits(BaseModel):
    """How long a language model may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_token_s: PositiveFloat = 8.0
    """Until the first word, or the first sign of a tool, from the moment it was asked."""
    between_tokens_s: PositiveFloat = 4.0
    """Between two events of an answer."""


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Draft:
    """What has come of an answer beside its text."""

    reason: str = ""
    """As in `Saying`; set when the answer is complete."""
    usage: Usage = field(default_factory=Usage)
    begun: bool = False
    """There were words, or the sign of a tool."""
    refused: bool = False
    """What is being said is a refusal."""
    calls: dict[int, _Call] = field(default_factory=dict)

    def call(self, at: int, *, as_id: str = "", name: str = "", more: str = "") -> None:
        """A piece of the tool call at a place; ``more`` of its arguments."""
        call = self.calls.setdefault(at, _Call())
        call.id, call.name = as_id or call.id, name or call.name
        call.arguments += more
        self.begun = True

    def last(self) -> Saying:
        """The end of the answer."""
        calls = tuple(
            ToolCall(id=call.id or f"call_{at}", name=call.name, arguments=call.arguments or "{}")
            for at, call in sorted(self.calls.items())
        )
        reason = "tools" if calls and self.reason == "stop" else self.reason
        # A call that was cut short by the length has arguments nobody can use.
        return Saying(
            text="", reason=reason, calls=calls if reason == "tools" else (), usage=self.usage
        )


async def answered(
    http: SdkHttp,
    waits: Waits,
    ask: Callable[[], Awaitable[AsyncIterator[Any]]],
    read: Callable[[Any, Draft], str],
    trouble: Callable[[Exception], ProviderError],
) -> AsyncGenerator[Saying, None]:
    """The answer that ``ask`` opens; ``read`` makes text of an event and notes the rest, and
    ``trouble`` says what an error of the SDK means. Closing it closes the vendor's stream."""
    draft = Draft()
    watch = _Watch(http, waits, trouble, draft)
    stream: SdkStream = await watch.over(http.open(ask))
    try:
        while (text := await watch.over(_next(stream, read, draft))) is not None:
            draft.begun = draft.begun or bool(text)
            if text:
                yield Saying(text=text)
            watch.again()
        if not draft.reason:
            raise Unavailable("the answer broke off", provider=http.provider)
    finally:
        await stream.aclose()
    yield draft.last()


async def _next(stream: SdkStream, read: Callable[[Any, Draft], str], draft: Draft) -> str | None:
    event = await stream.next()
    return None if event is None else read(event, draft)


class _Watch:
    """Whoever is late is given up; but when the answer is complete nothing else matters."""

    def __init__(
        self,
        http: SdkHttp,
        waits: Waits,
        trouble: Callable[[Exception], ProviderError],
        draft: Draft,
    ) -> None:
        self._http, self._waits, self._trouble, self._draft = http, waits, trouble, draft
        self._until_s = self._now() + waits.first_token_s
        self._complete = False

    def again(self) -> None:
        """The vendor has said something, and whoever listens has taken it."""
        if self._draft.reason and not self._complete:
            self._complete = True
            self._until_s = self._now() + AFTERWARDS_S
        elif self._draft.begun and not self._complete:
            self._until_s = self._now() + self._waits.between_tokens_s

    async def over(self, work: Awaitable[Any]) -> Any:
        """What comes of it; None where the answer needs it no more."""
        begun, provider = self._draft.begun, self._http.provider
        try:
            async with asyncio.timeout_at(self._until_s):
                return await work
        except TimeoutError:
            if self._draft.reason:
                return None
            after_s = self._waits.between_tokens_s if begun else self._waits.first_token_s
            what = "silent for" if begun else "no word within"
            raise TimedOut(f"{what} {after_s:g} s", provider=provider) from None
        except self._http.errors as error:
            if self._draft.reason:
                return None
            raise self._trouble(error) from None

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
