"""What a provider offers, as data that can be listed and compared, and how it is made to order.

    OFFERS = (
        Offer(
            name="deepgram/nova-3", port="stt", can=NOVA, proof="wire", make=make_nova,
            key="DEEPGRAM_API_KEY", address="DEEPGRAM_BASE_URL", home="https://api.deepgram.com",
        ),
    )

A provider's folder has such a list in its ``offer.py``; `antiphon.wiring.providers` knows all of
them. Lives here: the shapes, one vocabulary for every vendor, and the reading of keys and
addresses. Must not live here: any vendor's values, and prices (`antiphon.observe`).
"""

import difflib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypeVar

from annotated_types import Ge, Le
from pydantic import BaseModel, SecretStr, ValidationError

from antiphon.errors import ConfigError, Missing
from antiphon.net.account import Account
from antiphon.net.cloning import Clips, VoiceList
from antiphon.net.designing import Bounds, Designer
from antiphon.net.training import Trainer

__all__ = [
    "Designs",
    "Hears",
    "Offer",
    "Order",
    "Port",
    "Proof",
    "Skill",
    "Speaks",
    "Thinks",
    "Trains",
    "WrongSetting",
]

S = TypeVar("S", bound=BaseModel)

Port: TypeAlias = Literal["stt", "tts", "llm", "endpoint"]
Proof: TypeAlias = Literal["local", "wire", "sdk boundary"]
"""Where the conformance suite meets it: the engine itself; its wire protocol, spoken by the
sandbox; or a fake in place of the vendor's own SDK."""
Skill: TypeAlias = Literal["none", "asked", "always"]
"""It cannot, or nobody knows that it can; it does where it is asked to; it does anyhow."""


# --- what it can do --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hears:
    """What a recogniser can do."""

    streaming: bool
    word_times: bool
    finalise: bool
    """A final reading can be asked for; otherwise it comes when the vendor thinks fit."""
    end_of_turn: Literal["none", "ended", "eager"]
    """Its own end-of-turn events: none, only the end, or a first guess and its withdrawal too."""
    keep_alive: Literal["message", "silence", "none"]
    """What keeps a connection open while no audio flows."""
    keyterms: bool
    encodings: tuple[str, ...]
    rates_hz: tuple[int, ...] = ()
    """Empty: any."""
    languages: tuple[str, ...] = ()
    """The only ones it hears, where that is known here; empty: its maker knows."""
    formatting: Skill = "none"
    """Sums, dates and the like as one writes them."""
    fillers: Skill = "none"
    """Hesitations are written down: "um", "uh"."""
    detects_language: bool = False
    """It can be told several languages, or none, and finds out; most say which one they heard."""
    speakers: Literal["none", "stretch", "call"] = "none"
    """Words with who said them, by numbers that hold for the whole call, or only until the next
    final, as long as one stream of its vendor lasts."""

    @property
    def native_mulaw(self) -> bool:
        """A telephone's audio need not be transcoded."""
        return "mulaw" in self.encodings


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaks:
    """What a voice can do."""

    streaming: bool
    word_times: bool
    cancel: bool
    """What is not spoken yet can be taken back."""
    speed: tuple[float, float] | None
    """From slowest to fastest."""
    encodings: tuple[str, ...]
    rates_hz: tuple[int, ...] = ()
    cloning: bool = False
    """New voices can be made from a recording."""
    languages: tuple[str, ...] = ()
    """The only ones it speaks, where that is known here; empty: its maker knows."""
    voices: tuple[str, ...] | None = None
    """The only ones that may be named, where that is known here: () is one voice and no choice."""
    styles: tuple[str, ...] = ()
    """Words for how it is to speak; ``*`` is any, of which a voice heeds what it understands."""
    pitch: bool = False
    """It can speak higher and lower."""
    emphasis: bool = False
    """It can stress single words; perhaps not in all of its voices."""

    @property
    def native_mulaw(self) -> bool:
        """A telephone's audio need not be transcoded."""
        return "mulaw" in self.encodings


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinks:
    """What a language model can do."""

    tools: bool
    """It can ask for tools to be run."""
    cached_tokens: bool = False
    """It says how many tokens of a request it had read before, which cost less."""
    local: bool = False


