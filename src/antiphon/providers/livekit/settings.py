"""Settings of the bridge, and what any plugin behind it can do."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.net.chunks import Chunks
from antiphon.net.offering import Hears, Speaks

__all__ = [
    "CHUNKS",
    "EARS",
    "VOICE",
    "PluginSettings",
    "RecogniserSettings",
    "VoiceSettings",
    "is_secret",
]

CHUNKS: Final = Chunks()
"""To the child; most plugins make chunks of their own of it for their vendor."""

SECRET: Final = re.compile(r"(?:.*_)?(?:api_?key|key|token|secret|password)", re.IGNORECASE)
"""What names a secret, among arguments and in the environment; ``keyterms`` do not."""


class PluginSettings(BaseModel):
    """Where a plugin is, and how its class is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    python: Path
    """The interpreter of the environment that the plugin is installed in; otherwise
    $ANTIPHON_LIVEKIT_PYTHON."""
    arguments: Mapping[str, Any] = Field(default_factory=dict)
    """What the plugin's class is made with: model, voice, base_url. No keys: the plugins look for
    them in the environment, under their vendors' names."""
    start_within_s: PositiveFloat = 60.0
    """For the interpreter, the plugin's imports and its class."""


class RecogniserSettings(PluginSettings):
    """How an STT class of a plugin listens. It must stream."""

    finalise_within_s: PositiveFloat = 1.5
    """LiveKit's interface has no answer to a flush: if no final that reaches far enough comes in
    this time, what was told so far is the final."""
    chunk_ms: int | None = Field(default=None, ge=CHUNKS.least_ms, le=CHUNKS.most_ms)
    """Audio in one message. None: as the agent file says for all, or as suits the line.
    It is given to the plugin, and most make messages of their own size of it."""


class VoiceSettings(PluginSettings):
    """How a TTS class of a plugin speaks. Its voice is among the arguments."""

    audio_within_s: PositiveFloat = 5.0
    """No audio for so long while some is owed: the clause is given up."""
    ahead: int = Field(default=2, ge=1, le=8)
    """Clauses of a reply that are synthesised at a time, so that no gap is between them. Where a
    vendor counts what is under way, as ElevenLabs does (five, third party), one is safer."""


def is_secret(name: str) -> bool:
    """Whether what goes by this name is not to be shown."""
    return SECRET.fullmatch(name) is not None


EARS: Final = Hears(
    streaming=True,
    word_times=True,
    finalise=True,
    end_of_turn="none",
    keep_alive="none",
    keyterms=True,
    encodings=("linear16",),
)
"""Word times and keyterms where the plugin has them."""
VOICE: Final = Speaks(
    streaming=True, word_times=True, cancel=True, speed=None, encodings=("linear16",)
)
