"""``/v1/speech-to-text/realtime`` from the vendor's end.

How often partials come, and what a server's own pauses are, is our guess; the shapes, the two
answers to a commit and the close after one of too little audio are those of published clients.
"""

import uuid
from typing import Any, Final

from starlette.websockets import WebSocket

from antiphon.errors import RemoteProtocolError
from antiphon.events import TranscriptChanged
from antiphon.net.socket import together
from antiphon.ports.stt import Hearing
from antiphon.providers.elevenlabs.wire import scribe as wire
from antiphon.sandbox.dictation import Dictation
from antiphon.sandbox.line import Line
from antiphon.sandbox.vendor import Means

__all__ = ["AUDIO", "serve_listen"]

AUDIO: Final[dict[str, tuple[int, str]]] = {
    **{f"pcm_{hz}": (hz, "linear16") for hz in (8000, 16_000, 22_050, 24_000, 44_100, 48_000)},
    "ulaw_8000": (8000, "mulaw"),
}
TELL_EVERY_S: Final = 0.25
PAUSE_S: Final = 1.5
"""With ``commit_strategy=vad``, where the client does not say (a peer's client does)."""
MOST_CHUNK: Final = 1 << 20
REFUSED: Final = 1008
ENDED: Final = 1000


async def serve_listen(line: Line, websocket: WebSocket, means: Means) -> None:
    """One connection, to its end."""
    session = _Session(line, websocket, means)
    await together(session.run(), session.dictation.run())


class _Session:
    def __init__(self, line: Line, websocket: WebSocket, means: Means) -> None:
        query = websocket.query_params
        self._line, self._query = line, query
        self._format = query.get("audio_format", "pcm_16000")
        self._rate_hz, encoding = AUDIO[self._format]
        self._timed = query.get("include_timestamps") == "true"
        self._detects = query.get("include_language_detection") == "true"
        self._pauses = query.get("commit_strategy", "manual") == "vad"
        self._pause_s = float(query.get("vad_silence_threshold_secs", PAUSE_S))
        self._language = query.get("language_code", "en")
        terms = tuple(query.getlist("keyterms"))
        hearing = Hearing(rate_hz=self._rate_hz, language=self._language, keyterms=terms)
        self.dictation = Dictation(means, hearing, encoding)
        self._committed_s = self._told_s = 0.0
        self._told = ""
        self._spoken = False
        """A message came; ``previous_text`` is for the first alone."""

    async def run(self) -> None:
        config: dict[str, Any] = {
            "sample_rate": self._rate_hz,
            "audio_format": self._format,
            "language_code": self._language,
            "commit_strategy": "vad" if self._pauses else "manual",
            "model_id": self._query.get("model_id"),
            "include_timestamps": self._timed,
            "include_language_detection": self._detects,
        }
        await self._line.send(wire.encode(wire.SessionStarted(uuid.uuid4().hex, config)))
        while True:
            frame = await self._line.receive()
            try:
                asked = wire.decode_client(frame if isinstance(frame, str) else "")
            except RemoteProtocolError as error:
                await self._end("input_error", str(error))
                return
            if asked.previous_text and self._spoken:
                await self._end("invalid_request", "previous_text comes with the first chunk only")
            if len(asked.audio_base_64) > MOST_CHUNK:
                await self._end("chunk_size_exceeded", "the chunk is too large")
            self._spoken = True
            await self._audio(asked.audio_base_64[: len(asked.audio_base_64) // 2 * 2])
            if asked.commit:
                await self._commit()

    async def _audio(self, data: bytes) -> None:
        if not data:
            return
        dictation = self.dictation
        dictation.feed(data)
        heard_s = dictation.heard_s
        paused = self._pauses and dictation.spoken and dictation.pause_s >= self._pause_s
        if paused or heard_s - self._committed_s >= wire.COMMIT_AFTER_S:
            await self._committed()
        elif heard_s - self._told_s >= TELL_EVERY_S:
            self._told_s = heard_s
            text = dictation.latest.text if dictation.latest else ""
            if text and text != self._told:
                self._told = text
                await self._line.send(wire.encode(wire.Partial(text)))

    async def _commit(self) -> None:
        # What a client rounds to a whole sample is enough.
        if self.dictation.heard_s - self._committed_s < wire.COMMIT_LEAST_S - 1e-3:
            await self._end(
                "commit_throttled", f"at least {wire.COMMIT_LEAST_S} s of audio before a commit"
            )
        await self._committed()

    async def _committed(self) -> None:
        final = await self.dictation.close()
        self._committed_s, self._told = self.dictation.heard_s, ""
        await self._line.send(wire.encode(wire.Committed(final.text)))
        if self._timed or self._detects:
            language = final.language or self._language
            timed = wire.TimedCommitted(final.text, language, self._words(final))
            await self._line.send(wire.encode(timed))

    def _words(self, final: TranscriptChanged) -> tuple[wire.Word, ...]:
        if not self._timed:
            return ()
        words: list[wire.Word] = []
        for word in final.words:
            if words:
                gap = wire.Word(text=" ", start=words[-1].end, end=word.start_s, type="spacing")
                words.append(gap)
            words.append(
                wire.Word(text=word.text, start=word.start_s, end=word.end_s, logprob=-0.01)
            )
        return tuple(words)

    async def _end(self, kind: str, why: str) -> None:
        """Say what is wrong, and close. Does not return."""
        await self._line.send(wire.encode(wire.Trouble(kind, why)))
        await self._line.close(REFUSED if kind != "commit_throttled" else ENDED, why[:120])
