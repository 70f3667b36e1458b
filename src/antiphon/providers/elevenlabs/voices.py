"""The voices of an account: listed, cloned from recordings, deleted."""

import json
from collections.abc import Callable
from typing import Final, TypeVar

from antiphon.errors import RemoteProtocolError, Unavailable
from antiphon.net.account import Account
from antiphon.net.cloning import KnownVoice, NewVoice
from antiphon.providers.elevenlabs.account import http
from antiphon.providers.elevenlabs.wire import voices as wire

__all__ = ["ElevenLabsVoices"]

M = TypeVar("M")

OWN: Final = ("cloned", "generated", "professional")
"""Kinds of voices that accounts make; others may have shared theirs."""
SILENT_S: Final = 60.0
"""Recordings are worked on before the answer comes."""


class ElevenLabsVoices:
    """See `antiphon.net.cloning.Cloner`: instant voice cloning. That the person recorded has
    agreed is part of what is asked for; the vendor may want to verify it besides."""

    name = "elevenlabs"

    def __init__(self, account: Account) -> None:
        self._http = http(self.name, account, SILENT_S)

    async def list(self) -> tuple[KnownVoice, ...]:
        async with self._http.ask("GET", "/v1/voices") as answer:
            body = await answer.body()
        return tuple(
            KnownVoice(
                id=voice.voice_id,
                name=voice.name or voice.voice_id,
                language=(voice.labels or {}).get("language", ""),
                cloned=voice.category in OWN and voice.is_owner is not False,
            )
            for voice in self._read(wire.decode_voices, body).voices
        )

    async def clone(self, wanted: NewVoice) -> KnownVoice:
        form = {
            "name": wanted.name,
            "labels": json.dumps({"language": wanted.language}),
            **({"description": wanted.description} if wanted.description else {}),
        }
        files = [
            ("files", (recording.filename, recording.data, recording.content_type))
            for recording in wanted.recordings
        ]
        async with self._http.ask("POST", "/v1/voices/add", data=form, files=files) as answer:
            added = self._read(wire.decode_added, await answer.body())
        return KnownVoice(
            id=added.voice_id, name=wanted.name, language=wanted.language, cloned=True
        )

    async def delete(self, voice_id: str) -> None:
        async with self._http.ask("DELETE", wire.path(voice_id)) as answer:
            await answer.body()

    async def aclose(self) -> None:
        await self._http.aclose()

    def _read(self, decode: Callable[[bytes], M], body: bytes) -> M:
        try:
            return decode(body)
        except RemoteProtocolError as error:
            said = f"sent what cannot be read: {error}"
            raise Unavailable(said, provider=self.name) from None
