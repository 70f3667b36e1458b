"""One call's ear at Nova-3: audio out, `Results` in, finals on demand."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from antiphon.errors import Rejected, TimedOut
from antiphon.events import SpeechStarted, SpeechStopped, Word
from antiphon.net.owed import Owed
from antiphon.net.socket import Peer, Socket, together
from antiphon.net.streamed import WIRE_NAMES, AudioFeed, Piece, Segments
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.deepgram.settings import NOVA_CHUNKS, NovaSettings
from antiphon.providers.deepgram.wire import nova as wire

__all__ = ["NovaRecognition", "nova_url"]

BLUR_S: Final = 0.05
"""A piece that ends this little before a moment has heard everything up to it: the end of a
voice is not known better."""
ALIVE_S: Final = 0.3
"""A vendor that has told of audio this little before a moment has not stalled."""
SEVERAL: Final = "multi"
KEEP_ALIVE: Final = wire.encode(wire.KeepAlive())
FINALIZE: Final = wire.encode(wire.Finalize())
FAREWELL: Final = wire.encode(wire.CloseStream())


def nova_url(settings: NovaSettings, hearing: Hearing) -> str:
    """Where to listen, and how. ``language_hint`` is of the vendor's documentation; its client does
    not have it here."""
    language = settings.language or (SEVERAL if hearing.detect else hearing.language)
    return settings.account.socket_url(
        "/v1/listen",
        [
            ("model", settings.model),
            ("language", language),
            *(("language_hint", one) for one in hearing.detect if language == SEVERAL),
            ("encoding", WIRE_NAMES[hearing.encoding]),
            ("sample_rate", hearing.rate_hz),
            ("channels", 1),
            ("interim_results", True),
            ("punctuate", True),
            ("smart_format", hearing.formatting == "smart" or None),
            ("filler_words", hearing.keep_fillers or None),
            # The vendor's client calls diarize=true old.
            ("diarize_model", "latest" if hearing.speakers else None),
            ("numerals", settings.numerals),
            ("endpointing", settings.endpointing_ms or False),
            *(("keyterm", term) for term in hearing.keyterms),
        ],
    )


class NovaRecognition:
    """See `antiphon.ports.stt.Recognition`."""

    def __init__(
        self, peer: Peer, settings: NovaSettings, hearing: Hearing, tell: Callable[[Heard], None]
    ) -> None:
        self._peer, self._settings = peer, settings
        self._url = nova_url(settings, hearing)
        chunk_s = NOVA_CHUNKS.seconds(settings.chunk_ms, hearing)
        self._feed = AudioFeed(hearing.rate_hz, chunk_s, peer.provider, hearing.encoding)
        self._segments = Segments(tell)
        self._closed_s = 0.0
        """Up to here the vendor will not change its mind."""
        self._reached_s = 0.0
        """Up to here it has told anything at all, be it that nobody speaks."""
        self._owed = Owed(settings.finalise_within_s)
        self._asked = 0
        """Finalize messages not answered yet."""
        self._asked_s = -1.0
        """Behind how much audio the last one went, in the vendor's seconds."""

    def feed(self, pcm: bytes) -> None:
        self._feed.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        if (later_s := self._owed.voice(edge)) is not None:
            self.finalise(later_s)

    def finalise(self, until_s: float) -> None:
        if self._owed.put_off(until_s):
            return
        self._feed.flush()
        until_s = min(until_s, self._feed.fed_s)
        heard = self._closed_s >= until_s - BLUR_S and not self._segments.undecided
        nothing_owed, at_s = self._owed.until_s is None, self._feed.vendor_until_s
        if nothing_owed and (heard or not self._feed.fed_s):
            self._segments.final(until_s)
            return
        self._owed.ask(until_s, self._feed.behind_s)
        if nothing_owed or at_s > self._asked_s:
            self._asked, self._asked_s = self._asked + 1, at_s
            self._feed.outgoing.add(FINALIZE)

    def forget(self, until_s: float) -> None:
        self._segments.forget(until_s, owed=self._owed.until_s is not None)

    async def run(self) -> None:
        async with self._peer.opened(self._url, FAREWELL) as socket:
            await together(self._send(socket), self._listen(socket))

    async def _send(self, socket: Socket) -> None:
        while True:
            item = await self._feed.outgoing.take(self._settings.keep_alive_s)
            if item is None:
                await socket.send(KEEP_ALIVE)
            else:
                await socket.send(item.frame)
                self._feed.sent(item)

    async def _listen(self, socket: Socket) -> None:
        async def one() -> None:
            self._hear(self._peer.message(await socket.receive(), wire.decode_server))

        await self._owed.watch(one, self._late)

    # --- what it tells -----------------------------------------------------------------------

    def _hear(self, message: wire.ServerMessage) -> None:
        match message:
            case wire.Results():
                self._results(message)
            case wire.Error(description=description):
                raise Rejected(description, provider=self._peer.provider)
            case _:
                pass  # the rest tells nothing a call acts on

    def _results(self, results: wire.Results) -> None:
        start_s = self._feed.fed_at_s(results.start)
        end_s = self._feed.fed_at_s(results.start + results.duration)
        if end_s < self._closed_s - BLUR_S:
            return  # overtaken by a later one that replaced it
        closed = bool(results.is_final)
        self._segments.heard(self._piece(results, start_s, end_s), closed=closed)
        self._reached_s = max(self._reached_s, end_s)
        if closed:
            self._closed_s = max(self._closed_s, end_s)
        if results.from_finalize:
            self._asked = max(0, self._asked - 1)
        if (wanted_s := self._owed.until_s) is None:
            return
        answered = bool(results.from_finalize) and not self._asked
        if answered or (closed and self._closed_s >= wanted_s - BLUR_S):
            self._answer()

    def _piece(self, results: wire.Results, start_s: float, end_s: float) -> Piece:
        if not results.channel.alternatives:
            return Piece(start_s=start_s, end_s=end_s)
        best = results.channel.alternatives[0]
        words = tuple(
            Word(
                text=word.punctuated_word or word.word,
                start_s=self._feed.fed_at_s(word.start),
                end_s=self._feed.fed_at_s(word.end),
                confidence=word.confidence,
                speaker=word.speaker,
            )
            for word in best.words
        )
        return Piece(
            start_s=start_s,
            end_s=end_s,
            text=best.transcript.strip(),
            words=words,
            confidence=best.confidence,
            language=_language(best),
        )

    # --- finals ------------------------------------------------------------------------------

    def _answer(self) -> None:
        self._asked = 0
        self._segments.final(self._owed.paid())

    def _late(self) -> None:
        """Finalize was not answered. Where hardly any audio waited that is allowed, and what was
        told is all there is; a vendor that has fallen behind has stalled."""
        if self._reached_s < (self._owed.until_s or 0.0) - ALIVE_S:
            within = f"{self._settings.finalise_within_s:g} s"
            raise TimedOut(f"no final transcript within {within}", provider=self._peer.provider)
        self._answer()


def _language(best: wire.Alternative) -> str:
    """Of several, the one most of the words are in."""
    told = best.languages or tuple(word.language for word in best.words if word.language)
    return Counter(told).most_common(1)[0][0] if told else ""
