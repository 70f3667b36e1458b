"""The voices of a Piper model, as the file beside it says."""

import asyncio
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.errors import Missing, Unavailable
from antiphon.net.cloning import KnownVoice

__all__ = ["PiperVoices"]

PULL: Final = "antiphon models pull piper-joe"


class _Language(Struct, frozen=True):
    code: str = ""


class _Config(Struct, frozen=True):
    """There is more to it, which is the engine's to know."""

    dataset: str = ""
    language: _Language = _Language()
    speaker_id_map: dict[str, int] = {}


class PiperVoices:
    """See `antiphon.net.cloning.VoiceList`."""

    name = "local/piper"

    def __init__(self, model: Path) -> None:
        self._model = model

    async def list(self) -> tuple[KnownVoice, ...]:
        """A model of one voice has one without an id: ``mouth.voice`` stays empty. Raises
        `Missing` where there is no model."""
        config = await asyncio.to_thread(self._read)
        language = config.language.code.replace("_", "-")
        if not config.speaker_id_map:
            return (KnownVoice(id="", name=config.dataset or "piper", language=language),)
        names = sorted(config.speaker_id_map)
        return tuple(KnownVoice(id=name, name=name, language=language) for name in names)

    async def aclose(self) -> None:
        """There is nothing to give back."""

    def _read(self) -> _Config:
        file = next(iter(sorted(self._model.glob("*.onnx.json"))), None)
        if file is None:
            raise Missing(f"{self._model}: there is no Piper voice", fix=PULL)
        try:
            return msgspec.json.decode(file.read_bytes(), type=_Config)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Unavailable(f"{file}: {error}", provider=self.name) from None
