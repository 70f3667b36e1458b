"""How a session at Universal-Streaming begins: where and with which wishes, and what it answers.

Must not live here: what is heard in one (`universal`).
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from antiphon.errors import TimedOut, Unavailable
from antiphon.net.child_job import sendable
from antiphon.net.socket import Peer, Socket
from antiphon.ports.stt import Encoding, Hearing
from antiphon.providers.assemblyai import wire
from antiphon.providers.assemblyai.settings import UniversalSettings

__all__ = ["ENCODINGS", "begun", "formats", "read", "universal_url"]

ENCODINGS: Final[Mapping[Encoding, tuple[Encoding, str]]] = {
    "pcm16": ("pcm16", "pcm_s16le"),
    "mulaw": ("mulaw", "pcm_mulaw"),
    "alaw": ("pcm16", "pcm_s16le"),
}
"""What is sent for what came in on the line, and what the vendor calls it."""
MOST_TERMS: Final = 100
TERM_LETTERS: Final = 50
"""Of keyterms; more or longer ones and there is no session (third party)."""


def universal_url(settings: UniversalSettings, hearing: Hearing) -> str:
    """Where to listen, and how."""
    language = hearing.language.split("-")[0].lower()
    by_language = "multilingual" if hearing.detect or language != "en" else "english"
    languages = tuple(dict.fromkeys(one.split("-")[0] for one in hearing.detect)) or (language,)
    model = settings.speech_model or f"universal-streaming-{by_language}"
    steered = model.startswith(("u3-", "universal-3-"))
    return settings.account.socket_url(
        "/v3/ws",
        [
            ("speech_model", model),
            ("encoding", ENCODINGS[hearing.encoding][1]),
            ("sample_rate", hearing.rate_hz),
            ("format_turns", formats(settings, hearing)),
            ("end_of_turn_confidence_threshold", settings.end_of_turn_confidence_threshold),
            ("min_turn_silence", settings.min_turn_silence_ms),
            ("max_turn_silence", settings.max_turn_silence_ms),
            ("keyterms_prompt", wire.listed(_expected(hearing))),
            ("language_codes", wire.listed(languages) if steered else None),
            ("language_detection", bool(hearing.detect) or None),
            ("speaker_labels", hearing.speakers or None),
            ("inactivity_timeout", settings.inactivity_timeout_s),
            ("session_heartbeat", True),
        ],
    )


def formats(settings: UniversalSettings, hearing: Hearing) -> bool:
    """The end of a turn is told once more, with case, punctuation and numbers as written."""
    return settings.format_turns or hearing.formatting == "smart"


def _expected(hearing: Hearing) -> tuple[str, ...]:
    """The words worth expecting, as many and as long as the vendor takes."""
    terms = [sendable(term) for term in hearing.keyterms if len(term) <= TERM_LETTERS]
    return tuple(terms[:MOST_TERMS])


async def begun(socket: Socket, peer: Peer) -> None:
    """Wait for the session to begin. Raises a `ProviderError` where it does not."""
    try:
        async with asyncio.timeout(peer.connect_within_s):
            message = read(await socket.receive(), peer)
    except TimeoutError:
        within = f"{peer.connect_within_s:g} s"
        raise TimedOut(f"no session began within {within}", provider=peer.provider) from None
    if not isinstance(message, wire.Begin):
        raise Unavailable("did not begin a session", provider=peer.provider)


def read(frame: str | bytes, peer: Peer) -> wire.ServerMessage:
    """What the vendor said. Raises a `ProviderError`: its own, or for what nobody can read."""
    message = peer.message(frame, wire.decode_server)
    if isinstance(message, wire.Error):
        raise peer.failed(message.error_code, f"ended the session: {message.error}")
    return message
