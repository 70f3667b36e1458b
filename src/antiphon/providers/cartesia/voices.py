"""Cartesia's voices: those an account may use, and new ones made from a recording."""

from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import quote

from antiphon.errors import Rejected, RemoteProtocolError, Unavailable
from antiphon.net.account import Account
from antiphon.net.cloning import KnownVoice, NewVoice
from antiphon.net.http import Http
from antiphon.providers.cartesia import voice_wire as wire
from antiphon.providers.cartesia.account import headers

__all__ = ["CartesiaVoices"]

M = TypeVar("M")

SILENT_S: Final = 60.0
"""Recordings are worked on before the answer comes."""
PAGE: Final = 100
"""Voices asked for at once: the most there may be."""
MOST_PAGES: Final = 100
"""A list that goes on is not gone on with."""


class CartesiaVoices:
    """See `antiphon.net.cloning.Cloner`. The vendor takes one clip, of about five seconds."""

    name = "cartesia"

    def __init__(self, account: Account) -> None:
        self._http = Http(self.name, account, headers(account), silent_s=SILENT_S)

    async def list(self) -> tuple[KnownVoice, ...]:
        found: list[KnownVoice] = []
        query: dict[str, object] = {"limit": PAGE}
        for _ in range(MOST_PAGES):
            async with self._http.ask("GET", "/voices", query) as answer:
                page = self._read(wire.decode_page, await answer.body())
            found += [
                KnownVoice(id=v.id, name=v.name, language=v.language, cloned=bool(v.is_owner))
                for v in page.data
            ]
            if not page.data or page.has_more is False:
                break
            query["starting_after"] = page.data[-1].id
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
            made = self._read(wire.decode_voice, await answer.body())
        return KnownVoice(id=made.id, name=made.name, language=made.language, cloned=True)

    async def delete(self, voice_id: str) -> None:
        async with self._http.ask("DELETE", f"/voices/{quote(voice_id, safe='')}"):
            pass

    async def aclose(self) -> None:
        await self._http.aclose()

    def _read(self, decode: Callable[[bytes], M], body: bytes) -> M:
        try:
            return decode(body)
        except RemoteProtocolError as error:
            what = f"sent what cannot be read: {error}"
            raise Unavailable(what, provider=self.name) from None
