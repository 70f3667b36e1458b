"""Voices made and deleted by `antiphon voices`: from recordings, with consent, and after asking."""

import sys
from pathlib import Path
from typing import cast

from antiphon.cli import consented
from antiphon.cli.live import say
from antiphon.cli.output import Exit, print_json
from antiphon.cli.voice_task import Task, facts, listed
from antiphon.errors import ConfigError
from antiphon.net.cloning import Cloner, KnownVoice, NewVoice, clone

__all__ = ["clone_voice", "delete_voice"]


def clone_voice(task: Task) -> int:
    args = task.args
    task.for_cloning()
    name, *files = args.clone
    given = consented.recordings([Path(file) for file in files], task.offer.clips, task.order.name)
    agreed = consented.consent(
        given,
        who=args.consent_by or "",
        purpose=args.consent_purpose or "",
        on=args.consent_on or "",
    )
    wanted = NewVoice(name=name, recordings=given, consent=agreed, language=task.language)
    consents = task.consents()
    voice = task.with_voices(lambda voices: clone(cast("Cloner", voices), wanted, consents))
    if args.json:
        about = {"provider": task.order.name, "consents": str(consents)}
        print_json({"ok": True, **about, "voice": facts(voice)})
        return Exit.OK
    print(f"{voice.name}: cloned by {task.order.name}, its id is {voice.id}")
    print(f"  for an agent file: mouth: {{voice: {voice.id}}}")
    print(f"  the consent of {agreed.who} is written in {consents}")
    if args.sandbox:
        say("the vendor was pretended: the voice is gone now")
    return Exit.OK


def delete_voice(task: Task) -> int:
    args = task.args
    task.for_cloning()
    found = task.with_voices(listed)
    voice = next((voice for voice in found if voice.id == args.delete), None)
    if voice is None:
        named = [f"{known.name} is {known.id}" for known in found if known.name == args.delete]
        raise ConfigError(
            f"{task.order.name} has no voice with the id {args.delete!r}",
            fix="; ".join(named) or f"ids: antiphon voices {args.provider}",
        )
    if not args.yes and not _sure(voice, task.order.name):
        say("nothing was deleted")
        return Exit.NEGATIVE
    task.with_voices(lambda voices: cast("Cloner", voices).delete(voice.id))
    if args.json:
        print_json({"ok": True, "provider": task.order.name, "deleted": facts(voice)})
    else:
        print(f"{voice.name}: deleted by {task.order.name}; consents stay where they are written")
    return Exit.OK


def _sure(voice: KnownVoice, provider: str) -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("nobody is here to be asked before a voice is deleted", fix="say --yes")
    whose = "made by you" if voice.cloned else "not made by you"
    print(f"delete {voice.name} ({voice.id}, {whose}) at {provider}? [y/N] ", end="",
          file=sys.stderr, flush=True)  # fmt: skip
    return sys.stdin.readline().strip().lower() in ("y", "yes")
