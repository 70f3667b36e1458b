"""``/v1/listen`` from the vendor's end.

Results come about four times for a second of audio, words or not; the audio behind the last final
is read again in each. When the service itself ends a piece, how often it tells, and all timing is
our guess; the shapes and the order of messages are the published client's.
"""

import asyncio
import hashlib
import uuid
from typing import Final

from starlette.websockets import WebSocket

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.events import SpeechStarted, TranscriptChanged
from antiphon.net.socket import together
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.deepgram.wire import nova as wire
from antiphon.sandbox.ears import Listener
from antiphon.sandbox.line import Line
from antiphon.sandbox.vendor import Means

__all__ = ["serve_listen"]

TELL_EVERY_S: Final = 0.25
PIECE_S: Final = 5.0
"""A piece longer than this is closed at the next pause."""
PAUSE_S: Final = 0.3
IDLE_S: Final = 10.0
"""Without audio or message for so long, the vendor closes (third party)."""
FILLERS: Final = ("um", "uh")
"""Left out where ``filler_words`` are not asked for (vendor's documentation)."""
KEYTERM_WORDS: Final = 500
"""The service counts tokens."""
IDLE_REASON: Final = "NET-0001: no audio data or message was received within the timeout"


async def serve_listen(line: Line, websocket: WebSocket, means: Means) -> None:
    """One connection, to its end."""
    query = websocket.query_params
    hearing = Hearing(
        rate_hz=int(query["sample_rate"]),
        language=query.get("language", "en"),
        detect=tuple(query.getlist("language_hint")),
        keep_fillers=query.get("filler_words") == "true",
        speakers=query.get("diarize") == "true" or "diarize_model" in query,
        keyterms=tuple(query.getlist("keyterm")),
    )
    session = _Session(line, websocket, means, hearing)
    await session.run()


