"""One call's ear at Flux: audio out, `TurnInfo` in, and its own opinion of where turns end.

Flux reads on as long as audio comes and cannot be asked for a final. One is told when it has read
everything that was fed when it was asked for; where the caller's audio has stopped, silence goes
on in its place. ForceEndTurn is not used: a final at the eager point must not split what is said.
"""

from collections.abc import Callable
from typing import Final, Literal

from antiphon.errors import TimedOut, Unavailable
from antiphon.events import EndpointHinted, SpeechStarted, SpeechStopped, Word
from antiphon.net.owed import Owed
from antiphon.net.socket import Peer, Socket, together
from antiphon.net.streamed import WIRE_NAMES, AudioFeed, Piece, Segments
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.deepgram.settings import FLUX_CHUNKS, FluxSettings
from antiphon.providers.deepgram.wire import flux as wire

__all__ = ["SEVERAL", "FluxRecognition", "flux_url"]

STEP_S: Final = 0.08
"""It reads in steps of about this (unconfirmed): what it has read up to so little before a moment
is all there was. Silence that it waits for is sent in them."""
SEVERAL: Final = "flux-general-multi"
FAREWELL: Final = wire.encode(wire.CloseStream())
HINTS: Final[dict[str, Literal["eager", "resumed", "ended"]]] = {
    "EagerEndOfTurn": "eager",
    "TurnResumed": "resumed",
    "EndOfTurn": "ended",
}


def flux_url(settings: FluxSettings, hearing: Hearing) -> str:
    """Where to listen, and how."""
    model = settings.model or (SEVERAL if hearing.detect else "flux-general-en")
    hints = hearing.detect or (hearing.language,)
    return settings.account.socket_url(
        "/v2/listen",
        [
            ("model", model),
            ("encoding", WIRE_NAMES[hearing.encoding]),
            ("sample_rate", hearing.rate_hz),
            ("eager_eot_threshold", settings.eager_eot_threshold),
            ("eot_threshold", settings.eot_threshold),
            ("eot_timeout_ms", settings.eot_timeout_ms),
            *(("language_hint", one) for one in hints if model == SEVERAL),
            ("numerals", hearing.formatting == "smart" or None),
            *(("keyterm", term) for term in hearing.keyterms),
        ],
    )


class FluxRecognition:
    """See `antiphon.ports.stt.Recognition`."""

    def __init__(
        self, peer: Peer, settings: FluxSettings, hearing: Hearing, tell: Callable[[Heard], None]
    ) -> None:
        self._peer, self._settings, self._tell = peer, settings, tell
        self._url = flux_url(settings, hearing)
        chunk_s = FLUX_CHUNKS.seconds(settings.chunk_ms, hearing)
        self._feed = AudioFeed(hearing.rate_hz, chunk_s, peer.provider, hearing.encoding)
        self._segments = Segments(tell)
        self._sequence = -1
        self._turn = -1
        self._words = self._skipped = 0
        """Of the turn that is open: how many there were last, and how many are forgotten."""
        self._reached_s = 0.0
        """How far it has read, in its own seconds."""
        self._owed = Owed(settings.finalise_within_s)
        self._wanted_s = 0.0
        """A final is owed of audio up to here, in its seconds."""

    def feed(self, pcm: bytes) -> None:
        self._feed.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        """Flux listens for itself."""

    def finalise(self, until_s: float) -> None:
        self._feed.flush()
        until_s = min(until_s, self._feed.fed_s)
        self._wanted_s = self._feed.vendor_until_s
        self._owed.ask(until_s, self._feed.behind_s)
        self._answer_if_read()

    def forget(self, until_s: float) -> None:
        self._skipped = self._words
        self._segments.forget(until_s, owed=self._owed.until_s is not None)

    async def run(self) -> None:
        async with self._peer.opened(self._url, FAREWELL) as socket:
            await together(self._send(socket), self._listen(socket))

    async def _send(self, socket: Socket) -> None:
        outgoing, idle_s = self._feed.outgoing, self._settings.silence_after_s
        while True:
            wait_s = idle_s if self._owed.until_s is None else STEP_S
            item = await outgoing.take(wait_s)
            if item is None:
                self._feed.silence(wait_s)
            else:
                await socket.send(item.frame)
                self._feed.sent(item)

    async def _listen(self, socket: Socket) -> None:
        async def one() -> None:
            self._hear(self._peer.message(await socket.receive(), wire.decode_server))

        await self._owed.watch(one, self._late)

    def _late(self) -> None:
        within = f"{self._settings.finalise_within_s:g} s"
        what = f"did not read what it was sent within {within}"
        raise TimedOut(what, provider=self._peer.provider)

    # --- what it tells -----------------------------------------------------------------------

    def _hear(self, message: wire.ServerMessage) -> None:
        match message:
            case wire.TurnInfo() if message.sequence_id > self._sequence:
                self._sequence = message.sequence_id
                self._turn_info(message)
            case wire.Error(code=code, description=description):
                raise Unavailable(f"{code}: {description}", provider=self._peer.provider)
            case _:
                pass  # overtaken, or nothing a call acts on

    def _turn_info(self, info: wire.TurnInfo) -> None:
        if info.turn_index != self._turn:
            self._turn, self._skipped = info.turn_index, 0
        self._words = len(info.words)
        self._reached_s = max(self._reached_s, info.audio_window_end)
        ended = info.event == "EndOfTurn"
        self._segments.heard(self._piece(info), closed=ended)
        hint, at_s = HINTS.get(info.event), self._feed.fed_at_s(info.audio_window_end)
        if hint in ("eager", "ended"):
            self._segments.settled()
        if hint:
            self._tell(EndpointHinted(kind=hint, at_s=at_s))
        self._answer_if_read()

    def _piece(self, info: wire.TurnInfo) -> Piece:
        fed_at_s = self._feed.fed_at_s
        start_s, end_s = fed_at_s(info.audio_window_start), fed_at_s(info.audio_window_end)
        sure = min((word.confidence for word in info.words), default=1.0)
        timed = tuple(
            Word(
                text=word.word,
                start_s=fed_at_s(word.start),
                end_s=fed_at_s(word.end),
                confidence=word.confidence,
            )
            for word in info.words
            if word.start is not None and word.end is not None
        )
        language = info.languages[0] if info.languages else ""
        text = info.transcript.strip()
        if len(timed) == len(info.words):
            return Piece(
                start_s=start_s,
                end_s=end_s,
                text=text,
                words=timed,
                confidence=sure,
                language=language,
            )
        # Without times, what was forgotten is known by how many words it had.
        if self._skipped:
            text = " ".join(word.word for word in info.words[self._skipped :])
            start_s = end_s
        return Piece(start_s=start_s, end_s=end_s, text=text, confidence=sure, language=language)

    # --- finals ------------------------------------------------------------------------------

    def _answer_if_read(self) -> None:
        if self._owed.until_s is not None and self._reached_s >= self._wanted_s - STEP_S:
            self._segments.final(self._owed.paid())