# --- what was ordered ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A provider as an agent file asks for it, and what is around to make it from."""

    name: str
    """As written there: ``deepgram/nova-3``."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What ``providers`` in the agent file says of it."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The environment; keys are in it."""
    models: Callable[[str], Path] = field(repr=False)
    """Where a local model lies; raises `Missing` with the command that fetches it."""

    @property
    def model(self) -> str:
        """What follows the vendor's name."""
        return self.name.partition("/")[2]

    def account(self, offer: "Offer") -> Account:
        """Raises `Missing` where there is no key, `ConfigError` for an impossible address."""
        key = self.environ.get(offer.key, "") if offer.key else ""
        if offer.key and not key:
            keyless = ", or try it without keys: --sandbox" if offer.proof == "wire" else ""
            raise Missing(
                f"{self.name} needs {offer.key}, which is not set",
                fix=f"export {offer.key}=YOUR-KEY, or name a local engine{keyless}",
            )
        if flaw := _flaw(key):
            raise ConfigError(
                f"{offer.key} cannot be a key: {flaw}",
                fix="set it again, to the key alone: no quotes, spaces or line breaks around it",
            )
        given = self.environ.get(offer.address) or offer.home
        try:
            return Account(api_key=SecretStr(key), base_url=_as_http(given))
        except ValidationError:
            raise ConfigError(
                f"{offer.address} cannot be {given!r}",
                fix=f"give scheme, host and port: {offer.home}",
            ) from None

    def settings(self, kind: type[S], **given: object) -> S:
        """The settings, as the agent file has them and ``given``. Raises `ConfigError`."""
        if clash := set(self.options) & set(given):
            raise ConfigError(
                f"providers: {self.name}: {', '.join(sorted(clash))} cannot be set here",
                fix=KEYS_ELSEWHERE if "account" in clash else "",
            )
        try:
            return kind.model_validate({**self.options, **given})
        except ValidationError as error:
            raise _explained(self.name, kind, given, error) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Designs:
    """That a vendor makes voices from words."""

    make: "Callable[[Offer, Order], Designer]"
    """Raises `ConfigError`, `Missing`."""
    bounds: Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Trains:
    """That a vendor trains voices on recordings."""

    make: "Callable[[Offer, Order], Trainer]"
    """Raises `ConfigError`, `Missing`."""
    clips: Clips
    """What from."""
    model: str
    """Which of the vendor's models is trained where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One engine."""

    name: str
    """As an agent file names it. ``anthropic/*`` takes any model after the slash; so it is with
    ``livekit:*`` and what follows the colon."""
    port: Port
    can: Hears | Speaks | Thinks | None
    proof: Proof
    settings: type[BaseModel]
    """What ``providers`` in an agent file may set, and what is given from elsewhere."""
    make: "Callable[[Offer, Order], Any]"
    """Makes it, not started. Raises `ConfigError`, `Missing`."""
    latency: Literal["instant", "fast", "slow"] = "fast"
    """Until the first useful answer, by design and not by measurement: streaming on this machine;
    streaming over a network; or only when all of it is there."""
    key: str = ""
    """The environment's name for the key; empty where none is needed."""
    address: str = ""
    """The environment's name for another address."""
    home: str = ""
    """The vendor's own address."""
    sandbox: str = ""
    """Where the sandbox has it, if not at the path of ``home``."""
    sdk: str = ""
    """The package that must be installed, as Python imports it; empty: nothing more."""
    extra: str = ""
    """What to install it with: ``pip install antiphon[EXTRA]``."""
    notes: str = ""
    """What a user should know before choosing it."""
    several: str = ""
    """The model it is where languages are to be told apart and none is set; empty: the same."""
    voices: "Callable[[Offer, Order], VoiceList] | None" = None
    """Makes the list of a voice engine's voices, a `Cloner` where ``can.cloning``; None: it
    cannot be asked for here. Engines with the same voices have the same maker. Raises
    `ConfigError`, `Missing`."""
    voices_note: str = ""
    """Who says that these are the voices, or how to find out."""
    clips: Clips | None = None
    """What a voice can be cloned from."""
    design: Designs | None = None
    """Where its voices can also be made from words."""
    training: Trains | None = None
    """Where they can also be trained, which takes hours and sounds better."""

    @property
    def vendor(self) -> str:
        return self.name.replace(":", "/").partition("/")[0]

    @property
    def installed(self) -> bool:
        """Whether its package is there; the vendor may still refuse the key."""
        try:
            return not self.sdk or importlib.util.find_spec(self.sdk) is not None
        except ModuleNotFoundError:  # of a package inside one that is not there
            return False

    def fits(self, name: str) -> bool:
        """Whether this is who an agent file means."""
        if self.name.endswith(("/*", ":*")):
            return name.startswith(self.name[:-1]) and len(name) >= len(self.name)
        return name == self.name

    def made(self, order: Order) -> Any:
        """See `make`."""
        if not self.installed:
            raise Missing(
                f"{self.name} needs the Python package {self.sdk}",
                fix=f"pip install 'antiphon[{self.extra}]'",
            )
        return self.make(self, order)


