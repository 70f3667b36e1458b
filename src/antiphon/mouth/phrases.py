"""Rendered speech worth keeping: greetings, fillers, fallbacks, and the little phrases models
begin with.

Two tiers. `keep` is for registered phrases: memory and disk, shared by every process that uses
the directory. `remember` is memory only: what a model said may hold a caller's name, and that
has no business on a disk. Sentences of a model are not kept at all; they hardly ever come back.

A broken or vanished file is a miss. A disk that cannot be written is reported once, and the
cache goes on in memory.
"""

import hashlib
import logging
import os
import tempfile
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from antiphon.ports.tts import SpokenWord

__all__ = ["Phrase", "PhraseCache", "PhraseKey"]

_LOG: Final = logging.getLogger("antiphon.mouth.phrases")
_MAGIC: Final = b"antiphon-phrase-1\n"
_SUFFIX: Final = ".phrase"
_PART: Final = ".part"
STALE_S: Final = 3600.0
"""A file that is still being written after so long belongs to a process that died."""
MEMORY_BYTES: Final = 16 << 20
"""Some thousand short phrases at telephone rate."""
DISK_BYTES: Final = 256 << 20
KEPT_AFTER_EVICTION: Final = 0.9
"""Evicting a little more than needed, so that it is not done at every write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseKey:
    """Everything that makes two renderings the same sound."""

    text: str
    """As the voice reads it."""
    voice: str
    speed: float
    language: str
    fingerprint: str
    loudness_dbfs: float
    rate_hz: int
    style: str = ""
    pitch_semitones: float = 0.0
    stress: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:40]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One rendered clause, ready to play."""

    pcm: bytes
    words: tuple[SpokenWord, ...] = ()
    gain_db: float = 0.0
    """What the voice was raised by; the next clause of the same voice starts from it."""


@dataclass(frozen=True, slots=True)
class _Label:
    """What a file says about itself, before its audio."""

    key: PhraseKey
    words: tuple[SpokenWord, ...]
    gain_db: float
    crc: int


class PhraseCache:
    """One per process. ``directory`` is made when needed; None keeps everything in memory."""

    def __init__(
        self,
        directory: Path | None = None,
        *,
        memory_bytes: int = MEMORY_BYTES,
        disk_bytes: int = DISK_BYTES,
    ) -> None:
        self._directory = directory
        self._memory_bytes = memory_bytes
        self._disk_bytes = disk_bytes
        self._memory: OrderedDict[PhraseKey, Phrase] = OrderedDict()
        self._held_bytes = 0
        self._on_disk: set[str] = set()
        self._warned = False
        self.refresh()

    def refresh(self) -> None:
        """Learn what other processes have kept. A lookup touches the disk only for these."""
        if self._directory is None:
            return
        try:
            self._on_disk = {path.stem for path in self._directory.glob("*" + _SUFFIX)}
        except OSError as error:
            self._warn(error)

    def get(self, key: PhraseKey) -> Phrase | None:
        """The phrase, or None."""
        if phrase := self._memory.get(key):
            self._memory.move_to_end(key)
            return phrase
        if self._directory is None or (digest := key.digest) not in self._on_disk:
            return None
        phrase = _read(self._path(digest), key)
        if phrase is None:
            self._on_disk.discard(digest)
        else:
            self.remember(key, phrase)
        return phrase

    def remember(self, key: PhraseKey, phrase: Phrase) -> None:
        """Keep it in memory; what was used longest ago makes room."""
        if old := self._memory.pop(key, None):
            self._held_bytes -= len(old.pcm)
        self._memory[key] = phrase
        self._held_bytes += len(phrase.pcm)
        while self._held_bytes > self._memory_bytes and self._memory:
            _, oldest = self._memory.popitem(last=False)
            self._held_bytes -= len(oldest.pcm)

    def keep(self, key: PhraseKey, phrase: Phrase) -> None:
        """Keep it in memory and on disk. Writes a file: not while a call waits."""
        self.remember(key, phrase)
        if self._directory is None:
            return
        digest = key.digest
        label = msgspec.json.encode(
            _Label(key, phrase.words, phrase.gain_db, zlib.crc32(phrase.pcm))
        )
        path = self._path(digest)
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            _write(path, _MAGIC + label + b"\n" + phrase.pcm)
            self._on_disk.add(digest)
            _sweep(self._directory, path.stat().st_mtime - STALE_S)
            self._evict()
        except OSError as error:
            self._warn(error)

    def _path(self, digest: str) -> Path:
        assert self._directory is not None
        return self._directory / (digest + _SUFFIX)

    def _evict(self) -> None:
        """Delete what was used longest ago by any process until the directory fits."""
        assert self._directory is not None
        found = []
        for path in self._directory.glob("*" + _SUFFIX):
            try:
                stat = path.stat()
            except FileNotFoundError:  # another process was quicker
                continue
            found.append((stat.st_mtime, stat.st_size, path))
        total = sum(size for _, size, _ in found)
        if total <= self._disk_bytes:
            return
        for _, size, path in sorted(found):
            path.unlink(missing_ok=True)
            self._on_disk.discard(path.stem)
            total -= size
            if total <= self._disk_bytes * KEPT_AFTER_EVICTION:
                return

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            _LOG.warning(
                "cannot use the phrase cache %s: %s; phrases are kept in memory only, and the"
                " next start renders them again",
                self._directory,
                error.strerror or error,
            )


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing, whoever else writes or reads the same file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=_PART)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _sweep(directory: Path, before_s: float) -> None:
    """Delete what processes that died were writing. The time is the file system's own."""
    for part in directory.glob("*" + _PART):
        try:
            if part.stat().st_mtime < before_s:
                part.unlink()
        except FileNotFoundError:  # another process was quicker
            continue


def _read(path: Path, key: PhraseKey) -> Phrase | None:
    try:
        content = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    magic, _, rest = content.partition(b"\n")
    line, _, pcm = rest.partition(b"\n")
    if magic + b"\n" != _MAGIC:
        return None
    try:
        label = msgspec.json.decode(line, type=_Label)
    except msgspec.DecodeError:
        return None
    if label.key != key or label.crc != zlib.crc32(pcm):
        return None
    return Phrase(pcm=pcm, words=label.words, gain_db=label.gain_db)