class _Session:
    def __init__(self, line: Line, websocket: WebSocket, means: Means, hearing: Hearing) -> None:
        query = websocket.query_params
        self._line = line
        self._interim = query.get("interim_results") == "true"
        self._events = query.get("vad_events") == "true"
        ms = query.get("endpointing", "10")
        self._endpoint_s = max(int(ms) / 1000, PAUSE_S) if ms.isdecimal() else None
        gap_ms = query.get("utterance_end_ms", "")
        self._gap_s = int(gap_ms) / 1000 if gap_ms.isdecimal() else None
        self._word_end_s: float | None = None
        """Of the last word that is final; None when its utterance's end was told."""
        self._model = query["model"]
        self._hearing = hearing
        self._id = str(uuid.uuid4())
        self._digest = hashlib.sha256()
        self._listener = Listener(means.ears, hearing, query["encoding"], self._tell)
        self._latest: TranscriptChanged | None = None
        self._finals: asyncio.Queue[TranscriptChanged] = asyncio.Queue()
        self._base_s = self._told_s = 0.0
        """Where the open piece begins, and how far was told."""

    async def run(self) -> None:
        await together(self._serve(), self._hear())

    async def _hear(self) -> None:
        try:
            await self._listener.recognition.run()
        except ProviderError as error:
            await self._line.close(1011, f"NET-0000: {error}"[:100])
        await asyncio.get_running_loop().create_future()

    def _tell(self, heard: Heard) -> None:
        if isinstance(heard, TranscriptChanged):
            self._latest = heard
            if heard.final:
                self._finals.put_nowait(heard)

    async def _serve(self) -> None:
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    frame = await self._line.receive()
            except TimeoutError:
                await self._line.close(1011, IDLE_REASON)
                return
            if isinstance(frame, bytes):
                await self._audio(frame)
            elif not await self._message(frame):
                return

    # --- audio -------------------------------------------------------------------------------

    async def _audio(self, data: bytes) -> None:
        if not data:
            self._line.vanish()  # the vendor's documentation: "an unexpected closure"
            return
        self._digest.update(data)
        edges = self._listener.feed(data)
        for edge in edges:
            if self._events and isinstance(edge, SpeechStarted):
                started = wire.SpeechStarted((0, 1), round(edge.at_s, 3))
                await self._line.send(wire.encode(started))
        heard_s = self._listener.heard_s
        if heard_s - self._told_s < TELL_EVERY_S:
            return
        self._told_s = heard_s
        if self._ends_here(heard_s):
            await self._final(speech=True, asked=False)
        elif self._interim:
            await self._results(self._latest, is_final=False)
        await self._utterance_end(heard_s)

    async def _utterance_end(self, heard_s: float) -> None:
        """No new word for as long as was asked for, after one that is final."""
        end_s, open_words = self._word_end_s, self._latest.words if self._latest else ()
        if self._gap_s is None or end_s is None or open_words or heard_s - end_s < self._gap_s:
            return
        self._word_end_s = None
        await self._line.send(wire.encode(wire.UtteranceEnd((0, 1), round(end_s, 3))))

    def _ends_here(self, heard_s: float) -> bool:
        listener = self._listener
        if listener.voice_since_s is not None or not (self._latest and self._latest.text):
            return False
        pause_s = heard_s - listener.quiet_since_s
        if self._endpoint_s is not None and pause_s >= self._endpoint_s:
            return True
        return heard_s - self._base_s > PIECE_S and pause_s >= PAUSE_S

    # --- messages ----------------------------------------------------------------------------

    async def _message(self, text: str) -> bool:
        """Whether the connection goes on."""
        try:
            message = wire.decode_client(text)
        except RemoteProtocolError as error:
            await self._misunderstood(text, str(error))
            return True
        match message:
            case wire.Finalize():
                await self._final(speech=False, asked=True)
            case wire.CloseStream():
                await self._goodbye()
                return False
            case wire.Configure(keyterms=keyterms):
                await self._configure(keyterms)
            case wire.KeepAlive():
                pass
            case _:
                await self._misunderstood(text, f"unknown type {message.type!r}")
        return True

    async def _configure(self, keyterms: tuple[str, ...] | None) -> None:
        code = why = ""
        if keyterms is not None and not self._model.startswith("nova-3"):
            code, why = "CONFIGURE_KEYTERMS_NOT_SUPPORTED", "only Nova-3 models change keyterms"
        elif sum(len(term.split()) for term in keyterms or ()) > KEYTERM_WORDS:
            code, why = "CONFIGURE_KEYTERM_LIMIT_EXCEEDED", f"more than {KEYTERM_WORDS} tokens"
        if code:
            await self._line.send(wire.encode(wire.ConfigureFailure(self._id, code, why)))
            return
        await self._line.send(wire.encode(wire.ConfigureSuccess(self._id, keyterms)))

    async def _misunderstood(self, text: str, why: str) -> None:
        error = wire.Error(variant="SchemaError", description=why, message=text)
        await self._line.send(wire.encode(error))

    async def _goodbye(self) -> None:
        if self._latest and self._latest.text:
            await self._final(speech=False, asked=False)
        summary = wire.Metadata(
            transaction_key="deprecated",
            request_id=self._id,
            sha256=self._digest.hexdigest(),
            created="2026-01-01T00:00:00.000Z",
            duration=self._listener.heard_s,
            channels=1,
        )
        await self._line.send(wire.encode(summary))
        await self._line.close(1000)

    # --- results -----------------------------------------------------------------------------

    async def _final(self, *, speech: bool, asked: bool) -> None:
        listener = self._listener
        until_s = listener.heard_s
        while not self._finals.empty():
            self._finals.get_nowait()
        listener.recognition.finalise(until_s)
        final = await self._finals.get()
        await self._results(final, is_final=True, speech=speech, asked=asked)
        self._word_end_s = final.words[-1].end_s if final.words else self._word_end_s
        listener.recognition.forget(until_s)
        self._latest = None
        self._base_s = until_s

    async def _results(
        self,
        heard: TranscriptChanged | None,
        *,
        is_final: bool,
        speech: bool = False,
        asked: bool = False,
    ) -> None:
        best = self._best(heard) if heard else wire.Alternative("", 0.0, ())
        results = wire.Results(
            channel_index=(0, 1),
            start=self._base_s,
            duration=self._listener.heard_s - self._base_s,
            channel=wire.Channel((best,)),
            metadata=wire.ResultsMetadata(
                self._id, wire.ModelInfo(self._model, "sandbox", "nova-3"), self._id
            ),
            is_final=is_final,
            speech_final=speech,
            from_finalize=asked,
        )
        await self._line.send(wire.encode(results))

    def _best(self, heard: TranscriptChanged) -> wire.Alternative:
        hearing, several = self._hearing, self._hearing.language == "multi"
        language = (heard.language or (*hearing.detect, "en")[0]) if several else None
        words = tuple(
            wire.Word(
                word=word.text.lower().strip(".,!?"),
                start=word.start_s,
                end=word.end_s,
                confidence=0.99,
                punctuated_word=word.text,
                speaker=(word.speaker or 0) if hearing.speakers else None,
                language=language,
            )
            for word in heard.words
            if hearing.keep_fillers or word.text.lower().strip(".,!?") not in FILLERS
        )
        left_out = len(words) < len(heard.words)
        text = " ".join(w.punctuated_word or w.word for w in words) if left_out else heard.text
        languages = (language,) if language and words else None
        return wire.Alternative(text, 0.99 if text else 0.0, words, languages)
