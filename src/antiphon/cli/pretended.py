"""``--sandbox``: the vendors an agent names, pretended in this process, for work without keys.

Lives here: the option, and the environment that points an unchanged agent file at the sandbox.
What the sandbox does is in `antiphon.sandbox`; to run one for other programs there is
`antiphon sandbox`.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from antiphon.cli.live import say
from antiphon.config.agent import AgentSettings
from antiphon.config.environment import Environment
from antiphon.errors import ConfigError
from antiphon.models.store import ModelStore
from antiphon.net.offering import Order, Port
from antiphon.sandbox.server import Sandbox
from antiphon.wiring import providers
from antiphon.wiring.engines import named

__all__ = ["Makers", "local", "pretended", "sandbox_argument"]

Maker: TypeAlias = Callable[[], Any]

KINDS: Final = ("local", "scripted")
BEHIND: Final[dict[Port, str]] = {
    "stt": "local/moonshine",
    "tts": "local/piper",
    "llm": "local/smollm2",
}
"""The engines of this machine that play the vendors."""


def sandbox_argument(parser: argparse.ArgumentParser) -> None:
    """Adds the option."""
    parser.add_argument(
        "--sandbox",
        nargs="?",
        const="local",
        type=_kind,
        metavar="KIND",
        help="pretend the agent's vendors in this process, no keys needed: local (also when no"
        " KIND is named) plays them with this machine's engines, scripted with set lines",
    )


def _kind(text: str) -> str:
    if text not in KINDS:
        raise argparse.ArgumentTypeError(
            f"it is {' or '.join(KINDS)}, not {text!r}; name the agent before --sandbox"
        )
    return text


@contextmanager
def pretended(
    kind: str | None, settings: AgentSettings, environment: Environment
) -> Iterator[Environment]:
    """The environment to open the agent in: unchanged where no kind of sandbox is asked for.
    Raises `ConfigError` where a provider cannot be pretended, `Missing` where a model is not
    here."""
    if kind is None:
        yield environment
        return
    _check(settings)
    makers = local() if kind == "local" else Makers()
    with Sandbox(ears=makers.ears, voice=makers.voice, mind=makers.mind) as sandbox:
        say(f"pretended vendors ({kind}) at {sandbox.url}")
        vendors = {**environment.vendors, **sandbox.environ()}
        yield environment.model_copy(update={"vendors": vendors})


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


def _check(settings: AgentSettings) -> None:
    for port, name in named(settings):
        offer = providers.offered(port, name)
        if offer.proof == "sdk boundary":
            raise ConfigError(
                f"{port}: {name} cannot be pretended: only its vendor's own library speaks to it",
                fix="leave it out for the sandbox; `antiphon providers` shows which are on the"
                " wire or local",
            )
