"""Writes the reference pages that follow from the code, into docs/reference/.

Run `python -m docs.make_reference` in the checkout after changing a setting, an event, an action,
a command or an error. tests/test_docs.py fails while a page is out of date, and where anything
has no meaning to print. A meaning stands where it belongs: under its field, in an argument's help.
"""

import argparse
import dataclasses
import importlib
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any, Final, TypeAlias

from docs.described import COMMON, allowed, anchor, default, field_docs, line
from pydantic import BaseModel

from antiphon import actions, errors, events
from antiphon.actions import Message
from antiphon.call.settings import HearingSettings
from antiphon.cli.main import COMMANDS
from antiphon.cli.output import Exit, exit_code
from antiphon.cli.providers import PORTS as TITLES
from antiphon.cli.providers import abilities, formats, price_words
from antiphon.config.agent import AgentSettings
from antiphon.dialog.settings import ReceptionistSettings, Topic, TroubleSettings
from antiphon.events import Expectation, Word
from antiphon.mouth.settings import AmbientSettings, Manner, MouthSettings
from antiphon.net.account import Account
from antiphon.net.offering import Hears, Offer, Speaks
from antiphon.net.tiers import Tiers
from antiphon.observe.prices import Price, built_in
from antiphon.providers.aws.account import Secrets
from antiphon.server.settings import ServerSettings
from antiphon.transports.file.settings import LineSettings
from antiphon.transports.microphone.settings import MicrophoneSettings
from antiphon.transports.websocket.settings import WebSocketSettings
from antiphon.turns.settings import PRESETS, TurnSettings
from antiphon.wiring.providers import OFFERS

REFERENCE: Final = Path(__file__).parent / "reference"
Settings: TypeAlias = type[BaseModel]


def _engines(title: str, *, hosted: bool) -> tuple[str, tuple[tuple[str, Settings], ...]]:
    """One entry for each settings class, under the names that stand for it."""
    found: dict[Settings, list[str]] = {}
    for offer in OFFERS:
        if (offer.proof != "local") == hosted:
            found.setdefault(offer.settings, []).append(f"`{offer.name}`")
    return title, tuple((", ".join(names), kind) for kind, names in found.items())


SETTINGS: Final[tuple[tuple[str, tuple[tuple[str, Settings], ...]], ...]] = (
    (
        "The agent file",
        (
            ("The file itself", AgentSettings),
            ("`hearing`: how what the caller says is written down", HearingSettings),
            ("`turns`: how patient, how polite, how long", TurnSettings),
            ("`mouth`: how the agent sounds", MouthSettings),
            ("One of `mouth.manners`", Manner),
            ("`mouth.ambient`: what is heard behind it", AmbientSettings),
            ("`dialog`: what the agent says", ReceptionistSettings),
            ("`tiers`: when the large model is asked", Tiers),
            ("One of `dialog.topics`", Topic),
            ("`dialog.trouble`: what is said when our own means fail", TroubleSettings),
        ),
    ),
    (
        "The server and the lines",
        (
            ("The server", ServerSettings),
            ("A call over WebSocket", WebSocketSettings),
            ("This machine's microphone and speaker", MicrophoneSettings),
            ("The line of a placed call", LineSettings),
        ),
    ),
    _engines("The engines of this machine", hosted=False),
    _engines("The vendors", hosted=True),
    (
        "A vendor's account",
        (("Out of the environment", Account), ("Amazon's, out of the environment", Secrets)),
    ),
)
PARTS_NOTE: Final = {
    "The agent file": "What `agent.yaml` may hold; "
    "[how to write one](../how-to/write-an-agent.md).",
    "The server and the lines": "Set by the options of the [commands](commands.md) where one is "
    "named there, otherwise from Python.",
    "The engines of this machine": "What `providers` in an agent file may say of each; the model "
    "comes out of the local store.",
    "The vendors": "What `providers` in an agent file may say of each; the account comes out of "
    "the [environment](environment.md).",
    "A vendor's account": "Never in a file: the key is a secret.",
}
PORTS: Final = ("stt", "tts", "llm", "endpoint")

MADE: Final = "<!-- Made by docs/make_reference.py from the code; edit the code instead. -->"


