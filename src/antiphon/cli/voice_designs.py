"""Voices that `antiphon voices` has designed from words: heard as files, and one of them kept.

A design is paid for, and its previews are the vendor's to forget; so beside their files lies a note
of which is which, and one of them can be kept in a later run.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from antiphon.cli.live import say
from antiphon.cli.output import Exit, print_json
from antiphon.cli.voice_task import Task, facts
from antiphon.errors import ConfigError
from antiphon.net.cloning import KnownVoice
from antiphon.net.designing import Brief, Designer, Preview
from antiphon.net.offering import Designs

__all__ = ["design_voice", "keep_voice"]

NOTE: Final = "-previews.json"
PREVIEW: Final = re.compile(r"(.+)-(\d+)\.\w+")
"""The name of a preview's file."""


def design_voice(task: Task) -> int:
    """Make previews, write them, and keep one where somebody says which."""
    args, designs = task.args, task.for_designing()
    brief = _brief(task, designs)
    stem = _stem(args.name or "")
    folder = args.into or Path()
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}", where=str(folder), fix="make it first")
    wanted = _number(args.keep)
    previews: tuple[Preview, ...] = task.using(designs.make, lambda made: made.design(brief))
    files = _written(folder, stem, previews, brief, args.name, task.offer.vendor)
    if not args.json:
        _show(files, previews, task)
    number = _asked(len(previews)) if wanted is None and not args.json else wanted
    if number and number > len(previews):
        raise ConfigError(
            f"--keep {number}: there are {len(previews)} previews",
            fix=f"antiphon voices {args.provider} --keep {files[0]}",
        )
    kept = _kept(task, designs, brief, previews[number - 1].id, args.name) if number else None
    if args.json:
        shown = [
            {"file": str(file), "id": preview.id, "seconds": preview.seconds}
            for file, preview in zip(files, previews, strict=True)
        ]
        about = {"provider": task.order.name, "rights": designs.bounds.rights}
        print_json({"ok": True, **about, "previews": shown, "voice": kept and facts(kept)})
    elif kept:
        _show_kept(kept, task, designs)
    else:
        print(f"keep one: antiphon voices {args.provider} --keep {files[0]}")
    return Exit.OK


def keep_voice(task: Task) -> int:
    """Keep a preview of an earlier run."""
    args, designs = task.args, task.for_designing()
    file = Path(args.keep)
    said = _read_note(file, task)
    brief = Brief(description=said["description"], language=said.get("language", ""))
    name = args.name or said["name"]
    kept = _kept(task, designs, brief, said["ids"][file.name], name)
    if args.json:
        about = {"provider": task.order.name, "rights": designs.bounds.rights}
        print_json({"ok": True, **about, "voice": facts(kept)})
    else:
        _show_kept(kept, task, designs)
    return Exit.OK


def _kept(task: Task, designs: Designs, brief: Brief, preview_id: str, name: str) -> KnownVoice:
    async def kept(designer: Designer) -> KnownVoice:
        return await designer.keep(brief, preview_id, name=name)

    return task.using(designs.make, kept)


def _brief(task: Task, designs: Designs) -> Brief:
    """What is asked for. Raises `ConfigError` for what the vendor would not take."""
    args, bounds = task.args, designs.bounds
    if not args.name or not args.name.strip():
        raise ConfigError("a voice that is designed wants a name", fix="--name NAME")
    description, text = args.design.strip(), (args.previewing or "").strip()
    _fits("a description", description, bounds.description_letters, task)
    if text:
        _fits("what previews say", text, bounds.text_letters, task)
    return Brief(description=description, text=text, language=args.language or "")


def _fits(what: str, text: str, letters: tuple[int, int], task: Task) -> None:
    least, most = letters
    if not least <= len(text) <= most:
        raise ConfigError(
            f"{what} has {len(text)} letters: {task.order.name} wants {least} to {most}",
            fix="say more of age, accent, pitch, pace and mood" if len(text) < least else "cut it",
        )


def _stem(name: str) -> str:
    """Of files that are called after it, on every system."""
    return re.sub(r"[^\w.-]+", "-", name.strip()).strip(".-") or "voice"


def _number(keep: str | None) -> int | None:
    """Which preview. None where nobody said."""
    if keep is None:
        return None
    if not keep.isdecimal() or int(keep) < 1:
        raise ConfigError(
            f"with --design, --keep is the number of a preview, not {keep!r}",
            fix="--keep 1, or leave it out and hear them first",
        )
    return int(keep)


def _asked(count: int) -> int | None:
    """Which one somebody wants, who is there to hear them."""
    if not sys.stdin.isatty():
        return None
    print(f"keep which, 1 to {count}? [none] ", end="", file=sys.stderr, flush=True)
    said = sys.stdin.readline().strip()
    return int(said) if said.isdecimal() and 1 <= int(said) <= count else None


# --- files -----------------------------------------------------------------------------------


def _written(
    folder: Path, stem: str, previews: tuple[Preview, ...], brief: Brief, name: str, provider: str
) -> list[Path]:
    """The previews as files, and the note of which is which."""
    files = [folder / f"{stem}-{number}.{p.kind}" for number, p in enumerate(previews, 1)]
    note = {
        "provider": provider,
        "name": name,
        "description": brief.description,
        "language": brief.language,
        "ids": {file.name: preview.id for file, preview in zip(files, previews, strict=True)},
    }
    try:
        for file, preview in zip(files, previews, strict=True):
            file.write_bytes(preview.data)
        (folder / f"{stem}{NOTE}").write_text(json.dumps(note, indent=1), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder}: previews cannot be written: {error.strerror}") from None
    return files


def _read_note(file: Path, task: Task) -> dict[str, Any]:
    """Of a preview's file. Raises `ConfigError` where there is none, or it is another vendor's."""
    named = PREVIEW.fullmatch(file.name)
    note = file.with_name(f"{named[1]}{NOTE}") if named else file
    try:
        said: dict[str, Any] = json.loads(note.read_text(encoding="utf-8")) if named else {}
        known = said["ids"][file.name] and said["description"] and said["name"]
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    if not known:
        raise ConfigError(
            "this is no preview that --design wrote, with its note beside it",
            where=str(file),
            fix=f'antiphon voices {task.args.provider} --design "..." --name NAME',
        )
    if said["provider"] != task.offer.vendor:
        raise ConfigError(f"this preview is of {said['provider']}", where=str(file))
    return said


def _show(files: list[Path], previews: tuple[Preview, ...], task: Task) -> None:
    for number, (file, preview) in enumerate(zip(files, previews, strict=True), 1):
        seconds = "" if preview.seconds is None else f"  {preview.seconds:.1f} s"
        print(f"{number}  {file}{seconds}")
    print(f"designed by {task.order.name}, which charges for it; listen to them", flush=True)


def _show_kept(kept: KnownVoice, task: Task, designs: Designs) -> None:
    print(f"{kept.name}: kept by {task.order.name}, its id is {kept.id}")
    print(f"  for an agent file: mouth: {{voice: {kept.id}}}")
    print(f"  nobody was recorded, so there is no consent; {designs.bounds.rights}")
    if task.args.sandbox:
        say("the vendor was pretended: the voice is gone now")
