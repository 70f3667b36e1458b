"""SmolLM2 as a `LanguageModel`: a child process that answers."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from antiphon.actions import Message
from antiphon.net.child import Child
from antiphon.net.child_job import Job, Program, Urgency, sendable
from antiphon.ports.llm import Asking, Saying, Usage
from antiphon.providers.smollm2.settings import SmolLM2Settings

__all__ = ["SmolLM2"]


class SmolLM2:
    """The embedded language model; see `antiphon.ports.llm.LanguageModel`."""

    name = "local/smollm2"

    def __init__(self, settings: SmolLM2Settings) -> None:
        self._reading: set[Job] = set()
        """Ahead of requests, which go first."""
        self._child = Child(
            Program(
                name=self.name,
                engine="antiphon.providers.smollm2.engine:Engine",
                settings={
                    "model": str(settings.model),
                    "context_tokens": settings.context_tokens,
                    "together": settings.together,
                    "system_prompt": settings.system_prompt,
                },
                environment={"OMP_NUM_THREADS": "1"},
                nice=settings.nice,
                lanes=settings.together,
            )
        )

    @property
    def child(self) -> Child:
        """Where the engine runs."""
        return self._child

    async def start(self) -> None:
        await self._child.start()

    async def answer(self, asking: Asking) -> AsyncIterator[Saying]:
        if self._child.busy:
            for reading in self._reading:
                reading.cancel()
        with self._child.ask(_fields(asking)) as job:
            async for piece in job:
                yield _saying(piece.fields)

    async def prime(self, messages: tuple[Message, ...]) -> None:
        # The caller's next words are the only part not known yet; one token is the least that
        # can be asked for.
        asked = Asking(messages=(*messages, Message(role="user", text="")), max_tokens=1)
        with self._child.ask(_fields(asked), urgency=Urgency.SPARE) as job:
            self._reading.add(job)
            try:
                async for _ in job:
                    pass
            finally:
                self._reading.discard(job)

    async def aclose(self) -> None:
        await self._child.aclose()


def _fields(asking: Asking) -> dict[str, Any]:
    return {
        "messages": [
            {"role": said.role, "content": sendable(said.text)} for said in asking.messages
        ],
        "max_tokens": asking.max_tokens,
        "temperature": asking.temperature or 0.0,
        "so_far": sendable(asking.so_far),
    }


def _saying(fields: Mapping[str, Any]) -> Saying:
    usage = Usage(
        prompt_tokens=fields.get("prompt_tokens", 0), reply_tokens=fields.get("reply_tokens", 0)
    )
    return Saying(text=fields["text"], reason=fields["reason"], usage=usage)
