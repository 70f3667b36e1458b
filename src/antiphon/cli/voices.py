"""`antiphon voices PROVIDER`: its voices, listed, heard, cloned with consent, designed, deleted.

PROVIDER is an engine that speaks, as an agent file names it, or its vendor: `deepgram/aura-2`,
`elevenlabs`, `piper`. Without more, its voices are listed, those of the account before the
vendor's. The consent to a clone is written down before anything is sent.
"""

import argparse
import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, cast

from rich.console import Console
from rich.table import Table

from antiphon.cli.output import Exit, print_json
from antiphon.cli.pretended import Makers, local, pretending, sandbox_argument
from antiphon.cli.trial import advice
from antiphon.cli.voice_clones import clone_voice, delete_voice
from antiphon.cli.voice_designs import design_voice, keep_voice
from antiphon.cli.voice_task import Task, chosen, facts, listed, options, whose
from antiphon.cli.voice_training import begin_voice, show_progress, train_voice, verify_voice
from antiphon.config import environment
from antiphon.errors import ConfigError, ProviderError, Rejected
from antiphon.models.store import ModelStore
from antiphon.net.cloning import KnownVoice
from antiphon.net.offering import Order
from antiphon.net.wav import to_wav
from antiphon.ports.tts import Speaking, Synthesiser

__all__ = ["arguments", "run"]

