"""The environment, read once: everything Antiphon takes from outside its files."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from antiphon.errors import Missing

__all__ = ["Environment", "folder_for_calls", "read"]


class Environment(BaseModel):
    """What the process was started with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cache: Path
    """Rendered phrases and other things that may be lost: $XDG_CACHE_HOME/antiphon."""
    calls: Path
    """Call logs and recordings: $ANTIPHON_CALLS, otherwise ``calls`` in the current folder."""
    token: str | None = Field(default=None, repr=False)
    """What callers over the network must present: $ANTIPHON_TOKEN."""
    prices: Path | None = None
    """Prices of your own, which go before ours: $ANTIPHON_PRICES."""
    vendors: Mapping[str, str] = Field(default_factory=dict, repr=False)
    """Keys and addresses of providers, under the vendors' own names: $DEEPGRAM_API_KEY and the
    others that ``antiphon providers`` lists."""
    pretended: str = ""
    """What ``--sandbox`` plays the vendors with: ``local`` or ``scripted``; empty: they are
    real."""


def folder_for_calls(surroundings: Environment) -> Path:
    """Where call logs go, made if need be. Raises `Missing`."""
    folder = surroundings.calls
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Missing(
            f"call logs cannot go into {folder}: {error.strerror}",
            fix="name another folder in ANTIPHON_CALLS",
        ) from None
    return folder


def read(environ: Mapping[str, str] = os.environ) -> Environment:
    """The environment as settings."""
    home = environ.get("HOME")
    cache = environ.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home else ".cache")
    return Environment(
        cache=Path(cache) / "antiphon",
        calls=Path(environ.get("ANTIPHON_CALLS") or "calls"),
        token=environ.get("ANTIPHON_TOKEN") or None,
        prices=Path(environ["ANTIPHON_PRICES"]) if environ.get("ANTIPHON_PRICES") else None,
        vendors={name: value for name, value in environ.items() if value},
    )
