"""A plugin with the class surface of the real ones: it hears lines in hums, and hums what it is
to say."""

import asyncio
import math
import os
import struct
import sys
from dataclasses import dataclass, field
from typing import Any, Self

from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, APIStatusError
from livekit.agents.utils import http_context

SAYS = ("Ever tried, ever failed.", "No matter, try again.")
WORD_S = 0.3
LOUD = 1000


class TimedString(str):
    __slots__ = ("confidence", "end_time", "start_time")

    def __new__(cls, text: str, start_time: Any, end_time: Any) -> Self:
        made = super().__new__(cls, text)
        made.start_time, made.end_time, made.confidence = start_time, end_time, 0.9
        return made


@dataclass
class Capabilities:
    streaming: bool = True


@dataclass
class SpeechData:
    text: str
    words: list[TimedString]
    start_time: float = 0.0
    end_time: float = 0.0
    confidence: float = 0.9


@dataclass
class SpeechEvent:
    type: str
    alternatives: list[SpeechData] = field(default_factory=list)


def trouble(what: Any) -> None:
    """What a test asks to go wrong."""
    match what:
        case "dies":
            print("the last words", os.environ.get("PRETENDED_API_KEY"), file=sys.stderr)
            sys.stderr.flush()
            os._exit(3)
        case "times out":
            raise APIError("too late") from TimeoutError()
        case "is wrong":
            error = APIError("no such voice")
            error.retryable = False
            raise error
        case "has a bug":
            raise KeyError("oops")
        case int():
            key = os.environ.get("PRETENDED_API_KEY")
            raise APIStatusError(f"refused {key}", what)


class Engine:
    def __init__(self, *, trouble: Any = None, model: str = "m", streams: bool = True) -> None:
        if not os.environ.get("PRETENDED_API_KEY"):
            raise ValueError("PRETENDED_API_KEY must be set")
        assert http_context.inside
        self.capabilities = Capabilities(streams)
        self.trouble = trouble


# --- hearing ----------------------------------------------------------------------------------


class STT(Engine):
    def __init__(self, *, keyterms: list[str] | None = None, **other: Any) -> None:
        super().__init__(**other)
        if self.trouble == "takes no such words" and keyterms:
            raise ValueError("keyterms are not for this model")
        self.keyterms = keyterms or ["none"]

    def stream(self, *, conn_options: APIConnectOptions, language: str = "none") -> "Listening":
        assert conn_options.max_retry == 0
        tells = {
            "tells its language": language,
            "tells its keyterms": ", ".join(self.keyterms),
            "takes no such words": ", ".join(self.keyterms),
        }
        return Listening(self.trouble, tells.get(self.trouble))


class WeightedSTT(STT):
    """Wants a weight beside each word."""

    def __init__(
        self, *, keywords: list[tuple[str, float]] | None = None, trouble: Any = None
    ) -> None:
        super().__init__(trouble=trouble)


