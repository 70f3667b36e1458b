"""An XTTS server's voices where no folder is named that new ones could be kept in."""

from pathlib import Path

from antiphon.errors import ConfigError
from antiphon.net.account import Account
from antiphon.net.cloning import KnownVoice, NewVoice
from antiphon.providers.xtts.voices import XttsVoices, studio

__all__ = ["StudioVoices"]


class StudioVoices(XttsVoices):
    """The server's own speakers, and no others."""

    def __init__(self, account: Account) -> None:
        super().__init__(account, Path())

    async def list(self) -> tuple[KnownVoice, ...]:
        return tuple(KnownVoice(id=name, name=name) for name in sorted(await studio(self._http)))

    async def clone(self, wanted: NewVoice) -> KnownVoice:
        raise _nowhere()

    async def delete(self, voice_id: str) -> None:
        raise _nowhere()


def _nowhere() -> ConfigError:
    return ConfigError(
        "xtts/server: there is no folder for cloned voices",
        fix="name one: --set voices=FOLDER, and `voices` under providers in the agent file",
    )
