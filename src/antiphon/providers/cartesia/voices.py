"""Cartesia's voices: those an account may use, and new ones made from a recording.

The shapes of ``/voices`` are those of the vendor's published client (version 4.2); nobody here has
seen the live service. It takes one clip, of about five seconds.
"""

import json
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.errors import Rejected, RemoteProtocolError, Unavailable
from antiphon.net import frames
from antiphon.net.account import Account
from antiphon.net.cloning import KnownVoice, NewVoice
from antiphon.net.http import Http
from antiphon.providers.cartesia import account

__all__ = ["CartesiaVoices"]

PAGE: Final = 100
"""Voices asked for at once: the most there may be."""
MOST_PAGES: Final = 100
"""A list that goes on is not gone on with."""


class _Voice(Struct, frozen=True):
    id: str
    name: str
    language: str = ""
    is_owner: bool = False


class _Page(Struct, frozen=True):
    data: tuple[_Voice, ...]
    has_more: bool = False


_voice: Final = msgspec.json.Decoder(_Voice)
_page: Final = msgspec.json.Decoder(_Page)


class CartesiaVoices:
    """See `antiphon.net.cloning.Cloner`."""

    name = "cartesia"

    def __init__(self, whose: Account) -> None:
        self._http = Http(self.name, whose, account.headers(whose), silent_s=60.0)

    async def list(self) -> tuple[KnownVoice, ...]:
        found: list[KnownVoice] = []
        after: str | None = None
        for _ in range(MOST_PAGES):
            query = {"limit": PAGE} | ({"starting_after": after} if after else {})
            async with self._http.ask("GET", "/voices", query) as answer:
                page = self._read(_page, await answer.body())
            found += [_known(voice) for voice in page.data]
            if not page.has_more or not page.data:
                break
            after = page.data[-1].id
        return tuple(found)

    async def clone(self, wanted: NewVoice) -> KnownVoice:
        """Raises `Rejected` for more than one recording, too: the vendor takes one."""
        if len(wanted.recordings) != 1:
            raise Rejected("a voice is made from one recording", provider=self.name)
        clip = wanted.recordings[0]
        said = {"name": wanted.name, "language": wanted.language.partition("-")[0]}
        if wanted.description:
            said["description"] = wanted.description
        files = {"clip": (clip.filename, clip.data, clip.content_type)}
        async with self._http.ask("POST", "/voices/clone", data=said, files=files) as answer:
            made = self._read(_voice, await answer.body())
        return KnownVoice(id=made.id, name=made.name, language=made.language, cloned=True)

    async def delete(self, voice_id: str) -> None:
        async with self._http.ask("DELETE", f"/voices/{_safe(voice_id)}"):
            pass

    async def aclose(self) -> None:
        await self._http.aclose()

    def _read(self, decoder: "msgspec.json.Decoder[_M]", body: bytes) -> "_M":
        try:
            return frames.decode_as(decoder, body)
        except RemoteProtocolError as error:
            what = f"sent what cannot be read: {error}"
            raise Unavailable(what, provider=self.name) from None
