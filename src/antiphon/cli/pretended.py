"""``--sandbox``: the vendors an agent names, pretended in this process, for work without keys.

Lives here: the option, and the environment that points an unchanged agent file at the sandbox.
What the sandbox does is in `antiphon.sandbox`; to run one for other programs there is
`antiphon sandbox`.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from antiphon.cli.live import say
from antiphon.config.agent import AgentSettings
from antiphon.config.environment import Environment
from antiphon.errors import ConfigError, Missing
from antiphon.models.store import ModelStore
from antiphon.net.offering import Order, Port
from antiphon.sandbox.plugged import all_desks, all_doors
from antiphon.sandbox.server import Sandbox
from antiphon.wiring import providers
from antiphon.wiring.engines import named

__all__ = ["Makers", "local", "pretended", "pretending", "sandbox_argument"]

Maker: TypeAlias = Callable[[], Any]

KINDS: Final = ("local", "scripted")
BEHIND: Final[dict[Port, str]] = {
    "stt": "local/moonshine",
    "tts": "local/piper",
    "llm": "local/smollm2",
}
"""The engines of this machine that play the vendors."""


def sandbox_argument(
    parser: argparse.ArgumentParser, after: str = "agent", *, whom: str = "the agent's vendors"
) -> None:
    """Adds the option, for a command whose argument ``after`` says who is to be pretended."""
    parser.add_argument(
        "--sandbox",
        nargs="?",
        const="local",
        type=partial(_kind, after),
        metavar="KIND",
        help=f"pretend {whom} in this process, no keys needed: local (also when no"
        " KIND is named) plays them with this machine's engines, scripted with set lines",
    )


def _kind(after: str, text: str) -> str:
    if text not in KINDS:
        raise argparse.ArgumentTypeError(
            f"it is {' or '.join(KINDS)}, not {text!r}; name the {after} before --sandbox"
        )
    return text


@contextmanager
def pretended(
    kind: str | None, settings: AgentSettings, environment: Environment
) -> Iterator[Environment]:
    """The environment to open the agent in: unchanged where no kind of sandbox is asked for.
    Raises `ConfigError` where a provider cannot be pretended, `Missing` where a model is not
    here."""
    makers = local() if kind == "local" else Makers()
    with pretending(kind, makers, named(settings), environment) as surroundings:
        yield surroundings


@contextmanager
def pretending(
    kind: str | None,
    makers: "Makers",
    chosen: Iterable[tuple[Port, str]],
    environment: Environment,
) -> Iterator[Environment]:
    """The same for providers that no agent file names, played by what ``makers`` makes."""
    if kind is None:
        yield environment
        return
    _check(chosen)
    _check_models(makers)
    with Sandbox(ears=makers.ears, voice=makers.voice, mind=makers.mind) as sandbox:
        say(f"pretended vendors ({kind}) at {sandbox.http_url}")
        vendors = {**environment.vendors, **sandbox.environ()}
        yield environment.model_copy(update={"vendors": vendors, "pretended": kind})


@dataclass(frozen=True, slots=True)
class Makers:
    """What plays the vendors; None: a script does."""

    ears: Maker | None = None
    voice: Maker | None = None
    mind: Maker | None = None


def local() -> Makers:
    """What makes a sandbox's ears, voice and mind out of the engines of this machine."""
    models = ModelStore().path

    def maker(port: Port) -> Maker:
        return lambda: providers.make(port, Order(name=BEHIND[port], models=models))

    return Makers(maker("stt"), maker("tts"), maker("llm"))


def _check_models(makers: Makers) -> None:
    """Raises `Missing` for all that is not here, at once."""
    lacking = []
    for make in (makers.ears, makers.voice, makers.mind):
        try:
            if make:
                make()
        except Missing as error:
            lacking.append(error)
    if lacking:
        raise Missing(
            f"nobody is here to play the vendors: {', '.join(e.what for e in lacking)}",
            fix="\n  ".join((*(e.fix for e in lacking), "or --sandbox=scripted, which needs none")),
        )


def _check(chosen: Iterable[tuple[Port, str]]) -> None:
    for port, name in chosen:
        try:
            offer = providers.offered(port, name)
        except ConfigError:
            continue  # whoever opens the agent says so, with the line
        if offer.proof == "sdk boundary":
            raise ConfigError(
                f"{port}: {name} cannot be pretended: only its vendor's own library speaks to it",
                fix="leave it out for the sandbox; `antiphon providers` shows which are on the"
                " wire or local",
            )
        if offer.sandbox and not _is_pretended(offer.sandbox):
            raise ConfigError(
                f"{port}: {name} cannot be pretended: the package that offers it brings nobody to"
                " play its vendor",
                fix="leave it out for the sandbox, or see docs/how-to/add-a-provider.md",
            )


def _is_pretended(path: str) -> bool:
    places = [*(door.path for door in all_doors()), *(desk.path for desk in all_desks())]
    return any(place == path or place.startswith(f"{path}/") for place in places)
