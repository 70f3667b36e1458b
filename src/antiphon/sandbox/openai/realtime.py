"""``/realtime`` from the vendor's end, so far for transcription.

When the streaming models tell which words, and all timing, is our guess; the shapes are the
published client's, the refusals those that third parties report. Sessions that talk back are to be
served on the same path: `doors` picks by the query.
"""

import asyncio
import itertools
from typing import Any, Final

from msgspec import Struct
from starlette.websockets import WebSocket

from antiphon.errors import RemoteProtocolError
from antiphon.events import SpeechStarted
from antiphon.net.frames import Unknown
from antiphon.net.socket import together
from antiphon.ports.stt import Hearing
from antiphon.providers.openai.wire import realtime as wire
from antiphon.sandbox.dictation import Dictation
from antiphon.sandbox.line import Line
from antiphon.sandbox.openai import session as rules
from antiphon.sandbox.vendor import Means

__all__ = ["serve_transcription"]

SESSION_S: Final = 3600.0
EXPIRED: Final = "Your session hit the maximum duration of 60 minutes."
SILENCE_MS: Final = 500
"""By default a pause this long ends a turn, where turns are detected."""
MAX_APPEND: Final = 15 << 20


async def serve_transcription(line: Line, websocket: WebSocket, means: Means) -> None:
    """One connection, to its end."""
    session = _Session(line, means)
    if "openai-beta" in websocket.headers:
        await session.refuse_beta()
    await together(session.serve(), session.hear(), session.expire())


