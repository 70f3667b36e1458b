"""The phrase cache: what it keeps, what it refuses, and what it survives."""

import logging
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import pytest

from antiphon.mouth.phrases import Phrase, PhraseCache, PhraseKey
from antiphon.ports.tts import SpokenWord

KEY = PhraseKey(
    text="Hello.", voice="", speed=1.0, language="en", fingerprint="f1",
    loudness_dbfs=-20.0, rate_hz=8000,
)  # fmt: skip
PHRASE = Phrase(pcm=b"\1\2" * 500, words=(SpokenWord(text="Hello.", start=0, end=9),), gain_db=2.5)


def test_another_process_finds_what_was_kept(tmp_path: Path) -> None:
    PhraseCache(tmp_path).keep(KEY, PHRASE)
    assert PhraseCache(tmp_path).get(KEY) == PHRASE


def test_what_is_only_remembered_never_reaches_the_disk(tmp_path: Path) -> None:
    cache = PhraseCache(tmp_path)
    cache.remember(KEY, PHRASE)
    assert cache.get(KEY) == PHRASE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change", [{"text": "Hallo."}, {"voice": "b"}, {"speed": 1.1}, {"fingerprint": "f2"},
               {"rate_hz": 16000}, {"language": "de"}, {"loudness_dbfs": -18.0}],
)  # fmt: skip
def test_everything_that_changes_the_sound_is_in_the_key(
    tmp_path: Path, change: dict[str, object]
) -> None:
    cache = PhraseCache(tmp_path)
    cache.keep(KEY, PHRASE)
    assert cache.get(replace(KEY, **change)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "garbage", "foreign", "header"])
def test_a_damaged_file_is_a_miss(tmp_path: Path, damage: str) -> None:
    PhraseCache(tmp_path).keep(KEY, PHRASE)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    path.write_bytes(
        {
            "cut": content[:-10],
            "flip": content[:-1] + bytes([content[-1] ^ 1]),
            "empty": b"",
            "garbage": b"\0" * 300,
            "foreign": content.replace(b"Hello.", b"Hallo."),
            "header": content.replace(b"{", b"[", 1),
        }[damage]
    )
    cache = PhraseCache(tmp_path)
    assert cache.get(KEY) is None
    cache.keep(KEY, PHRASE)
    assert PhraseCache(tmp_path).get(KEY) == PHRASE


def test_a_file_that_vanished_is_a_miss(tmp_path: Path) -> None:
    PhraseCache(tmp_path).keep(KEY, PHRASE)
    cache = PhraseCache(tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()
    assert cache.get(KEY) is None


def test_the_disk_holds_no_more_than_it_may_and_drops_the_oldest(tmp_path: Path) -> None:
    cache = PhraseCache(tmp_path, disk_bytes=5000)
    for number in range(8):
        cache.keep(replace(KEY, text=str(number)), PHRASE)
        for age, path in enumerate(sorted(tmp_path.iterdir(), key=os.path.getmtime, reverse=True)):
            os.utime(path, (1e9 - age, 1e9 - age))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5000
    fresh = PhraseCache(tmp_path)
    assert fresh.get(replace(KEY, text="7")) == PHRASE
    assert fresh.get(replace(KEY, text="0")) is None


def test_memory_holds_no_more_than_it_may_and_drops_what_was_used_longest_ago() -> None:
    cache = PhraseCache(memory_bytes=2500)
    keys = [replace(KEY, text=str(number)) for number in range(3)]
    cache.remember(keys[0], PHRASE)
    cache.remember(keys[1], PHRASE)
    assert cache.get(keys[0])
    cache.remember(keys[2], PHRASE)
    assert [cache.get(key) is not None for key in keys] == [True, False, True]


def test_a_disk_that_cannot_be_written_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    cache = PhraseCache(blocked / "cache")
    with caplog.at_level(logging.WARNING):
        cache.keep(KEY, PHRASE)
        cache.keep(replace(KEY, text="b"), PHRASE)
    assert len(caplog.records) == 1
    assert f"cannot use the phrase cache {blocked / 'cache'}: Not a directory; " in caplog.text
    assert cache.get(KEY) == PHRASE


def _keep_many(directory: Path, text: str) -> None:
    cache = PhraseCache(directory)
    for _ in range(100):
        cache.keep(KEY, PHRASE)
        cache.keep(replace(KEY, text=text), PHRASE)


def test_processes_may_write_the_same_phrase_at_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_keep_many, args=(tmp_path, str(n))) for n in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
        assert writer.exitcode == 0
    cache = PhraseCache(tmp_path)
    assert [cache.get(key) for key in (KEY, replace(KEY, text="0"), replace(KEY, text="1"))] == [
        PHRASE
    ] * 3
    assert not list(tmp_path.glob("*.part"))


def test_what_a_dead_process_was_writing_is_swept_up(tmp_path: Path) -> None:
    old, new = tmp_path / "a.part", tmp_path / "b.part"
    for part, age_s in ((old, 7200), (new, 60)):
        part.write_bytes(b"half")
        written_s = part.stat().st_mtime - age_s
        os.utime(part, (written_s, written_s))
    PhraseCache(tmp_path).keep(KEY, PHRASE)
    assert not old.exists()
    assert new.exists(), "somebody may still be writing it"
