"""An STT class of a LiveKit plugin as a `Recogniser`.

Its interface has one weakness for us: a flush is not answered. So a final is taken for the answer
where it reaches as far as our own detector heard a voice, and after a while what there is must do.
And whatever a flush makes of the word it falls into, so none is made amid speech.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from antiphon.errors import TimedOut, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped, Word
from antiphon.net.child import Child
from antiphon.net.child_job import Job, Urgency, sendable
from antiphon.net.owed import Owed
from antiphon.net.socket import together
from antiphon.net.streamed import AudioFeed, Piece, Segments
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.livekit.plugin import Wishes, plugin_child
from antiphon.providers.livekit.settings import CHUNKS, RecogniserSettings

__all__ = ["PluginRecogniser"]

FLUSH: Final = "flush"
REACH_S: Final = 0.35
"""A final whose last word ends this little before the voice did has heard it all: detectors wait
for the breath, recognisers do not."""
MISSES: Final = 2
"""Finals owed for a voice that was heard, and not a sign of life meanwhile: it has stalled."""


class PluginRecogniser:
    """See `antiphon.ports.stt.Recogniser`. All calls share one child process, where each has a
    stream of its own."""

    rates_hz: tuple[int, ...] = ()

    def __init__(self, name: str, settings: RecogniserSettings, environ: Mapping[str, str]) -> None:
        self.name = name
        self._settings = settings
        self._child = plugin_child(name, "stt", settings, environ)
        self._wishes = Wishes(name)

    @property
    def child(self) -> Child:
        """Where the plugin runs."""
        return self._child

    async def start(self) -> None:
        """Start the child and make the plugin's class; the vendor is met in the first call.
        Raises `Missing` where the plugin is not installed or lacks its key."""
        self._wishes.learn(await self._child.start())

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> "PluginRecognition":
        fixed = "language" in self._settings.arguments
        wishes = self._wishes.make(
            language="" if fixed else hearing.language,
            keyterms=[sendable(term) for term in hearing.keyterms],
        )
        return PluginRecognition(self._child, self._settings, hearing, wishes, tell)

    async def aclose(self) -> None:
        await self._child.aclose()


class PluginRecognition:
    """One call's ear; see `antiphon.ports.stt.Recognition`."""

    def __init__(
        self,
        child: Child,
        settings: RecogniserSettings,
        hearing: Hearing,
        wishes: Mapping[str, object],
        tell: Callable[[Heard], None],
    ) -> None:
        self._child, self._settings = child, settings
        self._wanted = {"do": "listen", "rate_hz": hearing.rate_hz, **wishes}
        self._provider = child.program.name
        # A line's own encoding is of no use here: the interface takes PCM16 only.
        chunk_s = CHUNKS.seconds(settings.chunk_ms, hearing)
        self._feed = AudioFeed(hearing.rate_hz, chunk_s, self._provider)
        self._segments = Segments(tell)
        self._voice_s = 0.0
        """Where the last voice that was heard ended, or began where it goes on."""
        self._heard_s = 0.0
        """Up to here all was told finally."""
        self._owed = Owed(settings.finalise_within_s)
        self._silent = True
        """No sign of life since a final was asked for."""
        self._misses = 0

    def feed(self, pcm: bytes) -> None:
        self._feed.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        self._voice_s = max(self._voice_s, edge.at_s)
        if (later_s := self._owed.voice(edge)) is not None:
            self.finalise(later_s)

    def finalise(self, until_s: float) -> None:
        if self._owed.put_off(until_s):
            return
        self._feed.flush()
        until_s = min(until_s, self._feed.fed_s)
        heard = not self._owed.talking and self._voice_s <= self._heard_s
        if self._owed.until_s is None and heard and not self._segments.undecided:
            self._segments.final(until_s)
            return
        self._owed.ask(until_s, self._feed.behind_s)
        self._silent = True
        self._feed.outgoing.add(FLUSH)

    def forget(self, until_s: float) -> None:
        self._segments.forget(until_s, owed=self._owed.until_s is not None)

    async def run(self) -> None:
        with self._child.ask(self._wanted, urgency=Urgency.NOW) as job:
            await together(self._send(job), self._listen(job))

    async def _send(self, job: Job) -> None:
        while True:
            item = await self._feed.outgoing.take()
            if item is None:
                continue
            if isinstance(item.frame, bytes):
                job.more({"do": "audio"}, item.frame)
                self._feed.sent(item)
            else:
                job.more({"do": item.frame})

    async def _listen(self, job: Job) -> None:
        async def one() -> None:
            if (answer := await anext(job, None)) is None:
                raise Unavailable("ended its stream", provider=self._provider)
            self._silent = False
            if answer.fields["text"] is not None:
                self._told(answer.fields)

        await self._owed.watch(one, self._do_without)

    # --- what it tells -----------------------------------------------------------------------

    def _told(self, told: Mapping[str, Any]) -> None:
        piece, final = self._piece(told), bool(told["final"])
        self._segments.heard(piece, closed=final)
        wanted_s = self._owed.until_s
        if wanted_s is None or not final:
            return
        if piece.end_s >= min(self._voice_s, wanted_s) - REACH_S:
            self._answer()

    def _piece(self, told: Mapping[str, Any]) -> Piece:
        words = tuple(
            Word(
                text=text,
                start_s=self._feed.fed_at_s(start_s),
                end_s=self._feed.fed_at_s(end_s),
                confidence=sure or 1.0,
            )
            for text, start_s, end_s, sure in told["words"]
        )
        start_s, end_s = (self._feed.fed_at_s(told[name]) for name in ("start_s", "end_s"))
        if words:
            start_s, end_s = words[0].start_s, words[-1].end_s
        elif end_s <= start_s:
            # It does not know; then somewhere in what was not told finally yet.
            start_s, end_s = self._heard_s, self._feed.fed_s
        return Piece(
            start_s=start_s,
            end_s=end_s,
            text=str(told["text"]).strip(),
            words=words,
            confidence=told["confidence"] or 1.0,
        )

    # --- finals ------------------------------------------------------------------------------

    def _answer(self) -> None:
        until_s = self._owed.paid()
        self._misses = 0
        self._heard_s = max(self._heard_s, until_s)
        self._segments.final(until_s)

    def _do_without(self) -> None:
        misses = self._misses + 1 if self._silent else 0
        if misses >= MISSES:
            within = f"{self._settings.finalise_within_s:g} s"
            raise TimedOut(f"no final transcript within {within}", provider=self._provider)
        self._answer()
        self._misses = misses