# --- settings -----------------------------------------------------------------------------------


def settings_page() -> str:
    """Every setting there is."""
    lines = [MADE, "# Settings", "", *_prose(SETTINGS_INTRO)]
    for part, classes in SETTINGS:
        lines += [f"## {part}", "", PARTS_NOTE[part], ""]
        for title, owner in classes:
            lines += [f'### <a id="{anchor(owner)}"></a>{title}', ""]
            lines += [line(owner.__doc__), "", *_settings_table(owner), ""]
            if owner is TurnSettings:
                lines += [*_presets(), ""]
    return "\n".join(lines).rstrip() + "\n"


SETTINGS_INTRO: Final = """
Every setting, with what it may be, what it is when nothing is said, and what it means. Anything
else in a file is refused, with the file, the line, and what may stand there.
A name that ends in `_s` is in seconds, `_hz` in hertz, `_db` in decibels; `_dbfs` in decibels
below full scale.
"""


def _settings_table(owner: Settings) -> list[str]:
    docs = field_docs(owner)
    rows = ["| setting | may be | default | meaning |", "|---|---|---|---|"]
    for name, field in owner.model_fields.items():
        may_be = allowed(field.annotation, tuple(field.metadata))
        if owner is AgentSettings and name in PORTS:
            none = " or none" if field.default_factory is None and "none" in may_be else ""
            may_be = (
                ", ".join(
                    f"`{known}`" for known in (offer.name for offer in OFFERS if offer.port == name)
                )
                + none
            )
        if owner is AgentSettings and name == "preset":
            may_be = ", ".join(f"`{known}`" for known in PRESETS)
        value = field.get_default(call_default_factory=True)
        rows.append(f"| `{name}` | {may_be} | {default(value)} | {docs[name]} |")
    return rows


def _presets() -> list[str]:
    """How the presets differ from the defaults."""
    plain = TurnSettings()
    rows = ["| preset | differs from the defaults in |", "|---|---|"]
    for name, preset in PRESETS.items():
        changes = [
            f"`{field}: {value}`"
            for field, value in preset.model_dump().items()
            if value != getattr(plain, field)
        ]
        rows.append(f"| `{name}` | {', '.join(changes) or 'nothing'} |")
    return rows


# --- events and actions -------------------------------------------------------------------------


def events_page() -> str:
    """Every event and action."""
    lines = [MADE, "# Events and actions", "", *_prose(EVENTS_INTRO)]
    lines += ["## Events", "", "Facts, in the past tense: `antiphon.events`.", ""]
    for kind in events.KINDS.values():
        lines += _kind(kind)
    lines += ["## Actions", "", "Orders, in the imperative: `antiphon.actions`.", ""]
    for kind in actions.KINDS.values():
        lines += _kind(kind)
    lines += ["## Parts of them", ""]
    for kind in (Expectation, Message, Word):
        lines += _kind(kind)
    return "\n".join(lines).rstrip() + "\n"


EVENTS_INTRO: Final = """
What a call's machines may be told, and what they may order. Each is a frozen dataclass; in the
[call log](call-log.md) it is a JSON object with its name under `type` and its fields beside it.
*Audio time* is seconds of caller audio since the call's first sample. The moment an event is told
is not in it: the call passes it beside, as `now`.

What the agent says is of one of four kinds. A `reply` answers. A `filler` bridges a wait and goes
before everything not yet audible. A `prompt` asks a silent caller. A `notice` is protected: it is
neither ducked nor stopped.
"""


def _kind(kind: type[Any]) -> list[str]:
    lines = [f"### {kind.__name__}", "", line(kind.__doc__), ""]
    docs = field_docs(kind)
    fields = dataclasses.fields(kind)
    if fields:
        lines += ["| field | may be | default | meaning |", "|---|---|---|---|"]
    hints = inspect.get_annotations(kind, eval_str=True)
    for field in fields:
        meaning = docs.get(field.name) or COMMON[field.name]
        value = field.default if field.default_factory is dataclasses.MISSING else ()
        lines.append(
            f"| `{field.name}` | {allowed(hints[field.name])} | {default(value)} | {meaning} |"
        )
    return [*lines, ""] if fields else lines