class _Session:
    def __init__(self, line: Line, means: Means) -> None:
        self._line, self._means = line, means
        self._numbers = itertools.count(1)
        self._input = rules.DEFAULT
        self._ear: Dictation | None = None
        """Made when audio comes: its encoding is known then."""
        self._begun = asyncio.Event()
        self._id = self._name("sess")
        self._item, self._before = self._name("item"), ""
        self._from_s = 0.0
        """Where the buffer begins."""
        self._told = ""
        """Of the buffer's text."""
        self._talking = False

    async def serve(self) -> None:
        """The client's messages."""
        await self._send(wire.SessionCreated(self._shown(), self._name("event")))
        while True:
            frame = await self._line.receive()
            try:
                if isinstance(frame, bytes):
                    raise RemoteProtocolError("The server only accepts text frames.")
                message = wire.decode_client(frame)
            except RemoteProtocolError as error:
                await self._refuse(str(error), code="invalid_json")
                continue
            await self._act(message)

    async def hear(self) -> None:
        """The recogniser behind it."""
        await self._begun.wait()
        if self._ear is not None:
            await self._ear.run()

    async def expire(self) -> None:
        """The session's time is up."""
        clock = self._means.clock
        await clock.sleep_until(clock.now() + SESSION_S)
        await self._refuse(EXPIRED, code="session_expired")
        await self._line.close(wire.CLOSE_CODES["session_expired"], EXPIRED)

    async def refuse_beta(self) -> None:
        """The shape of messages of before May 2026 was asked for."""
        code = "beta_api_shape_disabled"
        await self._refuse("The Realtime Beta API is no longer supported.", code=code)
        reason = f"invalid_request_error.{code}"
        await self._line.close(wire.CLOSE_CODES[reason], reason)

    # --- messages ----------------------------------------------------------------------------

    async def _act(self, message: wire.ClientMessage | Unknown) -> None:
        match message:
            case wire.SessionUpdate(session=session, event_id=event_id):
                await self._update(session, event_id)
            case wire.AudioAppend(audio=audio, event_id=event_id):
                if len(audio) > MAX_APPEND:
                    await self._refuse("Audio is longer than 15 MiB.", "audio", event_id=event_id)
                else:
                    await self._append(audio)
            case wire.AudioCommit(event_id=event_id):
                await self._commit(event_id)
            case wire.AudioClear():
                await self._clear()
            case _:
                await self._refuse(f"Invalid value: '{message.type}'.", "type")

    async def _update(self, session: wire.Session, event_id: str | None) -> None:
        try:
            after = rules.updated(self._input, session)
            if self._ear is not None and after.format != self._input.format:
                # What the service does then is not known; the sandbox cannot.
                raise rules.Refused("Audio has come already.", "session.audio.input.format")
        except rules.Refused as refused:
            await self._refuse(refused.why, refused.param, refused.code, event_id)
            return
        self._input = after
        await self._send(wire.SessionUpdated(self._shown(), self._name("event")))

    async def _append(self, audio: bytes) -> None:
        ear = self._ear or self._begin()
        edges = ear.feed(audio)
        if rules.streams(self._input) and ear.latest is not None:
            await self._tell(ear.latest.text)
        turns = self._input.turn_detection
        if isinstance(turns, wire.TurnDetection):
            await self._detect(ear, turns, began=any(isinstance(e, SpeechStarted) for e in edges))

    async def _detect(self, ear: Dictation, turns: wire.TurnDetection, *, began: bool) -> None:
        if began and not self._talking:
            self._talking = True
            at_s = ear.listener.voice_since_s or ear.heard_s
            event = wire.SpeechStarted(self._item, round(at_s * 1000), self._name("event"))
            await self._send(event)
        silence_s = (turns.silence_duration_ms or SILENCE_MS) / 1000
        if self._talking and ear.pause_s >= silence_s:
            self._talking = False
            at_ms = round(ear.heard_s * 1000)
            await self._send(wire.SpeechStopped(self._item, at_ms, self._name("event")))
            await self._commit(None)

    def _begin(self) -> Dictation:
        form = self._input.format
        assert isinstance(form, wire.AudioFormat)
        read = self._input.transcription
        language, terms = "en", tuple[str, ...]()
        if isinstance(read, wire.Transcription):
            language = read.language or (read.languages or ("en",))[0]
            terms = read.keywords or ()
        hearing = Hearing(rate_hz=rules.rate_hz(form), language=language, keyterms=terms)
        self._ear = Dictation(self._means, hearing, rules.ENCODINGS[form.type])
        self._begun.set()
        return self._ear

    # --- items -------------------------------------------------------------------------------

    async def _commit(self, event_id: str | None) -> None:
        ear = self._ear
        heard_s = ear.heard_s if ear is not None else 0.0
        seconds = heard_s - self._from_s
        if ear is None or round(seconds, 6) < wire.LEAST_COMMIT_S:
            why = (
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of "
                f"audio, but buffer only has {seconds * 1000:.2f}ms of audio."
            )
            code = "input_audio_buffer_commit_empty"
            await self._refuse(why, code=code, event_id=event_id)
            return
        item, before = self._item, self._before or None
        self._from_s = heard_s
        await self._send(wire.AudioCommitted(item, before, self._name("event")))
        shown = wire.Item(
            item, "message", role="user", status="completed", content=(wire.Content("input_audio"),)
        )
        await self._send(wire.ItemAdded(shown, before, self._name("event")))
        await self._send(wire.ItemDone(shown, before, self._name("event")))
        final = await ear.close()
        if self._input.transcription is not None:
            await self._tell(final.text)
            costs = rules.usage(self._input, seconds, final.text)
            read = self._input.transcription
            model = (read.model or "") if isinstance(read, wire.Transcription) else ""
            tells = final.language and model.startswith("gpt-transcribe")
            done = wire.TranscriptionCompleted(
                item,
                final.text,
                0,
                costs,
                self._name("event"),
                (wire.Language(final.language),) if tells else None,
            )
            await self._send(done)
        self._item, self._before, self._told = self._name("item"), item, ""

    async def _tell(self, text: str) -> None:
        """What is new of the buffer's text, as long as it goes on from what was told."""
        if len(text) > len(self._told) and text.startswith(self._told):
            delta, self._told = text[len(self._told) :], text
            event = wire.TranscriptionDelta(self._item, delta, 0, self._name("event"))
            await self._send(event)

    async def _clear(self) -> None:
        if self._ear is not None:
            await self._ear.close()
            self._from_s = self._ear.heard_s
        self._told, self._talking = "", False
        await self._send(wire.AudioCleared(self._name("event")))

    # --- words -------------------------------------------------------------------------------

    async def _refuse(
        self,
        why: str,
        param: str | None = None,
        code: str = "invalid_value",
        event_id: str | None = None,
    ) -> None:
        problem = wire.Problem(why, "invalid_request_error", code, param, event_id)
        await self._send(wire.Error(problem, self._name("event")))

    async def _send(self, event: Struct) -> None:
        await self._line.send(wire.encode(event))

    def _shown(self) -> dict[str, Any]:
        return rules.told(self._id, round(self._means.clock.now() + SESSION_S), self._input)

    def _name(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers):06d}"
