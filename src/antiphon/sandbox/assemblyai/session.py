"""``/v3/ws`` from the vendor's end: one session, from `Begin` to `Termination` or an error.

What ends a session and with which words is the vendor's documentation; how often it tells, how
sure it is, and all timing is our guess. The models differ in one point here: those of the
"Universal-3" family write case and punctuation at once.
"""

import asyncio
import uuid
from typing import Final

import msgspec
from starlette.websockets import WebSocket

from antiphon.errors import RemoteProtocolError
from antiphon.events import SpeechStarted, TranscriptChanged
from antiphon.net.socket import together
from antiphon.ports.stt import Hearing
from antiphon.providers.assemblyai import wire
from antiphon.sandbox.dictation import Dictation
from antiphon.sandbox.line import Line
from antiphon.sandbox.vendor import Means

__all__ = ["ENCODINGS", "serve_session"]

ENCODINGS: Final = {"pcm_s16le": "linear16", "pcm_mulaw": "mulaw"}
"""What the sandbox can read; the vendor knows more."""
SESSION_S: Final = 3 * 3600.0
NO_DATE: Final = 1_767_225_600
"""The sandbox does not know what day it is: 1 January 2026, and how long it has been running."""
MOST_AHEAD_S: Final = 300.0
"""Of audio that waits to be read, before the vendor gives up (third party)."""
HEARTBEAT_S: Final = 1.0
MIN_SILENCE_MS: Final = 400
SURE: Final = 0.9
UNSURE: Final = 0.1
REASON_BYTES: Final = 123
SEE: Final = "See Error message for details"


async def serve_session(line: Line, websocket: WebSocket, means: Means) -> None:
    """One connection, to its end."""
    query = websocket.query_params
    keyterms = msgspec.json.decode(query.get("keyterms_prompt", "[]"), type=tuple[str, ...])
    hearing = Hearing(rate_hz=int(query["sample_rate"]), keyterms=keyterms)
    await _Session(line, websocket, means, hearing).run()


