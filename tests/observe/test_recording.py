"""The stereo recording: both voices where they belong, and a valid file at every moment."""

import errno
import os
import resource
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import ConfigError
from antiphon.observe.recording import Recorder

RATE_HZ = 8_000


def stereo(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE_HZ)
        frames = file.readframes(file.getnframes())
        assert len(frames) == file.getnframes() * 4
    return np.frombuffer(frames, dtype="<i2").reshape(-1, 2)


def tone(value: int, samples: int) -> bytes:
    return np.full(samples, value, dtype="<i2").tobytes()


def quiet(what: str) -> None:
    raise AssertionError(what)


@contextmanager
def disk_holds(size_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_caller_is_left_and_the_agent_right(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav", RATE_HZ, quiet)
    recorder.caller(tone(100, 160), 0)
    recorder.agent(tone(-7, 80), 120)
    recorder.close()
    sound = stereo(recorder.path)
    assert len(sound) == 200
    assert (sound[:160, 0] == 100).all()
    assert (sound[160:, 0] == 0).all()
    assert (sound[:120, 1] == 0).all()
    assert (sound[120:, 1] == -7).all()
    assert recorder.seconds == 200 / RATE_HZ


def test_what_is_told_again_replaces_what_was_told(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav", RATE_HZ, quiet)
    recorder.agent(tone(9, 1000), 0)
    recorder.agent(tone(0, 500), 500)
    recorder.close()
    assert list(np.flatnonzero(stereo(recorder.path)[:, 1])) == list(range(500))


def test_a_flush_takes_back_what_was_not_heard(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav", RATE_HZ, quiet)
    recorder.caller(tone(5, 1000), 0)
    recorder.agent(tone(9, 1000), 0)
    recorder.unheard(400)
    recorder.agent(tone(8, 100), 600)
    recorder.close()
    sound = stereo(recorder.path)
    assert list(np.flatnonzero(sound[:, 1])) == [*range(400), *range(600, 700)]
    assert (sound[:, 0] == 5).all()


def test_a_flush_of_long_ago_takes_back_what_is_still_open(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav", RATE_HZ, quiet)
    recorder.agent(tone(9, 4 * RATE_HZ), 0)
    recorder.unheard(0)
    recorder.close()
    heard = np.flatnonzero(stereo(recorder.path)[:, 1])
    assert len(heard) <= 2 * RATE_HZ


def test_a_long_silence_costs_neither_time_nor_disk(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav", RATE_HZ, quiet)
    recorder.caller(tone(5, 160), 0)
    hour = 3600 * RATE_HZ
    recorder.caller(tone(6, 160), hour)
    recorder.close()
    assert recorder.path.stat().st_blocks * 512 < 1_000_000
    sound = stereo(recorder.path)
    assert len(sound) == hour + 160
    assert list(np.flatnonzero(sound[:, 0])) == [*range(160), *range(hour, hour + 160)]


def test_audio_later_than_the_window_is_left_out(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav", RATE_HZ, quiet)
    recorder.caller(tone(5, 4 * RATE_HZ), 0)
    recorder.agent(tone(7, 3 * RATE_HZ), 0)
    recorder.agent(tone(8, 10), -10)
    recorder.close()
    sound = stereo(recorder.path)
    assert (sound[:, 0] == 5).all()
    told = np.flatnonzero(sound[:, 1])
    assert told[0] <= 2 * RATE_HZ
    assert (sound[told[0] : 3 * RATE_HZ, 1] == 7).all()


def test_the_file_is_valid_while_the_call_goes_on(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav", RATE_HZ, quiet)
    assert len(stereo(recorder.path)) == 0
    for frame in range(500):
        recorder.caller(tone(3, 160), frame * 160)
        assert len(stereo(recorder.path)) >= max(0, (frame + 1) * 160 - 2.5 * RATE_HZ)
    assert (stereo(recorder.path)[:, 0] == 3).all()


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 700), st.integers(-900, 2500)), max_size=30
    )
)
def test_any_chunking_gives_the_same_recording(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[int, int, int]]
) -> None:
    """Against a plain array; the sides may run apart, but not by more than the window."""
    path = tmp_path_factory.mktemp("rec") / "call.wav"
    recorder = Recorder(path, RATE_HZ, quiet)
    expected = np.zeros((200_000, 2), dtype=np.int16)
    at, longest = 0, 0
    for number, (side, samples, jump) in enumerate(told, 1):
        at = max(0, at + jump, longest - 2 * RATE_HZ)
        (recorder.caller, recorder.agent)[side](tone(number, samples), at)
        expected[at : at + samples, side] = number
        longest = max(longest, at + samples) if samples else longest
    recorder.close()
    assert np.array_equal(stereo(path), expected[:longest])


def test_a_full_disk_ends_the_recording_and_says_so_once(tmp_path: Path) -> None:
    said: list[str] = []
    recorder = Recorder(tmp_path / "call.wav", RATE_HZ, said.append)
    with disk_holds(100_000):
        for frame in range(500):
            recorder.caller(tone(3, 160), frame * 160)
    recorder.caller(tone(3, 160), 500 * 160)
    recorder.close()
    assert said == [recorder.trouble]
    assert "recording stopped after 3.0 s: File too large" in said[0]
    sound = stereo(recorder.path)
    assert len(sound) == 3 * RATE_HZ
    assert (sound[:, 0] == 3).all()


def test_a_disk_full_from_the_start_is_no_reason_to_hang_up() -> None:
    said: list[str] = []
    recorder = Recorder(Path("/dev/full"), RATE_HZ, said.append)
    recorder.caller(tone(3, 160), 0)
    recorder.close()
    assert len(said) == 1


def test_a_disk_with_no_room_for_a_file_is_no_reason_to_hang_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    said: list[str] = []
    monkeypatch.setattr(os, "open", refuse)
    recorder = Recorder(tmp_path / "call.wav", RATE_HZ, said.append)
    recorder.caller(tone(3, 160), 0)
    recorder.close()
    (why,) = said
    assert why.startswith("recording stopped after 0.0 s: No space left on device; ")
    assert why.endswith(f"{tmp_path / 'call.wav'} lacks the rest")


def test_a_recording_ends_where_a_wav_file_cannot_count_on(tmp_path: Path) -> None:
    said: list[str] = []
    recorder = Recorder(tmp_path / "call.wav", RATE_HZ, said.append)
    recorder.caller(tone(3, 160), 0)
    recorder.caller(tone(3, 160), 2**40)
    recorder.close()
    assert "File too large" in said[0]
    assert recorder.path.stat().st_size < 1_000_000


def test_a_place_that_cannot_hold_a_file_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot write the recording"):
        Recorder(tmp_path / "missing" / "call.wav", RATE_HZ, quiet)


def test_closing_twice_does_nothing_and_half_samples_are_dropped(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav", RATE_HZ, quiet)
    recorder.caller(tone(3, 10) + b"x", 0)
    recorder.close()
    recorder.caller(tone(3, 10), 10)
    recorder.close()
    assert len(stereo(recorder.path)) == 10
    assert recorder.path.stat().st_mode & 0o077 == 0


def test_a_file_that_will_not_close_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(tmp_path / "call.wav", RATE_HZ, quiet)
    real = os.close

    def refuse(file: int) -> None:
        real(file)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "close", refuse)
    recorder.close()
    recorder.close()
