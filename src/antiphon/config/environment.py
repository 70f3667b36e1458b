"""The environment, read once: everything Antiphon takes from outside its files."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

__all__ = ["Environment", "read"]


class Environment(BaseModel):
    """What the process was started with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cache: Path
    """Rendered phrases and other things that may be lost: $XDG_CACHE_HOME/antiphon."""
    calls: Path
    """Call logs and recordings: $ANTIPHON_CALLS, otherwise ``calls`` in the current folder."""
    token: str | None = None
    """What callers over the network must present: $ANTIPHON_TOKEN."""
    deepgram_api_key: SecretStr | None = None
    """The key of a Deepgram account: $DEEPGRAM_API_KEY."""
    deepgram_base_url: str | None = None
    """Where Deepgram is, if not at its own address: $DEEPGRAM_BASE_URL."""


def read(environ: Mapping[str, str] = os.environ) -> Environment:
    """The environment as settings."""
    home = environ.get("HOME")
    cache = environ.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home else ".cache")
    return Environment(
        cache=Path(cache) / "antiphon",
        calls=Path(environ.get("ANTIPHON_CALLS") or "calls"),
        token=environ.get("ANTIPHON_TOKEN") or None,
        deepgram_api_key=SecretStr(key) if (key := environ.get("DEEPGRAM_API_KEY")) else None,
        deepgram_base_url=environ.get("DEEPGRAM_BASE_URL") or None,
    )
