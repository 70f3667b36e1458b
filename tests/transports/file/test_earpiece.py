import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from antiphon.transports.file.earpiece import Audio, Cut, Earpiece, Flushed, Order, Played, Ramp

RATE_HZ = 8_000
FRAME = 160


def pcm(start: int, samples: int) -> bytes:
    return np.arange(start, start + samples, dtype="<i2").tobytes()


def samples(heard: bytes) -> list[int]:
    return np.frombuffer(heard, "<i2").tolist()


def test_audio_is_heard_from_the_sample_at_which_it_arrives() -> None:
    ear = Earpiece(RATE_HZ)
    ear.receive(Audio(pcm(1, 100)), at=40)
    heard, reports = ear.render(FRAME)
    assert samples(heard) == [0] * 40 + list(range(1, 101)) + [0] * 20
    assert reports == [Played(100)]


def test_what_arrives_early_waits_its_turn() -> None:
    ear = Earpiece(RATE_HZ)
    ear.receive(Audio(pcm(1, 200)), at=0)
    ear.receive(Audio(pcm(201, 50)), at=3)
    first, reports = ear.render(FRAME)
    second, more = ear.render(2 * FRAME)
    assert samples(first + second) == list(range(1, 251)) + [0] * 70
    assert reports + more == [Played(160), Played(250)]


def test_late_audio_is_a_gap_as_long_as_it_is_late() -> None:
    ear = Earpiece(RATE_HZ)
    ear.receive(Audio(pcm(1, FRAME)), at=0)
    ear.receive(Audio(pcm(161, FRAME)), at=200)
    heard, _ = ear.render(3 * FRAME)
    assert samples(heard) == list(range(1, 161)) + [0] * 40 + list(range(161, 321)) + [0] * 120


def test_a_cut_says_where_it_cut_and_the_count_goes_on_from_what_was_sent() -> None:
    ear = Earpiece(RATE_HZ)
    ear.receive(Audio(pcm(1, 1000)), at=0)
    ear.receive(Cut(), at=100)
    ear.receive(Audio(pcm(5001, 30)), at=120)
    heard, reports = ear.render(FRAME)
    assert samples(heard) == list(range(1, 101)) + [0] * 20 + list(range(5001, 5031)) + [0] * 10
    assert reports == [Played(100), Flushed(100), Played(1030)]


def test_a_cut_of_nothing_is_answered_too() -> None:
    ear = Earpiece(RATE_HZ)
    ear.receive(Cut(), at=10)
    assert ear.render(FRAME) == (bytes(320), [Flushed(0)])


def test_gain_begins_where_it_arrives_and_ramps() -> None:
    ear = Earpiece(RATE_HZ)
    ear.receive(Audio(np.full(FRAME, 10_000, "<i2").tobytes()), at=0)
    ear.receive(Ramp(-20.0, 0.005), at=80)
    heard = samples(ear.render(FRAME)[0])
    assert heard[:80] == [10_000] * 80
    assert heard[119:] == [1_000] * 41
    assert sorted(heard[80:119], reverse=True) == heard[80:119]


orders = st.lists(
    st.tuples(st.integers(0, 300), st.one_of(st.integers(1, 500), st.just(Cut()))),
    max_size=20,
)


@given(orders, st.lists(st.integers(1, 400), min_size=1, max_size=20))
def test_rendering_in_any_pieces_sounds_and_reports_the_same(
    plan: list[tuple[int, int | Cut]], pieces: list[int]
) -> None:
    whole, cut = Earpiece(RATE_HZ), Earpiece(RATE_HZ)
    at, sent = 0, 1
    for gap, what in plan:
        at += gap
        order: Order
        if isinstance(what, Cut):
            order = what
        else:
            order = Audio(pcm(sent % 30_000, what))
            sent += what
        whole.receive(order, at)
        cut.receive(order, at)
    heard, reports = b"", []
    until = 0
    for piece in [*pieces, 10_000]:
        until += piece
        more, told = cut.render(until)
        heard += more
        reports += told
    all_heard, all_reports = whole.render(until)
    assert heard == all_heard
    flushes = [report for report in all_reports if isinstance(report, Flushed)]
    assert [report for report in reports if isinstance(report, Flushed)] == flushes
    assert reports[-1:] == all_reports[-1:]
    counts = [report.samples for report in reports]
    assert counts == sorted(counts), "the agent's timeline never runs backwards"
