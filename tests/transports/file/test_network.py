from antiphon.transports.file.network import Direction
from antiphon.transports.file.settings import LineSettings

FRAME = b"\1\0" * 160


def test_a_perfect_line_changes_nothing() -> None:
    way = Direction(LineSettings(), 0.0, 8_000, 0)
    assert way.arrival_s(1.5) == 1.5
    assert way.through(FRAME * 3) == FRAME * 3


def test_packets_are_late_by_the_delay_and_some_jitter_but_never_overtake() -> None:
    way = Direction(LineSettings(jitter_s=0.1, seed=3), 0.05, 8_000, 0)
    sent = [n * 0.02 for n in range(500)]
    arrived = [way.arrival_s(at) for at in sent]
    late = [there - at for at, there in zip(sent, arrived, strict=True)]
    assert arrived == sorted(arrived)
    assert 0.05 <= min(late) < 0.1
    assert 0.12 < max(late) <= 0.15


def test_a_seed_gives_the_same_line_again_and_each_direction_its_own() -> None:
    settings = LineSettings(jitter_s=0.1, seed=3)
    first, again, other = (
        [way.arrival_s(n) for n in range(20)]
        for way in (Direction(settings, 0.0, 8_000, lane) for lane in (0, 0, 1))
    )
    assert first == again
    assert first != other


def test_lost_frames_are_silence_in_their_place() -> None:
    way = Direction(LineSettings(loss=0.25, seed=1), 0.0, 8_000, 0)
    got = way.through(FRAME * 1000)
    frames = [got[at : at + 320] for at in range(0, len(got), 320)]
    assert len(frames) == 1000
    assert set(frames) == {FRAME, bytes(320)}
    assert 200 < frames.count(bytes(320)) < 300


def test_a_torn_frame_keeps_its_length() -> None:
    way = Direction(LineSettings(loss=1.0), 0.0, 8_000, 0)
    assert way.through(FRAME + b"\1\0\1\0") == bytes(324)
