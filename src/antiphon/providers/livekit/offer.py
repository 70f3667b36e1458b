"""The bridge, as it is listed and made: ``livekit:deepgram.STT``, ``livekit:elevenlabs.TTS``."""

import os
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from antiphon.errors import ConfigError, Missing
from antiphon.net.offering import Offer, Order
from antiphon.providers.livekit.settings import (
    EARS,
    VOICE,
    PluginSettings,
    RecogniserSettings,
    VoiceSettings,
    is_secret,
)
from antiphon.providers.livekit.stt import PluginRecogniser
from antiphon.providers.livekit.tts import PluginSynthesiser

__all__ = ["OFFERS", "PYTHON"]

S = TypeVar("S", bound=PluginSettings)

PYTHON: Final = "ANTIPHON_LIVEKIT_PYTHON"
FIX: Final = (
    "make an environment for it (python3 -m venv livekit; livekit/bin/pip install "
    f"livekit-plugins-NAME) and give its livekit/bin/python as {PYTHON} or as python"
)


def _recogniser(_: Offer, order: Order) -> PluginRecogniser:
    return PluginRecogniser(order.name, _settings(order, RecogniserSettings), order.environ)


def _voice(_: Offer, order: Order) -> PluginSynthesiser:
    return PluginSynthesiser(order.name, _settings(order, VoiceSettings), order.environ)


def _settings(order: Order, kind: type[S]) -> S:
    """Raises `ConfigError`; it is `Missing` where there is no such interpreter."""
    arguments = order.options.get("arguments")
    if secrets := [name for name in arguments or () if is_secret(str(name))]:
        # What an agent file says is kept in call logs.
        raise ConfigError(
            f"providers: {order.name}: {', '.join(secrets)} cannot be among the arguments",
            fix="put it into the environment, where the plugin looks for it",
        )
    given = {} if "python" in order.options else {"python": order.environ.get(PYTHON) or None}
    if given and given["python"] is None:
        raise Missing(f"{order.name} needs an environment that has its plugin", fix=FIX)
    settings = order.settings(kind, **given)
    if not _runs(settings.python):
        raise Missing(f"{order.name}: {settings.python} is no program", fix=FIX)
    return settings


def _runs(file: Path) -> bool:
    return file.is_file() and os.access(file, os.X_OK)


_offer = partial(
    Offer,
    name="livekit:*",
    proof="sdk boundary",
    notes="a plugin's own environment, keys and settings; what it can do, the plugin knows",
)

OFFERS: Final = (
    _offer(port="stt", can=EARS, settings=RecogniserSettings, make=_recogniser),
    _offer(
        port="tts",
        can=VOICE,
        settings=VoiceSettings,
        make=_voice,
        voices_note="which voices there are, the plugin's vendor knows; name one under arguments",
    ),
)
