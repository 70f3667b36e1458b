"""The child process that a plugin's class runs in: how it is started, and what is not shown."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from antiphon.errors import ConfigError
from antiphon.net.child import Child
from antiphon.net.child_job import Program
from antiphon.providers.livekit.settings import PluginSettings, is_secret

__all__ = ["NAME", "fingerprint", "plugin_child"]

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


def fingerprint(name: str, version: str, arguments: Mapping[str, object]) -> str:
    """All that changes the sound."""
    return f"{name} {version} {sorted((key, repr(value)) for key, value in arguments.items())}"