KEYS_ELSEWHERE: Final = (
    "keys and addresses come out of the environment, never out of a file; `antiphon check` says"
    " which are missing"
)
_SECRETS: Final = frozenset("api_key apikey key token secret password base_url url".split())
"""What people write into a file to name a key or an address, and no engine has as a setting."""


_OUT_OF_RANGE: Final = ("greater_than_equal", "less_than_equal")


def _range(kind: type[BaseModel], at: str) -> str:
    """What a number may be; empty where it has not both ends."""
    rules = kind.model_fields[at].metadata if at in kind.model_fields else ()
    low = next((rule.ge for rule in rules if isinstance(rule, Ge)), None)
    high = next((rule.le for rule in rules if isinstance(rule, Le)), None)
    return f"{low} to {high}" if low is not None and high is not None else ""


def _flaw(key: str) -> str:
    """Why no vendor can have given out this key. Never says the key itself."""
    if key != key.strip() or not key.isprintable():
        return "there is a space or a line break at its end, or inside"
    if key[:1] in "'\"" and key:
        return "it stands in quotes"
    return "" if key.isascii() else "it has letters that are not ASCII"


def _as_http(url: str) -> str:
    """Whoever gives a WebSocket's address means the same place."""
    return "http" + url.removeprefix("ws") if url.startswith(("ws://", "wss://")) else url


class WrongSetting(ConfigError):
    """Of one provider, under ``providers`` in an agent file."""

    def __init__(self, provider: str, at: str, what: str, *, fix: str = "") -> None:
        super().__init__(f"providers: {provider}: {what}", fix=fix)
        self.at = at
        """The setting's name."""


def _explained(
    name: str, kind: type[BaseModel], given: Mapping[str, object], error: ValidationError
) -> ConfigError:
    first = error.errors()[0]
    at = ".".join(map(str, first["loc"]))
    known = [field for field in kind.model_fields if field not in given]
    if first["type"] in _OUT_OF_RANGE and (range_ := _range(kind, at)):
        what = f"{at} cannot be {first['input']!r}"
        return WrongSetting(name, at, what, fix=f"it may be {range_}")
    if first["type"] != "extra_forbidden":
        what = f"{at} cannot be {first['input']!r}: {first['msg']}"
        return WrongSetting(name, at, what)
    if at.lower() in _SECRETS:
        return WrongSetting(name, at, f"no setting {at!r}", fix=KEYS_ELSEWHERE)
    close = difflib.get_close_matches(at, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    fix = f"{hint}there are: {', '.join(known)}"
    return WrongSetting(name, at, f"no setting {at!r}", fix=fix)
