"""SmolLM2 in its child process: messages in, text out as it is made.

Only this file imports ``xllamacpp``.
"""

import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import xllamacpp

from antiphon.errors import Missing, Rejected
from antiphon.net.engine import Tell, Work, find_weights

__all__ = ["Engine"]

# A prompt is read in batches, and between two of them an answer can be cancelled: 32 tokens are
# about 120 ms on one thread, and larger batches are not faster there.
_BATCH_TOKENS: Final = 32
# At temperature 0 a model this small says one sentence over and over.
_REPEAT_PENALTY: Final = 1.3
_CACHE_MIB: Final = 64
"""For prompts of conversations that are not being answered now."""


class Engine:
    """See `antiphon.net.engine.Engine`. Safe to use from as many threads as it has slots."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        weights = find_weights(
            Path(settings["model"]), "*.gguf", "run: antiphon models pull smollm2-135m"
        )
        slots = settings["together"]
        params = xllamacpp.CommonParams()
        params.model.path = str(weights)
        # With two threads and any other load on two cores, a token took up to 3 s: they wait for
        # one another in a loop (docs/decisions/0004-engines.md).
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.n_ctx, params.n_parallel = settings["context_tokens"] * slots, slots
        params.n_batch = params.n_ubatch = _BATCH_TOKENS
        params.cache_ram_mib = _CACHE_MIB
        params.verbosity = 0
        # The library listens on a loopback port of its own; nobody but us may use it.
        params.api_keys = [secrets.token_urlsafe(32)]
        params.ui = False
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            raise Missing(
                f"{weights} does not load: {error}", fix="run: antiphon models verify smollm2-135m"
            ) from None
        self.facts: Mapping[str, Any] = {"slots": slots}
        self._warm_up(settings["system_prompt"], slots)

    def work(self, work: Work, tell: Tell) -> None:
        """Tell ``text`` as it is made, at last with ``reason`` and the counts of tokens."""
        counts: dict[str, int] = {}
        reason: list[str] = []
        trouble: list[str] = []

        def hear(chunk: dict[str, Any]) -> bool:
            if error := chunk.get("error"):
                trouble.append(str(error.get("message", error)))
            for choice in chunk.get("choices") or ():
                if text := choice["delta"].get("content"):
                    tell({"text": text, "reason": ""}, b"")
                if ended := choice.get("finish_reason"):
                    reason.append(ended)
            counts.update(chunk.get("usage") or {})
            return work.cancelled

        self._complete(work.fields, hear)
        if trouble:
            raise Rejected(trouble[0], provider="local/smollm2")
        tell(
            {
                "text": "",
                "reason": reason[-1] if reason else "stop",
                "prompt_tokens": counts.get("prompt_tokens", 0),
                "reply_tokens": counts.get("completion_tokens", 0),
            },
            b"",
        )

    def _complete(self, asking: Mapping[str, Any], hear: Callable[[dict[str, Any]], bool]) -> None:
        """The template of the chat is the model's own; ``hear`` returns whether to stop."""
        messages = list(asking["messages"])
        if begun := asking.get("so_far"):
            messages.append({"role": "assistant", "content": begun})  # it goes on from there
        request = {
            "messages": messages,
            "max_tokens": asking["max_tokens"],
            "temperature": asking["temperature"],
            "repeat_penalty": _REPEAT_PENALTY,
            "stream": True,
            "cache_prompt": True,
            "return_progress": True,
            "stream_options": {"include_usage": True},
        }
        self._server.handle_chat_completions(request, hear)

    def _warm_up(self, system_prompt: str, slots: int) -> None:
        """Every slot reads the system prompt, which only answers at the same time can make it."""
        system = [{"role": "system", "content": system_prompt}] if system_prompt else []
        messages = [*system, {"role": "user", "content": "Hello"}]
        asking = {"messages": messages, "max_tokens": 8, "temperature": 0.0}
        together = [
            threading.Thread(target=self._complete, args=(asking, lambda _: False))
            for _ in range(slots)
        ]
        for thread in together:
            thread.start()
        for thread in together:
            thread.join()
