"""A pretended mind: a language model whose answers are written down beforehand."""

from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from antiphon.actions import Message
from antiphon.errors import ProviderError
from antiphon.ports.clock import Clock
from antiphon.ports.llm import Asking, Saying, ToolCall, Usage

__all__ = ["Scripted", "ScriptedModel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """An answer that is more than words."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    """Tools it asks for; those that were not offered it leaves out."""
    reason: str = ""
    """Why it ends, where it is not for a plain reason: ``refused``."""
    usage: Usage | None = None
    """What it cost, where that matters."""


@dataclass(kw_only=True)
class ScriptedModel:
    """A `LanguageModel` for tests. It gives its answers in order, and the last for ever."""

    clock: Clock
    says: Sequence[str | Scripted] = ("I see.",)
    told: Mapping[str, str | Scripted] = field(default_factory=dict)
    """Answers to whoever's last words hold these; the result of a tool counts as words."""
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
        script = self._script(asking)
        self.asked.append(asking)
        words = script.text.split(" ") if script.text else []
        told = words[: asking.max_tokens]
        self.open += 1
        try:
            await self._wait(self.first_token_s)
            for at, word in enumerate(told):
                self._fail(at, len(words))
                yield Saying(text=word if at == 0 else f" {word}")
                await self._wait(self.token_s)
            self._fail(len(words), len(words))
            self.finished += 1
            yield _last(script, asking, cut=len(told) < len(words), words=len(told))
        finally:
            self.open -= 1

    async def prime(self, messages: tuple[Message, ...]) -> None:
        self.primed.append(messages)

    async def aclose(self) -> None:
        """Nothing to give back."""

    def _script(self, asking: Asking) -> Scripted:
        heard = asking.messages[-1].text if asking.messages else ""
        heard = asking.used[-1].result if asking.used else heard
        line: str | Scripted = self.says[min(len(self.asked), len(self.says) - 1)]
        for words, answer in self.told.items():
            if words.casefold() in heard.casefold():
                line = answer
                break
        return Scripted(text=line) if isinstance(line, str) else line

    def _fail(self, at: int, words: int) -> None:
        if self.faults and at >= words // 2:
            raise self.faults.popleft()

    async def _wait(self, seconds: float) -> None:
        await self.clock.sleep_until(self.clock.now() + seconds)


def _last(script: Scripted, asking: Asking, *, cut: bool, words: int) -> Saying:
    offered = {tool.name for tool in asking.tools}
    calls = () if cut else tuple(call for call in script.calls if call.name in offered)
    reason = "length" if cut else script.reason or ("tools" if calls else "stop")
    usage = script.usage or Usage(prompt_tokens=10, reply_tokens=words)
    return Saying(text="", reason=reason, calls=calls, usage=usage)
