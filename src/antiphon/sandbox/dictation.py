"""One client's speech, piece by piece: what a pretended recogniser that streams is made of.

Lives here: the newest reading of the piece that is open, and its last one. Must not live here: when
a piece ends and how it is told, which are the vendor's.
"""

import asyncio

from antiphon.events import SpeechStarted, SpeechStopped, TranscriptChanged
from antiphon.ports.stt import Heard, Hearing
from antiphon.sandbox.ears import Listener
from antiphon.sandbox.vendor import Means

__all__ = ["Dictation"]


class Dictation:
    """Made for a connection; run it beside whatever reads the client."""

    def __init__(self, means: Means, hearing: Hearing, encoding: str) -> None:
        self.listener = Listener(means.ears, hearing, encoding, self._tell)
        self.latest: TranscriptChanged | None = None
        """The newest reading of the piece that is open, or None."""
        self._finals: asyncio.Queue[TranscriptChanged] = asyncio.Queue()

    async def run(self) -> None:
        """To be cancelled."""
        await self.listener.recognition.run()
        await asyncio.get_running_loop().create_future()

    @property
    def heard_s(self) -> float:
        """How much audio came."""
        return self.listener.heard_s

    @property
    def pause_s(self) -> float:
        """How long nobody has spoken."""
        listener = self.listener
        return 0.0 if listener.voice_since_s is not None else self.heard_s - listener.quiet_since_s

    @property
    def spoken(self) -> bool:
        """The open piece has words."""
        return self.latest is not None and bool(self.latest.text)

    def feed(self, data: bytes) -> list[SpeechStarted | SpeechStopped]:
        """More of the client's audio; returns the edges of speech in it."""
        return self.listener.feed(data)

    async def last(self) -> TranscriptChanged:
        """Read the open piece once more, up to what came."""
        while not self._finals.empty():
            self._finals.get_nowait()
        self.listener.recognition.finalise(self.heard_s)
        return await self._finals.get()

    async def close(self) -> TranscriptChanged:
        """The same, and begin another piece."""
        final = await self.last()
        self.listener.recognition.forget(self.heard_s)
        self.latest = None
        return final

    def _tell(self, heard: Heard) -> None:
        if isinstance(heard, TranscriptChanged):
            self.latest = heard
            if heard.final:
                self._finals.put_nowait(heard)
