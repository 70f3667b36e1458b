"""Voices from words: previews are made, paid for and heard; one is kept."""

from typing import Final

from antiphon.errors import RemoteProtocolError, Unavailable
from antiphon.net.account import Account
from antiphon.net.cloning import KnownVoice
from antiphon.net.designing import Bounds, Brief, Preview
from antiphon.net.wav import to_wav
from antiphon.providers.elevenlabs.account import http
from antiphon.providers.elevenlabs.wire import making as wire
from antiphon.providers.elevenlabs.wire import voices

__all__ = ["BOUNDS", "ElevenLabsDesigner"]

SILENT_S: Final = 120.0
"""Three voices are made before the answer comes."""
RATE_HZ: Final = 24_000
FORMAT: Final = f"pcm_{RATE_HZ}"
"""Every plan has it; mp3, the vendor's default, is of no better use to a telephone."""
KINDS: Final = {"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/wav": "wav", "audio/x-wav": "wav"}
"""Whatever else it is called is the bare sound that was asked for; what the vendor calls that is
unconfirmed."""
BOUNDS: Final = Bounds(
    description_letters=wire.DESCRIPTION_LETTERS,
    text_letters=wire.TEXT_LETTERS,
    rights="what may be done with it depends on your plan: https://elevenlabs.io/terms-of-use",
)


class ElevenLabsDesigner:
    """See `antiphon.net.designing.Designer`."""

    name = "elevenlabs"

    def __init__(self, account: Account) -> None:
        self._http = http(self.name, account, SILENT_S)

    async def design(self, brief: Brief) -> tuple[Preview, ...]:
        asked = wire.Design(
            voice_description=brief.description,
            text=brief.text or None,
            auto_generate_text=not brief.text,
        )
        query = {"output_format": FORMAT}
        answer = await self._post("/v1/text-to-voice/design", wire.encode(asked), query)
        try:
            found = wire.decode_designed(answer).previews
        except RemoteProtocolError as error:
            raise self._garbled(error) from None
        if not found:
            raise Unavailable("made no voice of that description", provider=self.name)
        return tuple(_preview(preview) for preview in found)

    async def keep(self, brief: Brief, preview_id: str, *, name: str) -> KnownVoice:
        asked = wire.Keep(
            voice_name=name,
            voice_description=brief.description,
            generated_voice_id=preview_id,
            labels={"language": brief.language} if brief.language else None,
        )
        answer = await self._post("/v1/text-to-voice", wire.encode(asked))
        try:
            voice = voices.decode_voice(answer)
        except RemoteProtocolError as error:
            raise self._garbled(error) from None
        return KnownVoice(id=voice.voice_id, name=name, language=brief.language, cloned=True)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _post(self, path: str, body: str, query: dict[str, str] | None = None) -> bytes:
        headers = {"content-type": "application/json"}
        async with self._http.ask("POST", path, query, content=body, headers=headers) as answer:
            return await answer.body()

    def _garbled(self, error: RemoteProtocolError) -> Unavailable:
        return Unavailable(f"sent what cannot be read: {error}", provider=self.name)


def _preview(sent: wire.Preview) -> Preview:
    kind = KINDS.get(sent.media_type.partition(";")[0].strip().lower(), "")
    data = sent.audio_base_64
    if not kind and not data.startswith(b"RIFF"):
        data = to_wav(data[: len(data) & ~1], RATE_HZ)
    return Preview(
        id=sent.generated_voice_id, data=data, kind=kind or "wav", seconds=sent.duration_secs
    )
