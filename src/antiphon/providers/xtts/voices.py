"""An XTTS server's voices: its own, and those cloned from a recording and kept in a folder here.

A voice is what the server makes of a recording, two arrays of numbers; it keeps none of them.
"""

import asyncio
import re
from pathlib import Path
from typing import Final

from antiphon.errors import Rejected, RemoteProtocolError, Unavailable
from antiphon.net.account import Account
from antiphon.net.cloning import KnownVoice, NewVoice
from antiphon.net.http import Http
from antiphon.providers.xtts import wire

__all__ = ["XttsVoices", "kept", "studio"]

SILENT_S: Final = 60.0
"""Recordings are worked on before the answer comes, perhaps without a graphics card."""
NAME: Final = re.compile(r"[\w][\w .-]{0,63}")
"""What may be a file's name everywhere."""


class XttsVoices:
    """See `antiphon.net.cloning.Cloner`. A cloned voice's id is its name."""

    name = "xtts"

    def __init__(self, account: Account, voices: Path) -> None:
        self._http = Http(self.name, account, {}, silent_s=SILENT_S)
        self._voices = voices

    async def list(self) -> tuple[KnownVoice, ...]:
        theirs = await studio(self._http)
        ours = await asyncio.to_thread(_names, self._voices)
        return (
            *(KnownVoice(id=name, name=name, cloned=True) for name in ours),
            *(KnownVoice(id=name, name=name) for name in sorted(theirs) if name not in ours),
        )

    async def clone(self, wanted: NewVoice) -> KnownVoice:
        """Raises `Rejected` for more than one recording, and for a name that cannot be a
        file's."""
        if len(wanted.recordings) != 1:
            raise Rejected("a voice is made from one recording", provider=self.name)
        path = self._path(wanted.name)
        clip = wanted.recordings[0]
        files = {"wav_file": (clip.filename, clip.data, clip.content_type)}
        async with self._http.ask("POST", "/clone_speaker", files=files) as answer:
            body = await answer.body()
        try:
            speaker = wire.decode_speaker(body)
        except RemoteProtocolError as error:
            raise _garbled(self.name, error) from None
        await asyncio.to_thread(_keep, path, wire.encode(speaker))
        return KnownVoice(id=wanted.name, name=wanted.name, cloned=True)

    async def delete(self, voice_id: str) -> None:
        try:
            await asyncio.to_thread(self._path(voice_id).unlink)
        except FileNotFoundError:
            raise Rejected(f"no voice {voice_id!r} is kept here", provider=self.name) from None

    async def aclose(self) -> None:
        await self._http.aclose()

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise Rejected(f"{name!r} cannot be a file's name", provider=self.name)
        return self._voices / f"{name}.json"


async def studio(http: Http) -> dict[str, wire.Speaker]:
    """The server's own speakers. Raises a `ProviderError`."""
    async with http.ask("GET", "/studio_speakers") as answer:
        body = await answer.body()
    try:
        return wire.decode_speakers(body)
    except RemoteProtocolError as error:
        raise _garbled(http.provider, error) from None


def kept(voices: Path | None, name: str, provider: str) -> bytes | None:
    """A cloned voice, encoded; None where there is no such file. Raises `Rejected` where it
    cannot be read."""
    if voices is None or not NAME.fullmatch(name):
        return None
    path = voices / f"{name}.json"
    try:
        return wire.encode(wire.decode_speaker(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, RemoteProtocolError) as error:
        raise Rejected(f"{path}: not a voice: {error}", provider=provider) from None


def _names(voices: Path) -> list[str]:
    return sorted(path.stem for path in voices.glob("*.json"))


def _keep(path: Path, data: bytes) -> None:
    """Whole or not at all: an utterance may read it meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_bytes(data)
    draft.replace(path)


def _garbled(provider: str, error: RemoteProtocolError) -> Unavailable:
    return Unavailable(f"sent what cannot be read: {error}", provider=provider)