class Listening:
    """A line for each stretch of sound; a final when it is flushed."""

    def __init__(self, trouble: Any, tells: str | None) -> None:
        self._trouble, self._tells = trouble, tells
        self._events: asyncio.Queue[SpeechEvent] = asyncio.Queue()
        self._heard_s, self._line = 0.0, -1
        self._began_s: float | None = None
        self._ended_s: float | None = None
        self._quiet_s = 1.0
        self._told = -1

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        if self._trouble == "is deaf":
            return
        loud = max(map(abs, frame.data), default=0) > LOUD
        seconds = frame.samples_per_channel / frame.sample_rate
        self._heard_s += seconds
        self._quiet_s = 0.0 if loud else self._quiet_s + seconds
        if loud and self._began_s is None:
            self._events.put_nowait(SpeechEvent("start_of_speech"))
            self._line += 1
            self._began_s, self._ended_s = self._heard_s - seconds, None
        if loud:
            self._ended_s = self._heard_s
        words = self._words(self._quiet_s > 0.2) if self._began_s is not None else []
        if words and len(words) != self._told:
            self._told = len(words)
            self._tell("interim_transcript", words)

    def _words(self, complete: bool) -> list[TimedString]:
        assert self._began_s is not None
        assert self._ended_s is not None
        line = SAYS[self._line % len(SAYS)].split()
        each_s = (self._ended_s - self._began_s) / len(line) if complete else WORD_S
        count = len(line) if complete else int((self._heard_s - self._began_s) / WORD_S)
        return [
            TimedString(word, self._began_s + n * each_s, self._began_s + (n + 1) * each_s)
            for n, word in enumerate(line[:count])
        ]

    def _tell(self, kind: str, words: list[TimedString]) -> None:
        text = " ".join(words) if self._tells is None else self._tells
        times = [] if self._trouble == "knows no times" else words
        self._events.put_nowait(SpeechEvent(kind, [SpeechData(text, times)]))

    def flush(self) -> None:
        if self._began_s is None:
            return
        self._tell("final_transcript", self._words(complete=True))
        self._began_s, self._told = None, -1

    def __aiter__(self) -> "Listening":
        return self

    async def __anext__(self) -> SpeechEvent:
        event = await self._events.get()
        trouble(self._trouble)
        if self._trouble == "ends":
            raise StopAsyncIteration
        return event

    async def aclose(self) -> None:
        """Nothing to give back."""


# --- speaking ---------------------------------------------------------------------------------


@dataclass
class SynthesizedAudio:
    frame: rtc.AudioFrame


class TTS(Engine):
    sample_rate = 16_000

    def __init__(self, *, speed: float | None = None, language: str = "en", **other: Any) -> None:
        super().__init__(**other)
        self.word_s = WORD_S / (speed or 1.0)
        self.sample_rate = TTS.sample_rate
        if self.trouble == "tells its language" and language != "en":
            self.word_s = 2 * WORD_S

    def stream(self, *, conn_options: APIConnectOptions) -> "Speaking":
        assert conn_options.max_retry == 0
        assert self.capabilities.streaming
        return Speaking(self.trouble, self.word_s)

    def synthesize(self, text: str, *, conn_options: APIConnectOptions) -> "Speaking":
        assert not self.capabilities.streaming
        speaking = Speaking(self.trouble, self.word_s)
        speaking.push_text(text)
        return speaking


class PlainTTS(Engine):
    """Has one speed and one language."""

    sample_rate = 16_000
    stream, word_s = TTS.stream, WORD_S


class Speaking:
    """A hum for each word, with its times."""

    def __init__(self, trouble: Any, word_s: float) -> None:
        self._trouble, self._words, self._word_s = trouble, iter(()), word_s
        self._at_s = 0.0

    def push_text(self, text: str) -> None:
        self._words = iter(text.split())

    def end_input(self) -> None:
        """The text is complete."""

    def __aiter__(self) -> "Speaking":
        return self

    async def __anext__(self) -> SynthesizedAudio:
        await asyncio.sleep(0.001)
        if (word := next(self._words, None)) is None:
            raise StopAsyncIteration
        if self._at_s:
            trouble(self._trouble)
        if self._trouble == "falls silent" and self._at_s:
            await asyncio.Event().wait()
        channels = 2 if self._trouble == "is stereo" else 1
        rate_hz = 8000 if self._trouble == "changes its rate" else TTS.sample_rate
        count = round(self._word_s * rate_hz)
        samples = (int(5000 * math.sin(n / 8)) for n in range(count))
        data = b"".join(struct.pack("<h", sample) * channels for sample in samples)
        frame = rtc.AudioFrame(data, rate_hz, channels, count)
        timed = TimedString(f"{word} ", self._at_s, self._at_s + self._word_s)
        frame.userdata["lk.timed_transcripts"] = [timed, TimedString("untimed", None, None)]
        word_s = self._word_s
        self._at_s += word_s if self._trouble != "begins anew" or self._at_s < 1 else -word_s
        return SynthesizedAudio(frame)

    async def aclose(self) -> None:
        """Nothing to give back."""
