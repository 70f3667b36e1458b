"""The voices of a region of Azure's."""

from antiphon.errors import RemoteProtocolError, Unavailable
from antiphon.net.account import Account
from antiphon.net.cloning import KnownVoice
from antiphon.net.http import Http
from antiphon.providers.azure import voice_wire, wire

__all__ = ["AzureVoices"]


class AzureVoices:
    """See `antiphon.net.cloning.VoiceList`. Voices of one's own are made in the vendor's studio,
    and are not in this list."""

    name = "azure/speech"

    def __init__(self, account: Account) -> None:
        headers = {
            "Ocp-Apim-Subscription-Key": account.api_key.get_secret_value(),
            "User-Agent": "antiphon",  # the vendor demands one
        }
        self._http = Http(self.name, account, headers)

    async def list(self) -> tuple[KnownVoice, ...]:
        async with self._http.ask("GET", wire.VOICES_PATH) as answer:
            body = await answer.body()
        try:
            found = voice_wire.decode(body)
        except RemoteProtocolError as error:
            said = f"sent what cannot be read: {error}"
            raise Unavailable(said, provider=self.name) from None
        return tuple(
            KnownVoice(id=v.short_name, name=v.display_name or v.short_name, language=v.locale)
            for v in found
        )

    async def aclose(self) -> None:
        await self._http.aclose()