COLUMNS: Final = 100
"""Where there is no terminal to ask."""
BELONGS: Final = {
    "out": ("say",),
    "voice": ("say",),
    "professional": ("clone",),
    "consent_by": ("clone",),
    "consent_purpose": ("clone",),
    "consent_on": ("clone",),
    "consents": ("clone", "verify"),
    "previewing": ("design",),
    "name": ("design", "keep"),
    "into": ("design", "verify", "professional"),
    "model": ("train",),
    "yes": ("delete",),
}
"""Options that mean nothing without another."""
DOES: Final = ("say", "clone", "delete", "verify", "train", "state")
"""Options that --keep cannot stand beside."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "provider", metavar="PROVIDER", help="an engine that speaks, or its vendor; see"
        " `antiphon providers tts`",
    )  # fmt: skip
    parser.add_argument(
        "--language", metavar="TAG", help="list only its voices; of a clone and of --say it is the"
        " language spoken, en if nothing is said",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting, as providers"
        " in an agent file has it: region=westeurope; may be repeated",
    )  # fmt: skip
    does = parser.add_mutually_exclusive_group()
    does.add_argument("--say", metavar="TEXT", help="speak it into the file of --out")
    does.add_argument(
        "--clone", nargs="+", metavar=("NAME", "RECORDING"), help="make a voice of that name from"
        " recordings of a person who agreed",
    )  # fmt: skip
    does.add_argument(
        "--design", metavar="WORDS", help="make voices of that description, to be heard; the vendor"
        " charges for it",
    )  # fmt: skip
    does.add_argument("--delete", metavar="ID", help="delete a voice; asks before")
    does.add_argument(
        "--verify", nargs="+", metavar=("ID", "READING"), help="of a professional voice: fetch what"
        " the person is to read aloud, or send the recording of it",
    )  # fmt: skip
    does.add_argument("--train", metavar="ID", help="train a professional voice; takes hours")
    does.add_argument("--state", metavar="ID", help="how far a professional voice is")
    parser.add_argument("--out", type=Path, metavar="FILE.wav", help="where --say speaks to")
    parser.add_argument("--voice", metavar="ID", help="whose voice --say uses; else the default")
    parser.add_argument(
        "--professional", action="store_true", help="begin a voice that is trained on --clone's"
        " recordings: more of them, more steps, a better voice",
    )  # fmt: skip
    parser.add_argument("--name", metavar="NAME", help="of the voice that --design makes")
    parser.add_argument("--previewing", metavar="TEXT", help="what previews of --design say")
    parser.add_argument(
        "--keep", metavar="WHICH", help="make a voice of a preview: of its file, from an earlier"
        " --design; or with --design, of its number",
    )  # fmt: skip
    parser.add_argument(
        "--into", type=Path, metavar="FOLDER", help="where previews and what is to be read aloud"
        " are written; else here",
    )  # fmt: skip
    parser.add_argument("--model", metavar="MODEL", help="which of the vendor's models to train")
    parser.add_argument("--consent-by", metavar="WHO", help="whose voice it is, by name")
    parser.add_argument("--consent-purpose", metavar="WHY", help="to what use of it they agreed")
    parser.add_argument("--consent-on", metavar="DATE", help="when they agreed: 2026-11-21")
    parser.add_argument(
        "--consents", type=Path, metavar="FILE", help="where the consent is written; else"
        " consents.jsonl beside the call logs (pretended-consents.jsonl with --sandbox)",
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="delete without asking")
    sandbox_argument(parser, after="provider", whom="the provider")


def run(args: argparse.Namespace) -> int:
    _check(args)
    offer, name = chosen(args.provider)
    outside = environment.read()
    with pretending(args.sandbox, _players(args), [("tts", name)], outside) as around:
        order = Order(
            name=name,
            options=options(offer, args.set),
            environ=around.vendors,
            models=ModelStore().path,
        )
        task = Task(args, offer, order, around.calls)
        try:
            return _done(task)
        except ProviderError as error:
            error.add_note(_fix(error, task))
            raise


def _check(args: argparse.Namespace) -> None:
    for option, others in BELONGS.items():
        if getattr(args, option) and not any(getattr(args, other) for other in others):
            said, wanted = option.replace("_", "-"), " or ".join(f"--{other}" for other in others)
            raise ConfigError(f"--{said} means nothing without {wanted}")
    if args.keep is not None and any(getattr(args, other) is not None for other in DOES):
        raise ConfigError("--keep stands alone, or beside --design")


def _done(task: Task) -> int:
    """The one thing that was asked for."""
    args = task.args
    if args.design is not None:
        return design_voice(task)
    if args.keep is not None:
        return keep_voice(task)
    if args.say is not None:
        return _say(task)
    if args.clone:
        return begin_voice(task) if args.professional else clone_voice(task)
    if args.verify:
        return verify_voice(task)
    if args.train is not None:
        return train_voice(task)
    if args.state is not None:
        return show_progress(task)
    return delete_voice(task) if args.delete is not None else _list(task)


def _players(args: argparse.Namespace) -> Makers:
    """Only speech needs an engine behind the pretended vendor."""
    speaks = args.say is not None or args.design is not None
    wanted = args.sandbox == "local" and speaks
    return Makers(voice=local().voice) if wanted else Makers()


def _fix(error: ProviderError, task: Task) -> str:
    if not isinstance(error, Rejected):
        return advice(error, task.offer, task.order)
    fixes = []
    if key := task.offer.key:
        fixes.append(f"see that {key} is a key of {task.offer.vendor} that may do this")
    if task.args.clone or task.args.verify:
        fixes.append("look at the recording")
    if task.args.keep:
        fixes.append("previews are forgotten after a while: design it again")
    if task.args.voice or task.args.delete or task.args.train or task.args.state:
        fixes.append(f"look at the voice's id: antiphon voices {task.args.provider}")
    return "; ".join(fixes) or "look at the settings: --set"


# --- listed ----------------------------------------------------------------------------------


def _list(task: Task) -> int:
    args, note = task.args, task.offer.voices_note
    about = {"provider": task.order.name, "note": note}
    if task.offer.voices is None:
        if args.json:
            print_json({"ok": False, **about, "note": task.hint, "voices": None})
        else:
            print(f"{task.order.name}: its voices cannot be listed here\n  {task.hint}")
        return Exit.NEGATIVE
    found = task.with_voices(listed)
    if args.language:
        found = [voice for voice in found if _speaks(voice, args.language)]
    if args.json:
        print_json({"ok": True, **about, "voices": [facts(voice) for voice in found]})
        return Exit.OK
    console = Console() if Console().is_terminal else Console(width=COLUMNS)
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "id", "language", "whose"):
        table.add_column(heading, overflow="fold")
    for voice in found:
        table.add_row(voice.name, voice.id or "-", voice.language or "-", whose(voice))
    console.print(table if found else "no voice", markup=False)
    console.print(f"{task.order.name}: {note or 'as the vendor lists them now'}", style="dim",
                  markup=False, highlight=False)  # fmt: skip
    return Exit.OK


def _speaks(voice: KnownVoice, language: str) -> bool:
    """Where the vendor does not say, it may."""
    return not voice.language or voice.language.lower().startswith(language.lower())


# --- heard -----------------------------------------------------------------------------------


def _say(task: Task) -> int:
    args = task.args
    file: Path | None = args.out
    if file is None or not args.say.strip():
        raise ConfigError("--say wants words and a file", fix='--say "Hello." --out hello.wav')
    if not file.parent.is_dir():
        raise ConfigError(f"there is no folder {file.parent}", where=str(file), fix="make it first")
    voice = args.voice or ""
    engine: Synthesiser = task.offer.made(task.order)
    pcm = asyncio.run(_spoken(engine, args.say, Speaking(voice=voice, language=task.language)))
    file.write_bytes(to_wav(pcm, engine.rate_hz))
    seconds = len(pcm) / 2 / engine.rate_hz
    if args.json:
        about = {"provider": task.order.name, "voice": voice or None, "file": str(file)}
        print_json({"ok": True, **about, "rate_hz": engine.rate_hz, "seconds": round(seconds, 2)})
    else:
        print(f"{file}: {seconds:.1f} s by {task.order.name}, voice {voice or 'of its settings'}")
    return Exit.OK


async def _spoken(engine: Synthesiser, text: str, speaking: Speaking) -> bytes:
    try:
        await engine.start()
        utterance = engine.utter(speaking)
        utterance.say(text)
        utterance.end()
        async with aclosing(cast("Any", utterance.audio())) as pieces:
            pcm = b"".join([piece.pcm async for piece in pieces])
    finally:
        await engine.aclose()
    if not pcm:
        raise ProviderError("it spoke, but without a sound", provider=engine.name)
    return pcm
