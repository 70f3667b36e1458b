"""The end-of-turn model, as the call sees it."""

from typing import Protocol


class EndpointModel(Protocol):
    """Says from sound alone how finished a turn sounds; shared by all calls of a process."""

    name: str

    async def start(self) -> None:
        """Load and warm up. Once, before the first call."""
        ...

    async def score(self, pcm_16k: bytes) -> float:
        """How finished, in 0..1, the speech at the end of this audio (16 kHz PCM16, at most
        the last 8 s are used) sounds. Raises `ProviderError`."""
        ...

    async def aclose(self) -> None:
        """Give everything back."""
        ...
