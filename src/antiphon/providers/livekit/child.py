"""The child's side of the bridge: ``PYTHON -I child.py FD``, in the plugin's own environment.

One file, and nothing of Antiphon: it is not installed there. It speaks `antiphon.net.child_wire`
over the socket FD (two lengths, a JSON header, a raw payload), and it is the only place that knows
LiveKit's classes: one recognition stream for each call, one synthesis for each clause. It never
outlives its parent: the end of the socket ends it.
"""

import array
import asyncio
import contextlib
import ctypes
import functools
import importlib
import importlib.metadata
import inspect
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Coroutine
from typing import Any

LENGTHS = struct.Struct(">II")
PR_SET_PDEATHSIG = 1
TIMED_TRANSCRIPT = "lk.timed_transcripts"
"""Under which a synthesised frame carries the times of its words."""
WISHES = {
    "keyterms": ("keyterms", "keyterm", "keyterms_prompt", "phrase_list", "keywords"),
    "language": ("language",),
    "speed": ("speed",),
}
"""What a call may wish for, and what the plugins' classes call it: the first one found is used."""
MOST_OTHERS = 8
"""All calls of an agent have the same wishes; whoever has many agents makes some of them anew."""
HEARD = {"interim_transcript": False, "preflight_transcript": False, "final_transcript": True}


class Refused(Exception):
    """It cannot start, and what would mend it."""


class Link:
    """The socket to the parent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def receive(self) -> tuple[dict[str, Any], bytes]:
        """The parent's next message. Raises `IncompleteReadError` where it has gone."""
        header, payload = LENGTHS.unpack(await self._reader.readexactly(LENGTHS.size))
        message = json.loads(await self._reader.readexactly(header))
        return message, await self._reader.readexactly(payload)

    def send(self, message: str, payload: bytes = b"", /, **said: Any) -> None:
        header = json.dumps({"type": message, **said}, ensure_ascii=False).encode(errors="replace")
        self._writer.write(LENGTHS.pack(len(header), len(payload)) + header + payload)

    async def drained(self) -> None:
        """Until the parent has read enough for more to be sent."""
        await self._writer.drain()


# --- the plugin -------------------------------------------------------------------------------