class _Session:
    def __init__(self, line: Line, websocket: WebSocket, means: Means, hearing: Hearing) -> None:
        query = websocket.query_params
        self._line, self._clock = line, means.clock
        self._format = query.get("format_turns", "").lower() == "true"
        self._beats = query.get("session_heartbeat", "").lower() == "true"
        self._writes = "-3" in query["speech_model"] or query["speech_model"].startswith("u3-")
        several = query["speech_model"] != "universal-streaming-english"
        self._detects = several and query.get("language_detection", "").lower() == "true"
        self._labels = query.get("speaker_labels", "").lower() == "true"
        self._silence_s = int(query.get("min_turn_silence", MIN_SILENCE_MS)) / 1000
        idle = query.get("inactivity_timeout")
        self._idle_s = float(idle) if idle else None
        encoding = ENCODINGS[query.get("encoding", "pcm_s16le")]
        self._bytes_a_second = hearing.rate_hz * (2 if encoding == "linear16" else 1)
        self._dictation = Dictation(means, hearing, encoding)
        self._began_s = means.clock.now()
        self._order = 0
        self._told: tuple[str, ...] = ()

    async def run(self) -> None:
        expires_at = NO_DATE + int(self._began_s + SESSION_S)
        await self._tell(wire.Begin(str(uuid.uuid4()), expires_at))
        works = [self._serve(), self._dictation.run(), self._expire()]
        await together(*works, *([self._beat()] if self._beats else []))

    async def _serve(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._idle_s):
                    frame = await self._line.receive()
            except TimeoutError:
                await self._goodbye()
                return
            if isinstance(frame, bytes):
                await self._audio(frame)
            else:
                await self._message(frame)

    async def _expire(self) -> None:
        await self._clock.sleep_until(self._began_s + SESSION_S)
        await self._fail(3008, "Session Expired: Maximum session duration exceeded")

    async def _beat(self) -> None:
        while True:
            await self._clock.sleep_until(self._clock.now() + HEARTBEAT_S)
            received_ms = round(self._dictation.heard_s * 1000)
            voice = self._dictation.listener.voice_since_s is not None
            beat = wire.Heartbeat(
                received_ms, round(self._age_s * 1000), 1.0, SURE if voice else UNSURE
            )
            await self._tell(beat)

    # --- audio -------------------------------------------------------------------------------

    async def _audio(self, data: bytes) -> None:
        ms, (least, most) = 1000 * len(data) / self._bytes_a_second, wire.FRAME_MS
        if not least <= ms <= most:
            why = f"Input duration violation: {ms:g} ms. Expected between {least} and {most} ms"
            await self._fail(3007, why)
        edges = self._dictation.feed(data)
        heard_s, age_s = self._dictation.heard_s, self._age_s
        if heard_s - age_s > MOST_AHEAD_S:
            why = f"Received {heard_s:.1f} sec. audio in {age_s:.6f} sec"
            await self._fail(3007, f"Audio Transmission Rate Exceeded: {why}")
        for edge in edges:
            if self._writes and isinstance(edge, SpeechStarted):
                await self._tell(wire.SpeechStarted(round(edge.at_s * 1000)))
        if not self._dictation.spoken:
            return
        if self._dictation.pause_s >= self._silence_s:
            await self._end_turn()
        elif (latest := self._dictation.latest) and tuple(latest.text.split()) != self._told:
            self._told = tuple(latest.text.split())
            await self._turn(latest, ended=False, formatted=False)

    # --- messages ----------------------------------------------------------------------------

    async def _message(self, text: str) -> None:
        try:
            message = wire.decode_client(text)
        except RemoteProtocolError:
            kind = "Message" if text.lstrip().startswith(("{", "[")) else "JSON"
            await self._fail(3006, f"Invalid {kind}: {text}")
            return
        match message:
            case wire.ForceEndpoint():
                if (await self._dictation.last()).text:
                    await self._end_turn()
            case wire.Terminate():
                if (await self._dictation.last()).text:
                    await self._end_turn()
                await self._goodbye()
            case wire.UpdateConfiguration(min_turn_silence=ms) if ms is not None:
                self._silence_s = ms / 1000
            case wire.UpdateConfiguration() | wire.KeepAlive():
                pass
            case _:
                await self._fail(3006, f"Invalid Message Type: {message.type}")

    async def _goodbye(self) -> None:
        heard_s, age_s = round(self._dictation.heard_s), round(self._age_s)
        await self._tell(wire.Termination(heard_s, age_s))
        await self._line.close(1000)

    async def _fail(self, code: int, why: str) -> None:
        await self._tell(wire.Error(why, code))
        await self._line.close(code, why if len(why.encode()) <= REASON_BYTES else SEE)

    # --- turns -------------------------------------------------------------------------------

    async def _end_turn(self) -> None:
        final = await self._dictation.close()
        await self._turn(final, ended=True, formatted=self._writes)
        if self._format and not self._writes:
            await self._turn(final, ended=True, formatted=True)
        self._order += 1
        self._told = ()

    async def _turn(self, heard: TranscriptChanged, *, ended: bool, formatted: bool) -> None:
        pretty = formatted or self._writes
        words = tuple(
            wire.Word(
                text=word.text if pretty else word.text.lower().strip(".,!?"),
                start=round(word.start_s * 1000),
                end=round(word.end_s * 1000),
                confidence=0.99,
                word_is_final=ended or number < len(heard.words) - 1,
                speaker=_label(word.speaker) if self._labels and ended else msgspec.UNSET,
            )
            for number, word in enumerate(heard.words)
        )
        transcript = " ".join(word.text for word in words if word.word_is_final)
        turn = wire.Turn(
            turn_order=self._order,
            turn_is_formatted=formatted,
            end_of_turn=ended,
            transcript=transcript,
            end_of_turn_confidence=SURE if ended else UNSURE,
            words=words,
            utterance=transcript if ended else "",
            language_code=(heard.language or "en") if self._detects else msgspec.UNSET,
            speaker_label=self._speaker(heard) if self._labels else msgspec.UNSET,
        )
        await self._tell(turn)

    def _speaker(self, heard: TranscriptChanged) -> str:
        """Who said most of it."""
        voices = [word.speaker for word in heard.words]
        return _label(max(voices, key=voices.count) if voices else None)

    # --- the rest ----------------------------------------------------------------------------

    @property
    def _age_s(self) -> float:
        return self._clock.now() - self._began_s

    async def _tell(self, message: msgspec.Struct) -> None:
        await self._line.send(wire.encode(message))


def _label(speaker: int | None) -> str:
    return chr(ord("A") + (speaker or 0))
