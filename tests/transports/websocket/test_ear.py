"""What the caller hears of what was sent."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio import g711
from antiphon.transports.websocket.ear import Ear
from antiphon.transports.websocket.wire import AgentAudio


def tone(samples: int, level: int = 8000) -> bytes:
    return np.full(samples, level, "<i2").tobytes()


def numbered(start: int, samples: int) -> bytes:
    return np.arange(start, start + samples).astype("<i2").tobytes()


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=10),
    st.lists(st.integers(1, 400), min_size=1, max_size=20),
)
def test_everything_sounds_once_in_order_however_it_is_cut(sent, rendered) -> None:
    ear, start, heard = Ear(8000), 0, b""
    for samples in sent:
        ear.receive(AgentAudio(start, numbered(start, samples)))
        start += samples
    for samples in rendered:
        heard += ear.render(samples)
        assert ear.position == min(len(heard) // 2, start)
        assert ear.waiting_samples == start - ear.position
    assert heard == numbered(0, start).ljust(len(heard), b"\0")[: len(heard)]


def test_mulaw_is_heard_decoded() -> None:
    ear = Ear(8000, "mulaw")
    ear.receive(AgentAudio(0, bytes(range(100))))
    assert ear.render(100) == g711.decode_mulaw(bytes(range(100)))


def test_a_gap_left_by_the_server_moves_the_position_on() -> None:
    ear = Ear(8000)
    ear.receive(AgentAudio(0, tone(100)))
    ear.receive(AgentAudio(500, tone(100)))
    ear.render(150)
    assert ear.position == 550


def test_a_flush_ends_in_a_short_fade_and_says_where() -> None:
    ear = Ear(8000)
    ear.receive(AgentAudio(0, tone(4000)))
    ear.render(1000)
    assert ear.flush() == 1080
    heard = np.frombuffer(ear.render(800), "<i2")
    assert heard[0] > 7000
    assert np.all(np.diff(heard.astype(int)) <= 0)
    assert not heard[80:].any()
    ear.receive(AgentAudio(4000, tone(10)))
    assert ear.position == 1080
    ear.render(10)
    assert ear.position == 4010
    assert ear.underruns == 0


def test_a_flush_of_silence_says_where_it_was() -> None:
    ear = Ear(8000)
    assert ear.flush() == 0
    assert ear.render(4) == b"\0" * 8


def test_the_gain_applies_to_what_is_already_there() -> None:
    ear = Ear(8000)
    ear.receive(AgentAudio(0, tone(1600)))
    ear.set_gain(-20.0, 0.05)
    heard = np.frombuffer(ear.render(800), "<i2")
    assert heard[0] > 7900
    assert heard[-1] == 800


def test_an_underrun_is_counted_once_per_break() -> None:
    ear = Ear(8000)
    ear.receive(AgentAudio(0, tone(100)))
    for _ in range(3):
        ear.render(80)
    assert ear.underruns == 1
