"""One call's ear at Scribe: audio out, partials in, finals by a commit.

A commit is answered twice, first by its text and then by the same with word times: the first is
told as what may still change, the second closes it. A commit of too little audio would end the
session, so silence is put behind it; and as many commits in a row make Scribe worse (the vendor's
documentation), none is sent where nothing came since the last.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from antiphon.audio import g711
from antiphon.errors import TimedOut
from antiphon.events import SpeechStarted, SpeechStopped, Word
from antiphon.net.outgoing import Item
from antiphon.net.owed import Owed
from antiphon.net.socket import Peer, Socket, together
from antiphon.net.streamed import AudioFeed, Piece, Segments
from antiphon.ports.stt import Encoding, Heard, Hearing
from antiphon.providers.elevenlabs.account import trouble
from antiphon.providers.elevenlabs.settings import SCRIBE_CHUNKS, ScribeSettings
from antiphon.providers.elevenlabs.wire import scribe as wire

__all__ = ["ScribeRecognition", "url"]

BLUR_S: Final = 0.05
"""The end of a voice is not known better."""
KEYTERMS: Final = 50
KEYTERM_LETTERS: Final = 20
"""The most there may be, and of each (a peer's client says so)."""
AUTO: Final = "auto"
COMMIT: Final = "commit"
"""Waits among the audio; what is sent in its place is made when it is its turn."""

log: Final = logging.getLogger(__name__)


def url(settings: ScribeSettings, hearing: Hearing) -> str:
    """Where to listen, and how."""
    agents = AUTO if hearing.detect else hearing.language
    language = (settings.language or agents).partition("-")[0].lower()
    terms = [term for term in hearing.keyterms if 0 < len(term) <= KEYTERM_LETTERS][:KEYTERMS]
    if len(terms) < len(hearing.keyterms):
        log.info("keyterms left out: there may be %d of %d letters", KEYTERMS, KEYTERM_LETTERS)
    return settings.account.socket_url(
        "/v1/speech-to-text/realtime",
        [
            ("model_id", settings.model_id),
            ("audio_format", "ulaw_8000" if _native(hearing) else f"pcm_{hearing.rate_hz}"),
            ("commit_strategy", "manual"),
            ("include_timestamps", True),
            ("language_code", None if language == AUTO else language),
            ("include_language_detection", bool(hearing.detect) or None),
            ("enable_logging", settings.enable_logging),
            *(("keyterms", term) for term in terms),
        ],
    )


def _native(hearing: Hearing) -> bool:
    """The telephone's own bytes can be sent."""
    return hearing.encoding == "mulaw" and hearing.rate_hz == 8000


class ScribeRecognition:
    """See `antiphon.ports.stt.Recognition`."""

    def __init__(
        self, peer: Peer, settings: ScribeSettings, hearing: Hearing, tell: Callable[[Heard], None]
    ) -> None:
        self._peer, self._settings = peer, settings
        self._url, self._rate_hz = url(settings, hearing), hearing.rate_hz
        self._mulaw, self._detects = _native(hearing), bool(hearing.detect)
        encoding: Encoding = "mulaw" if self._mulaw else "pcm16"
        chunk_s = SCRIBE_CHUNKS.seconds(settings.chunk_ms, hearing)
        self._feed = AudioFeed(hearing.rate_hz, chunk_s, peer.provider, encoding)
        self._segments = Segments(tell)
        self._sent_s = self._committed_s = 0.0
        """Audio sent, and how much of it was committed, in the vendor's seconds."""
        self._asked_s = 0.0
        """Fed audio that a commit was asked for."""
        self._closed_s = 0.0
        """Fed audio that the vendor will not change its mind about."""
        self._queued = 0
        """Commits that wait to be sent."""
        self._commits: list[tuple[float, float]] = []
        """Sent and not answered: up to where, in fed seconds, and how much it committed."""
        self._owed = Owed(settings.finalise_within_s)
        self._plain: str | None = None
        """A final whose word times are still to come."""
        self._timeless: str | None = None
        """One that was told without, in case they come late."""

    def feed(self, pcm: bytes) -> None:
        self._feed.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        if (later_s := self._owed.voice(edge)) is not None:
            self.finalise(later_s)

    def finalise(self, until_s: float) -> None:
        if self._owed.put_off(until_s):
            return
        self._feed.flush()
        fed_s = self._feed.fed_s
        until_s = min(until_s, fed_s)
        heard = self._closed_s >= until_s - BLUR_S and not self._segments.undecided
        fresh = fed_s > self._asked_s
        if self._owed.until_s is None and (heard or not fresh) and not self._unanswered:
            self._segments.final(until_s)
            return
        self._owed.ask(until_s, self._feed.behind_s)
        if fresh:
            self._asked_s = fed_s
            self._queued += 1
            self._feed.outgoing.add(COMMIT)

    def forget(self, until_s: float) -> None:
        self._segments.forget(until_s, owed=self._owed.until_s is not None)

    async def run(self) -> None:
        async with self._peer.opened(self._url) as socket:
            await together(self._send(socket), self._listen(socket))

    # --- what it sends -----------------------------------------------------------------------

    async def _send(self, socket: Socket) -> None:
        while True:
            item = await self._feed.outgoing.take(self._settings.keep_alive_s)
            if item is None:
                await socket.send(self._input())
            elif isinstance(item.frame, bytes):
                await socket.send(self._input(item.frame))
                self._feed.sent(item)
                self._sent_s += item.samples / self._rate_hz
            else:
                await self._commit(socket)

    async def _commit(self, socket: Socket) -> None:
        missing_s = wire.COMMIT_LEAST_S - (self._sent_s - self._committed_s)
        if missing_s > 0:
            samples = math.ceil(missing_s * self._rate_hz) + 1
            silence = bytes(2 * samples)
            padding = g711.encode_mulaw(silence) if self._mulaw else silence
            await socket.send(self._input(padding))
            self._feed.sent(Item(padding, None, samples))
            self._sent_s += samples / self._rate_hz
        self._commits.append((self._feed.fed_at_s(self._sent_s), self._sent_s - self._committed_s))
        self._committed_s = self._sent_s
        self._queued -= 1
        await socket.send(self._input(commit=True))

    def _input(self, audio: bytes = b"", *, commit: bool = False) -> str:
        message = wire.InputAudio(audio_base_64=audio, commit=commit, sample_rate=self._rate_hz)
        return wire.encode(message)

    # --- what it tells -----------------------------------------------------------------------

    async def _listen(self, socket: Socket) -> None:
        async def one() -> None:
            self._hear(self._peer.message(await socket.receive(), wire.decode_server))

        await self._owed.watch(one, self._late)

    def _hear(self, message: wire.ServerMessage) -> None:
        match message:
            case wire.Partial(text=text):
                self._partial(text)
            case wire.Committed(text=text):
                self._close_plain()
                self._plain = text
                self._segments.heard(self._piece(text, self._until_s), closed=False)
                if self._owed.until_s is not None:
                    self._owed.postpone(self._settings.timed_within_s)
            case wire.TimedCommitted(text=text) if self._plain is None and text == self._timeless:
                self._timeless = None
            case wire.TimedCommitted(text=text, words=words):
                self._plain = None
                piece = self._piece(text, self._until_s, words or ())
                told = (message.language_code or "") if self._detects else ""
                self._close(replace(piece, language=told))
            case wire.Trouble(message_type="commit_throttled") if self._commits:
                self._not_committed()
            case wire.Trouble(message_type=kind, error=said):
                raise trouble(self._peer, kind, said)
            case _:
                pass  # nothing a call acts on

    def _partial(self, text: str) -> None:
        if self._owed.until_s is None:
            self._close_plain()  # the next piece has begun
        if self._plain is None:
            self._segments.heard(self._piece(text, self._feed.fed_s), closed=False)

    @property
    def _until_s(self) -> float:
        """How far a final reaches: to its commit, or, where the vendor made it by itself, not
        further than to what it was sent."""
        return self._commits[0][0] if self._commits else self._feed.fed_at_s(self._sent_s)

    def _piece(self, text: str, until_s: float, words: tuple[wire.Word, ...] = ()) -> Piece:
        spoken = [word for word in words if word.type != "spacing" and word.text.strip()]
        timed = tuple(
            Word(
                text=word.text.strip(),
                start_s=self._feed.fed_at_s(word.start),
                end_s=self._feed.fed_at_s(word.end),
                confidence=_sure(word.logprob),
            )
            for word in spoken
            if word.start is not None and word.end is not None
        )
        return Piece(
            start_s=min(self._closed_s, until_s),
            end_s=until_s,
            text=text.strip(),
            words=timed if len(timed) == len(spoken) else (),
            confidence=min((word.confidence for word in timed), default=1.0),
        )

    # --- finals ------------------------------------------------------------------------------

    def _close(self, piece: Piece) -> None:
        self._segments.heard(piece, closed=True)
        self._closed_s = max(self._closed_s, piece.end_s)
        if self._commits:
            self._commits.pop(0)
        else:
            self._committed_s = self._sent_s  # by the vendor itself
        self._answer()

    def _close_plain(self) -> None:
        """The word times of the last final never came."""
        if self._plain is not None:
            text, self._plain = self._plain, None
            self._timeless = text
            self._close(self._piece(text, self._until_s))

    def _not_committed(self) -> None:
        """There were too many: what was told is all there is, and goes into the next one."""
        _, committed_s = self._commits.pop(0)
        self._committed_s -= committed_s
        self._asked_s = self._closed_s
        self._answer()

    @property
    def _unanswered(self) -> bool:
        return bool(self._commits or self._queued)

    def _answer(self) -> None:
        if self._owed.until_s is None:
            return
        if self._unanswered:
            self._owed.postpone(self._settings.finalise_within_s)
        else:
            self._segments.final(self._owed.paid())

    def _late(self) -> None:
        if self._plain is None:
            within = f"{self._settings.finalise_within_s:g} s"
            raise TimedOut(f"no final transcript within {within}", provider=self._peer.provider)
        self._close_plain()


def _sure(logprob: float | None) -> float:
    return 1.0 if logprob is None else min(1.0, math.exp(logprob))