class Plugin:
    """The class that was asked for, and the jobs it has. Made inside LiveKit's HTTP context."""

    def __init__(self, link: Link, settings: dict[str, Any]) -> None:
        self._link = link
        self._settings = settings
        self._engine = made(settings)
        self._others: dict[str, Any] = {}
        """Made with a call's wishes."""
        self._names = names_of_wishes(type(self._engine), settings)
        self._rtc = importlib.import_module("livekit.rtc")
        agents = importlib.import_module("livekit.agents")
        # Whether to try again is the parent's to decide.
        self._once = agents.APIConnectOptions(max_retry=0)
        self._jobs: dict[int, asyncio.Task[None]] = {}
        self._ears: dict[int, Any] = {}
        self._rates: dict[int, int] = {}
        self.facts = {
            "version": version(settings["plugin"]),
            "rate_hz": getattr(self._engine, "sample_rate", 0),
            "takes": sorted(self._names),
        }
        if settings["port"] == "stt" and not self._engine.capabilities.streaming:
            raise Refused(f"{settings['plugin']}.{settings['class']} does not stream", "")

    def hear(self, message: dict[str, Any], payload: bytes) -> None:
        """Whatever the parent says once it is told that we are ready."""
        job, fields = message["job"], message.get("fields", {})
        match message["type"], fields.get("do"):
            case "DoJob", "listen":
                self._begin(job, self._listen(job, fields))
            case "DoJob", "speak":
                self._begin(job, self._speak(job, fields))
            case "MoreWork", "audio":
                self._feed(job, payload)
            case "MoreWork", "flush" if job in self._ears:
                self._ears[job].flush()
            case "CancelJob", _ if job in self._jobs:
                self._jobs[job].cancel()

    def _begin(self, job: int, work: Coroutine[Any, Any, None]) -> None:
        self._jobs[job] = task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(functools.partial(self._ended, job))

    def _ended(self, job: int, task: "asyncio.Task[None]") -> None:
        del self._jobs[job]
        error = None if task.cancelled() else task.exception()
        if error is None:
            self._link.send("Done", job=job)
        else:
            self._link.send("Failed", job=job, kind=kind_of(error), what=told(error))

    def _engine_for(self, fields: dict[str, Any]) -> Any:
        """The class as it was asked for, or once more with what a call wishes."""
        wishes = {name: fields.get(wish) for wish, name in self._names.items() if name}
        wishes = {name: wish for name, wish in wishes.items() if wish}
        key = json.dumps(wishes, sort_keys=True)
        if wishes and key not in self._others:
            while len(self._others) >= MOST_OTHERS:
                del self._others[next(iter(self._others))]
            self._others[key] = self._made_with(wishes)
        return self._others[key] if wishes else self._engine

    def _made_with(self, wishes: dict[str, Any]) -> Any:
        arguments = {**self._settings["arguments"], **wishes}
        try:
            return made({**self._settings, "arguments": arguments})
        except Refused as refused:  # not with this model, or not in this form
            # The parent logs what is said here.
            sys.stderr.write(f"goes on without {', '.join(wishes)}: {refused.args[0]}\n")
            sys.stderr.flush()
            return self._engine

    # --- listening ----------------------------------------------------------------------------

    async def _listen(self, job: int, fields: dict[str, Any]) -> None:
        engine = self._engine_for({"keyterms": fields["keyterms"]})
        language = {"language": fields["language"]} if fields["language"] else {}
        stream = engine.stream(conn_options=self._once, **language)
        self._ears[job], self._rates[job] = stream, fields["rate_hz"]
        try:
            async for event in stream:
                self._tell(job, event)
        finally:
            del self._ears[job], self._rates[job]
            await stream.aclose()

    def _feed(self, job: int, pcm: bytes) -> None:
        if job not in self._ears:
            return
        frame = self._rtc.AudioFrame(pcm, self._rates[job], 1, len(pcm) // 2)
        # A stream that has ended a moment ago takes none; its own task is about to say so.
        with contextlib.suppress(RuntimeError):
            self._ears[job].push_frame(frame)

    def _tell(self, job: int, event: Any) -> None:
        final = HEARD.get(getattr(event.type, "value", event.type))
        if final is None or not event.alternatives:
            # Speech begins, usage, and the like: it is alive, and no more.
            self._link.send("Piece", job=job, fields={"text": None})
            return
        best = event.alternatives[0]
        said = {
            "final": final,
            "text": best.text,
            "start_s": number(best.start_time),
            "end_s": number(best.end_time),
            "confidence": number(best.confidence),
            "words": words(best.words),
        }
        self._link.send("Piece", job=job, fields=said)

    # --- speaking -----------------------------------------------------------------------------

    async def _speak(self, job: int, fields: dict[str, Any]) -> None:
        engine, text = self._engine_for(fields), fields["text"]
        if engine.capabilities.streaming:
            stream = engine.stream(conn_options=self._once)
            stream.push_text(text)
            stream.end_input()
        else:
            stream = engine.synthesize(text, conn_options=self._once)
        try:
            async for audio in stream:
                frame = audio.frame
                if frame.sample_rate != self.facts["rate_hz"]:
                    raise RuntimeError(f"spoke at {frame.sample_rate} Hz and promised another rate")
                timed = words(getattr(frame, "userdata", {}).get(TIMED_TRANSCRIPT))
                self._link.send("Piece", mono(frame), job=job, fields={"words": timed})
                await self._link.drained()
        finally:
            await stream.aclose()


def made(settings: dict[str, Any]) -> Any:
    """The plugin's class, with its arguments. Raises `Refused`."""
    plugin = settings["plugin"]
    name = f"{plugin}.{settings['class']}"
    try:
        module = importlib.import_module(f"livekit.plugins.{plugin}")
    except ModuleNotFoundError as error:
        package = f"livekit-plugins-{plugin.partition('.')[0].replace('_', '-')}"
        raise Refused(str(error), f"{sys.executable} -m pip install {package}") from None
    try:
        return getattr(module, settings["class"])(**settings["arguments"])
    except AttributeError as error:
        raise Refused(f"no {name}: {error}", "name a class of the plugin") from None
    except (TypeError, ValueError) as error:
        fix = "mend its arguments, or put the vendor's key into the environment"
        raise Refused(f"{name} cannot be made: {error}", fix) from None


def names_of_wishes(kind: Any, settings: dict[str, Any]) -> dict[str, str]:
    """What the class calls what a call may wish for; what it does not take is not in it. Empty
    where the wish was decided already, by the arguments."""
    known = inspect.signature(kind).parameters
    found: dict[str, str] = {}
    for wish, names in WISHES.items():
        # Some want weights beside the words: those cannot be made up.
        taken = [name for name in names if name in known]
        taken = [name for name in taken if "tuple" not in str(known[name].annotation)]
        if any(name in settings["arguments"] for name in names):
            found[wish] = ""
        elif taken:
            found[wish] = taken[0]
    if settings["port"] == "stt" and "language" in inspect.signature(kind.stream).parameters:
        found["language"] = ""  # said to each stream
    return found


def version(plugin: str) -> str:
    try:
        return importlib.metadata.version(f"livekit-plugins-{plugin.partition('.')[0]}")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


# --- small things -----------------------------------------------------------------------------


def number(value: Any) -> float:
    """A time or a confidence; 0 where it is not given."""
    return float(value) if isinstance(value, (int, float)) else 0.0


def words(timed: Any) -> list[tuple[str, float, float, float]]:
    """Text, start, end and confidence of what has times."""
    return [
        (str(word).strip(), float(word.start_time), float(word.end_time), number(word.confidence))
        for word in timed or ()
        if isinstance(word.start_time, (int, float)) and isinstance(word.end_time, (int, float))
        if str(word).strip()
    ]


def mono(frame: Any) -> bytes:
    """Of several channels the first."""
    data = bytes(frame.data)
    if frame.num_channels == 1:
        return data
    return array.array("h", data)[:: frame.num_channels].tobytes()


def causes(error: BaseException) -> list[BaseException]:
    """The error and what it came from, ten steps at most."""
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found and len(found) < 10:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def kind_of(error: BaseException) -> str:
    """Which of the parent's errors it is. An HTTP status anywhere in the chain decides."""
    for cause in causes(error):
        status = getattr(cause, "status_code", None) or getattr(cause, "status", None)
        match status:
            case 429 | 529:
                return "AtCapacity"
            case 408 | 504:
                return "TimedOut"
            case int() if 400 <= status < 500 or status == 1008:
                return "Rejected"
            case int() if status >= 500:
                return "Unavailable"
    if any(isinstance(cause, TimeoutError) for cause in causes(error)):
        return "TimedOut"
    return "Unavailable" if getattr(error, "retryable", True) else "Rejected"


def told(error: BaseException) -> str:
    """In one line."""
    whole = (f"{type(cause).__name__}: {cause}" for cause in causes(error)[:2])
    return " ".join(", from ".join(whole).split())[:400]


# --- life -------------------------------------------------------------------------------------


async def serve(descriptor: int) -> None:
    link = Link(*await asyncio.open_connection(sock=socket.socket(fileno=descriptor)))
    begin, _ = await link.receive()
    os.environ.update(begin["environment"])
    try:
        http = importlib.import_module("livekit.agents.utils.http_context")
    except ModuleNotFoundError as error:
        fix = f"{sys.executable} -m pip install livekit-agents"
        link.send("Refused", what=str(error), fix=fix)
        await link.drained()
        return
    async with http.open():
        try:
            plugin = Plugin(link, begin["settings"])
        except Refused as refused:
            what, fix = refused.args
            link.send("Refused", what=what, fix=fix)
            await link.drained()
            return
        link.send("Ready", facts=plugin.facts)
        while True:
            plugin.hear(*await link.receive())


def main() -> None:
    # Both are for the parent, which may have calls to end in peace, and then ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # When the parent has gone, so has the reason to go on.
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        asyncio.run(serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
