"""Professional voices as `antiphon voices` makes them: begun with consent, read aloud for, trained.

Each step is a run of its own, for a person reads in between and training takes hours.
"""

from pathlib import Path
from typing import Any

from antiphon.cli import consented
from antiphon.cli.live import say
from antiphon.cli.output import Exit, print_json
from antiphon.cli.voice_task import Task, facts
from antiphon.errors import ConfigError, ProviderError
from antiphon.net.cloning import KnownVoice, NewVoice, clone
from antiphon.net.training import Challenge, Progress, Trained, Trainer, verify

__all__ = ["begin_voice", "show_progress", "train_voice", "verify_voice"]


def begin_voice(task: Task) -> int:
    """Send recordings, with the consent to them written down; fetch what is to be read aloud."""
    args, training = task.args, task.for_training()
    name, *files = args.clone
    given = consented.recordings([Path(file) for file in files], training.clips, task.order.name)
    agreed = consented.consent(
        given,
        who=args.consent_by or "",
        purpose=args.consent_purpose or "",
        on=args.consent_on or "",
    )
    wanted = NewVoice(name=name, recordings=given, consent=agreed, language=task.language)
    consents, folder = task.consents(), _folder(task)

    async def begun(trainer: Trainer) -> tuple[KnownVoice, Path]:
        voice = await clone(trainer, wanted, consents)
        try:
            challenge = await trainer.challenge(voice.id)
        except ProviderError as error:
            error.add_note(f"{name} was begun: antiphon voices {args.provider} --verify {voice.id}")
            raise
        return voice, _written(folder, voice.id, challenge)

    voice, picture = task.using(training.make, begun)
    if args.json:
        about = {"provider": task.order.name, "consents": str(consents)}
        print_json({"ok": True, **about, "voice": facts(voice), "read_aloud": str(picture)})
        return Exit.OK
    print(f"{voice.name}: begun at {task.order.name}, its id is {voice.id}")
    print(f"  the consent of {agreed.who} is written in {consents}")
    _show_challenge(picture, voice.id, task)
    return Exit.OK


def verify_voice(task: Task) -> int:
    """Fetch what is to be read aloud, or send the reading."""
    args, training = task.args, task.for_training()
    voice_id, *files = args.verify
    if len(files) > 1:
        raise ConfigError("--verify wants an id and one recording", fix="--verify ID READING.wav")
    if not files:
        folder = _folder(task)
        challenge: Challenge = task.using(training.make, lambda t: t.challenge(voice_id))
        picture = _written(folder, voice_id, challenge)
        if args.json:
            print_json({"ok": True, "provider": task.order.name, "read_aloud": str(picture)})
        else:
            _show_challenge(picture, voice_id, task)
        return Exit.OK
    (reading,) = consented.recordings([Path(files[0])], None, task.order.name)
    consents = task.consents()
    task.using(training.make, lambda t: verify(t, voice_id, reading, consents))
    if args.json:
        about = {"provider": task.order.name, "consents": str(consents)}
        print_json({"ok": True, **about, "verified": voice_id})
    else:
        print(f"{voice_id}: {task.order.name} took the reading; it is noted in {consents}")
        print(f"  train it: antiphon voices {args.provider} --train {voice_id}")
    return Exit.OK


def train_voice(task: Task) -> int:
    """Begin what takes hours."""
    args, training = task.args, task.for_training()
    model = args.model or training.model

    async def begun(trainer: Trainer) -> Progress:
        await trainer.train(args.train, model)
        return await trainer.progress(args.train)

    return _show(task, args.train, task.using(training.make, begun))


def show_progress(task: Task) -> int:
    """How far it is."""
    args, training = task.args, task.for_training()
    found: Progress = task.using(training.make, lambda trainer: trainer.progress(args.state))
    return _show(task, args.state, found)


def _show(task: Task, voice_id: str, found: Progress) -> int:
    if task.args.json:
        models = [_facts(model) for model in found.models]
        about: dict[str, Any] = {"provider": task.order.name, "voice": voice_id, "name": found.name}
        state = {"samples": found.samples, "seconds": found.seconds, "verified": found.verified}
        print_json({"ok": True, **about, **state, "failures": found.failures, "models": models})
        return Exit.OK
    seconds = f", {found.seconds / 60:.0f} minutes" if found.seconds else ""
    known = "verified" if found.verified else "not verified: read aloud what --verify fetches"
    print(f"{found.name} ({voice_id}): {found.samples} recordings{seconds}; {known}")
    for failure in found.failures:
        print(f"  turned down: {failure}")
    for model in found.models:
        share = f" {model.share:.0%}" if model.share is not None else ""
        print(f"  {model.model}: {model.state}{share}{' ' if model.message else ''}{model.message}")
    if not found.models:
        print(f"  not trained: antiphon voices {task.args.provider} --train {voice_id}")
    return Exit.OK


def _facts(model: Trained) -> dict[str, Any]:
    about = {"model": model.model, "state": model.state}
    return {**about, "share": model.share, "message": model.message}


def _folder(task: Task) -> Path:
    folder: Path = task.args.into or Path()
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}", where=str(folder), fix="make it first")
    return folder


def _written(folder: Path, voice_id: str, challenge: Challenge) -> Path:
    safe = "".join(letter if letter.isalnum() else "-" for letter in voice_id)
    file = folder / f"read-aloud-{safe}.{challenge.kind}"
    try:
        file.write_bytes(challenge.data)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from None
    return file


def _show_challenge(picture: Path, voice_id: str, task: Task) -> None:
    who = f"antiphon voices {task.args.provider}"
    print(f"  now the person reads aloud what {picture} shows; send the recording of it:")
    print(f"  {who} --verify {voice_id} READING.wav")
    if task.args.sandbox:
        say("the vendor was pretended: the voice is gone now")