# --- commands -----------------------------------------------------------------------------------


def command_parser(name: str) -> argparse.ArgumentParser:
    """The parser `antiphon NAME` uses."""
    parser = argparse.ArgumentParser(prog=f"antiphon {name}")
    importlib.import_module(COMMANDS[name][0]).arguments(parser)
    if "--json" not in parser._option_string_actions:
        parser.add_argument("--json", action="store_true", help="print results as JSON")
    return parser


def commands_page() -> str:
    """Every command."""
    lines = [MADE, "# Commands", "", *_prose(COMMANDS_INTRO), *_exit_codes(), ""]
    for name, (module, summary) in COMMANDS.items():
        parser = command_parser(name)
        end = "" if summary.endswith("?") else "."
        lines += [f"## antiphon {name}", "", f"{summary[0].upper()}{summary[1:]}{end}", ""]
        lines += ["```text", _synopsis(parser), "```", ""]
        said = inspect.getdoc(importlib.import_module(module)) or ""
        lines += [part for text in said.split("\n\n")[1:] for part in (line(text), "")]
        lines += [*_arguments(parser), ""]
    return "\n".join(lines).rstrip() + "\n"


COMMANDS_INTRO: Final = """
`./run antiphon ...` in a checkout, `antiphon ...` where the package is installed. Results go to
the standard output, what is said about the running of a command to the standard error, so a
command with `--json` can be piped. Every command has `--help`.
`./run` has five commands of its own: `demo` and `serve` fetch what is missing and then do what
`antiphon demo` and `antiphon serve` do; `test`, `check` and `certify` are for [working on Antiphon
itself](../../CONTRIBUTING.md).
"""


def _exit_codes() -> list[str]:
    docs = field_docs(Exit)
    rows = ["| exit code | meaning |", "|---|---|", f"| {Exit.OK:d} | It is done. |"]
    return rows + [f"| {code:d} | {docs[code.name]} |" for code in Exit if code is not Exit.OK]


def _synopsis(parser: argparse.ArgumentParser) -> str:
    """`antiphon call AGENT (--play IN.wav | --script FILE) [...]`."""
    groups = {
        id(action): group
        for group in parser._mutually_exclusive_groups
        for action in group._group_actions
    }
    words, done = [parser.prog], set[int]()
    for action in sorted(arguments(parser), key=lambda action: bool(action.option_strings)):
        group = groups.get(id(action))
        if group is None:
            words.append(_one(action, bare=action.required and bool(action.option_strings)))
        elif id(group) not in done:
            done.add(id(group))
            both = " | ".join(_one(each, bare=True) for each in group._group_actions)
            words.append(f"({both})" if group.required else f"[{both}]")
    return textwrap.fill(" ".join(words), 88, subsequent_indent="    ", break_on_hyphens=False)


def arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Its own arguments."""
    return [action for action in parser._actions if action.dest != "help"]


def _one(action: argparse.Action, *, bare: bool) -> str:
    value = _value(action)
    if not action.option_strings:
        return {"*": f"[{value}...]", "?": f"[{value}]"}.get(str(action.nargs), value)
    shown = f"{action.option_strings[0]} {value}".rstrip()
    return shown if bare else f"[{shown}]"


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if isinstance(action.metavar, tuple):
        return " ".join(action.metavar) + ("..." if action.nargs == "+" else "")
    if action.metavar:
        return action.metavar
    if action.choices:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper()


def _arguments(parser: argparse.ArgumentParser) -> list[str]:
    rows = ["| argument | default | meaning |", "|---|---|---|"]
    for action in arguments(parser):
        name = " ".join([*action.option_strings[:1], _value(action)]).strip().replace("|", "\\|")
        value = "" if action.required or action.default in (None, [], False) else action.default
        shown = f"`{value}`" if value != "" else ""
        rows.append(f"| `{name}` | {shown} | {line(action.help)} |")
    return rows


# --- errors -------------------------------------------------------------------------------------


def errors_page() -> str:
    """Every error."""
    tree = re.search(r"    AntiphonError\n(    .*\n)+", errors.__doc__ or "")
    assert tree, "antiphon.errors opens with its tree"
    lines = [MADE, "# Errors", "", *_prose(ERRORS_INTRO)]
    lines += ["```text", textwrap.dedent(tree[0]).rstrip(), "```", ""]
    lines += ["| error | meaning | exit code |", "|---|---|---|"]
    for name in errors.__all__:
        kind = getattr(errors, name)
        code = exit_code(kind.__new__(kind))
        lines.append(f"| `{name}` | {line(kind.__doc__)} | {code:d} |")
    return "\n".join([*lines, "", *_prose(ERRORS_END)]).rstrip() + "\n"


ERRORS_INTRO: Final = """
Everything Antiphon raises on purpose is an `AntiphonError`, from `antiphon.errors`. Its message is
fit to be read by the user: what was wrong, where, and what to do next. A command prints it and
ends with the [exit code](commands.md) beside it.
"""
ERRORS_END: Final = """
A provider error says by its `retryable` whether asking again may help.
What callers do is never an exception: barge-in, silence and hang-up are
[events](events.md). An exception of another library is translated once, in the adapter that met
it.
"""


# --- providers ----------------------------------------------------------------------------------


def providers_page() -> str:
    """Every engine, and every price."""
    lines = [MADE, "# Providers", "", *_prose(PROVIDERS_INTRO)]
    for port, title in TITLES.items():
        offers = [offer for offer in OFFERS if offer.port == port]
        sounds = any(isinstance(offer.can, Hears | Speaks) for offer in offers)
        heads = ["engine", "can", *(["mu-law", "formats"] if sounds else []), "answers", "proof"]
        lines += [f"## {title}", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        lines += [*map(_engine, offers), ""]
    lines += ["## How each voice can be shaped", "", *_prose(SHAPES_INTRO)]
    lines += ["| engine | speed | styles | pitch | emphasis |", "|---|---|---|---|---|"]
    voices = [(offer, offer.can) for offer in OFFERS if isinstance(offer.can, Speaks)]
    lines += [*(_shapes(offer, can) for offer, can in voices), ""]
    lines += [_styles(offer, can) for offer, can in voices if _has_its_own_styles(can)]
    lines += ["## What each needs, and what to know", "", *_prose(NEEDS_INTRO)]
    lines += ["| engine, and its settings | key | extra | remarks |"]
    lines += ["|---|---|---|---|", *map(_needs, OFFERS), ""]
    lines += ["## Where each is proved", "", *_prose(PROOF_INTRO)]
    for proof, meaning in PROOFS.items():
        names = sorted({f"`{offer.name}`" for offer in OFFERS if offer.proof == proof})
        said = f"- **{proof}**: {meaning}. {', '.join(names)}."
        lines += textwrap.wrap(said, 100, subsequent_indent="  ", break_on_hyphens=False)
    lines += ["", "## Prices", "", *_prose(PRICES_INTRO)]
    lines += ["| | engine | model | US dollars | who says so, as of | remark |"]
    lines += ["|---|---|---|---|---|---|", *map(_price, built_in().rows), ""]
    lines += ["A row of a price table:", "", *_settings_table(Price), ""]
    return "\n".join(lines).rstrip() + "\n"


PROVIDERS_INTRO: Final = """
Every engine an agent file can name under `stt`, `tts`, `llm` and `endpoint`;
[how to use them](../how-to/use-providers.md). `antiphon providers` says the same of your machine:
which keys are set, what is installed, your own prices.
*Answers*: `instant`, streaming on this machine; `fast`, streaming over a network; `slow`, only when
all of it is there. That is by design, not measured. *Mu-law*: a telephone's audio goes through as
it is. *Proof*: [what it was tested against](#where-each-is-proved).
"""
SHAPES_INTRO: Final = """
What an engine does by itself of [what can be asked for](../how-to/shape-the-voice.md); the rest of
it is done here and is the same for all. A style of *any* is words of yours, of which a voice heeds
what it understands. What an engine cannot do it leaves out.
"""
NEEDS_INTRO: Final = """
Keys, and addresses other than the vendor's own, come out of the
[environment](environment.md#keys-and-addresses-of-vendors), never out of a file. Settings stand
under `providers` in the agent file. An engine with an *extra* needs one more package:
`pip install 'antiphon[EXTRA]'`.
"""
PROOF_INTRO: Final = """
One conformance suite per port runs over every engine. What it is run against differs:
"""
PROOFS: Final = {
    "local": "the engine itself, on this machine",
    "wire": "our client speaks the vendor's protocol to the [sandbox](../explanation/sandbox.md); "
    "which parts of that an outside client has confirmed is told there",
    "sdk boundary": "the vendor's own package, with a fake in the place of its connection",
}
PRICES_INTRO: Final = """
For estimates, not for bills: refresh them before you build a plan on one. *Vendor* is the vendor's
own page; *third party* somebody else who quotes it. A price that is not known is `?`, and never
counted as nothing. [Your own prices](../how-to/use-providers.md#what-it-costs) go before these.
"""


def _shapes(offer: Offer, can: Speaks) -> str:
    speed = "{:g} to {:g}".format(*can.speed) if can.speed else ""
    styles = f"{len(can.styles)} words, below" if _has_its_own_styles(can) else "any"
    styles = styles if can.styles else ""
    yes = ("yes" if can.pitch else "", "yes" if can.emphasis else "")
    return f"| `{offer.name}` | {speed} | {styles} | {yes[0]} | {yes[1]} |"


def _has_its_own_styles(can: Speaks) -> bool:
    return bool(can.styles) and can.styles != ("*",)


def _styles(offer: Offer, can: Speaks) -> str:
    """Too many for a table."""
    return textwrap.fill(f"The styles of `{offer.name}`: {', '.join(can.styles)}.", 100) + "\n"


def _engine(offer: Offer) -> str:
    cells = [f"`{offer.name}`", ", ".join(abilities(offer.can))]
    if isinstance(offer.can, Hears | Speaks):
        cells += ["as it is" if offer.can.native_mulaw else "", formats(offer.can)]
    return f"| {' | '.join([*cells, offer.latency, offer.proof])} |"


def _needs(offer: Offer) -> str:
    key = f"`{offer.key}`" if offer.key else ""
    extra = f"`{offer.extra}`" if offer.extra else ""
    engine = f"[`{offer.name}`](settings.md#{anchor(offer.settings)}) ({offer.port})"
    return f"| {engine} | {key} | {extra} | {offer.notes} |"


def _price(row: Price) -> str:
    model = "" if row.model == "*" else f"`{row.model}`"
    said = f"{row.source}, {row.as_of}"
    return f"| {row.port} | `{row.offer}` | {model} | {price_words(row)} | {said} | {row.note} |"


# --- the environment ----------------------------------------------------------------------------

_VENDORS: Final = ("<!-- vendors -->", "<!-- end of vendors -->")


def environment_page() -> str:
    """The page as it is, with the keys and addresses of all vendors."""
    text = (REFERENCE / "environment.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(_VENDORS[0])
    _, _, after = rest.partition(_VENDORS[1])
    rows = ["| variable | meaning | the vendor's own |", "|---|---|---|"]
    keys: dict[str, list[str]] = {}
    addresses: dict[str, list[Offer]] = {}
    for offer in OFFERS:
        if offer.key:
            keys.setdefault(offer.key, []).append(f"`{offer.name}`")
        if offer.address:
            addresses.setdefault(offer.address, []).append(offer)
    for name, engines in keys.items():
        rows.append(f"| `{name}` | the key for {_unique(engines)}; never shown | |")
    for name, offers in addresses.items():
        engines = [f"`{offer.name}`" for offer in offers]
        home = _unique([f"`{offer.home}`" for offer in offers if offer.home])
        rows.append(f"| `{name}` | another address for {_unique(engines)} | {home} |")
    return "\n".join([before + _VENDORS[0], *rows, _VENDORS[1] + after])


def _unique(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names))


# --- pages --------------------------------------------------------------------------------------


def _prose(text: str) -> list[str]:
    return [*text.strip().splitlines(), ""]


PAGES: Final = {
    "settings.md": settings_page,
    "events.md": events_page,
    "commands.md": commands_page,
    "errors.md": errors_page,
    "providers.md": providers_page,
    "environment.md": environment_page,
}

if __name__ == "__main__":
    for name, made in PAGES.items():
        (REFERENCE / name).write_text(made(), encoding="utf-8")
