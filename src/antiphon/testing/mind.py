"""A pretended mind: a language model whose answers are written down beforehand."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from antiphon.actions import Message
from antiphon.errors import ProviderError
from antiphon.ports.clock import Clock
from antiphon.ports.llm import Asking, Saying, Usage

__all__ = ["ScriptedModel"]


@dataclass(kw_only=True)
class ScriptedModel:
    """A `LanguageModel` for tests. It gives its answers in order, and the last for ever."""

    clock: Clock
    says: Sequence[str] = ("I see.",)
    first_token_s: float = 0.1
    token_s: float = 0.01
    faults: deque[ProviderError] = field(default_factory=deque)
    """Raised, one each, by the requests in order, after half of the answer."""
    name: str = "scripted"

    def __post_init__(self) -> None:
        self.asked: list[Asking] = []
        """Every request so far."""
        self.primed: list[tuple[Message, ...]] = []
        """Everything it was let read ahead of time."""
        self.finished = 0
        """How many answers were taken to their end."""
        self.open = 0
        """Answers that are neither used up nor closed."""

    async def start(self) -> None:
        """Nothing to load."""

    async def answer(self, asking: Asking) -> AsyncIterator[Saying]:
        text = self.says[min(len(self.asked), len(self.says) - 1)]
        self.asked.append(asking)
        words = text.split(" ")
        self.open += 1
        try:
            await self._wait(self.first_token_s)
            for at, word in enumerate(words):
                if self.faults and at >= len(words) // 2:
                    raise self.faults.popleft()
                yield Saying(text=word if at == 0 else f" {word}")
                await self._wait(self.token_s)
            self.finished += 1
            yield Saying(
                text="", reason="stop", usage=Usage(prompt_tokens=10, reply_tokens=len(words))
            )
        finally:
            self.open -= 1

    async def prime(self, messages: tuple[Message, ...]) -> None:
        self.primed.append(messages)

    async def aclose(self) -> None:
        """Nothing to give back."""

    async def _wait(self, seconds: float) -> None:
        await self.clock.sleep_until(self.clock.now() + seconds)
