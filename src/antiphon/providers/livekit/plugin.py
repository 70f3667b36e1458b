"""The child process that a plugin's class runs in: how it is started, and what is not shown."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from antiphon.errors import ConfigError
from antiphon.net.child import Child
from antiphon.net.child_job import Program
from antiphon.providers.livekit.settings import PluginSettings, is_secret

__all__ = ["NAME", "Wishes", "fingerprint", "plugin_child"]

log: Final = logging.getLogger(__name__)

NAME: Final = re.compile(r"livekit:([a-z0-9_]+(?:\.[a-z0-9_]+)*)\.([A-Za-z_]\w*)")
CHILD: Final = Path(__file__).with_name("child.py")
CALLS: Final = 10_000
"""The plugin's own event loop serves all calls at once: nobody waits for a lane."""


def plugin_child(
    name: str, port: str, settings: PluginSettings, environ: Mapping[str, str]
) -> Child:
    """For ``livekit:deepgram.STT``; not started. Raises `ConfigError`."""
    if (named := NAME.fullmatch(name)) is None:
        raise ConfigError(
            f"{name} names no plugin's class",
            fix="write livekit:PLUGIN.CLASS, as in livekit:deepgram.STT",
        )
    if port.upper() not in named[2].upper():
        raise ConfigError(f"{port}: {named[2]} of {name} is a class for something else")
    return Child(
        Program(
            name=name,
            # Isolated: neither our own packages nor this folder are to be seen there.
            command=(str(settings.python), "-I", str(CHILD)),
            settings={
                "plugin": named[1],
                "class": named[2],
                "port": port,
                "arguments": dict(settings.arguments),
            },
            environment=environ,
            lanes=CALLS,
            start_within_s=settings.start_within_s,
            stall_s=float("inf"),
            secrets=tuple(v for k, v in environ.items() if is_secret(k) and len(v) > 3),
        )
    )


class Wishes:
    """What calls wish for beside the arguments: who has no word for it is not asked, and that is
    said once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._takes: frozenset[str] | None = None
        self._told: set[str] = set()

    def learn(self, facts: Mapping[str, Any]) -> None:
        """What the child found out about the plugin's class."""
        self._takes = frozenset(facts["takes"])

    def make(self, **wanted: object) -> dict[str, object]:
        """As fields of a job. What is empty is no wish."""
        takes = frozenset(wanted) if self._takes is None else self._takes
        for wish, value in wanted.items():
            if value and wish not in takes | self._told:
                self._told.add(wish)
                log.warning("%s takes no %s: it is left out", self._name, wish)
        return {wish: value if wish in takes else None for wish, value in wanted.items()}


def fingerprint(name: str, version: str, arguments: Mapping[str, object]) -> str:
    """All that changes the sound."""
    return f"{name} {version} {sorted((key, repr(value)) for key, value in arguments.items())}"
