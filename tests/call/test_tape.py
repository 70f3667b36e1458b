"""A call's own recording against what really happened at the caller's ear."""

import numpy as np
import pytest
from tests.call.conftest import RATE_HZ, Exchange, Held, Holding, Sides
from tests.call.tones import read

from antiphon.call.tape import Tape
from antiphon.transports.file.settings import LineSettings

SCRIPT = """steps:
  - wait: agent_done
  - say: What is the price?
  - say: Mhm.
    role: backchannel
    while: agent_speaking
    after_s: 1.0
  - say: Stop, where can I park?
    role: interruption
    while: agent_speaking
    after_s: 3.0
  - silence: 2.7
"""


def taped(hold: Holding, line: LineSettings, script: str = SCRIPT) -> tuple[Held, Sides]:
    tape = Sides()

    async def main(exchange: Exchange) -> Held:
        return await exchange.call(script, recorder=tape)

    return hold.exchange(main, line=line), tape


@pytest.mark.parametrize("ducking", ["flush", "lead", "remote_gain"])
def test_the_recording_is_what_the_caller_heard(hold: Holding, ducking: str) -> None:
    held, tape = taped(hold, LineSettings(ducking=ducking))  # type: ignore[arg-type]
    assert held.ordered("Restore")
    assert held.ordered("StopSpeaking")
    truth, ours = (read(sides.side(1), RATE_HZ, held.words) for sides in (held.sides, tape))
    assert [tone.text for tone in ours] == [tone.text for tone in truth]
    assert max(abs(a.start_s - b.start_s) for a, b in zip(ours, truth, strict=True)) < 0.025
    # What was under way when the caller hung up is not in it.
    assert abs(ours[-1].end_s - truth[-1].end_s) < 0.03
    said = np.abs(held.sides.side(0)[: len(tape.side(0))].astype(int) - tape.side(0))
    assert said.max() == 0


def test_a_far_ear_is_recorded_when_it_hears(hold: Holding) -> None:
    held, tape = taped(hold, LineSettings(downlink_s=0.1, uplink_s=0.05))
    truth, ours = (read(sides.side(1), RATE_HZ, held.words) for sides in (held.sides, tape))
    # Our clock of the caller's audio runs the uplink behind theirs.
    late = [a.start_s - b.start_s for a, b in zip(ours, truth, strict=False)]
    assert -0.08 < min(late) <= max(late) < 0.0
    assert [tone.text for tone in ours][:12] == [tone.text for tone in truth][:12]


def test_frames_that_play_without_a_break_lie_without_a_gap() -> None:
    sides = Sides()
    tape = Tape(sides, rate_hz=8000, delay_s=0.0)
    pcm = np.arange(160, dtype=np.int16).tobytes()
    # The caller's audio comes in steps; what waits is exact.
    for number, until_s in enumerate([1.0, 1.02, 1.02, 1.06]):
        tape.agent(pcm, 160 * number, until_s, 0.0 if number == 0 else 0.05)
    side = sides.side(1)
    assert len(side) == 8000 + 4 * 160
    assert (side[8000:].reshape(4, 160) == np.arange(160)).all()


def test_a_new_stretch_never_covers_the_end_of_the_last() -> None:
    sides = Sides()
    tape = Tape(sides, rate_hz=8000, delay_s=0.0)
    tape.agent(np.full(160, 1, np.int16).tobytes(), 0, 1.0, 0.0)
    tape.agent(np.full(160, 2, np.int16).tobytes(), 160, 1.0, 0.0)
    assert sides.side(1)[8000:].tolist() == [1] * 160 + [2] * 160


def test_what_was_flushed_is_blank_and_told_again_where_it_is_heard() -> None:
    sides = Sides()
    tape = Tape(sides, rate_hz=8000, delay_s=0.0)
    tape.agent(np.full(1600, 1, np.int16).tobytes(), 0, 1.0, 0.0)
    tape.flushed(400)
    tape.agent(np.full(160, 2, np.int16).tobytes(), 1600, 1.06, 0.0)
    assert sides.side(1)[8000:].tolist() == [1] * 400 + [0] * 80 + [2] * 160 + [0] * 960
    # An answer that comes after the new audio was told says nothing about it.
    tape.flushed(400)
    assert sides.side(1)[8480:8640].tolist() == [2] * 160
    tape.close(1.065)
    assert sides.side(1)[8480:8640].tolist() == [2] * 40 + [0] * 120


def test_tones_are_read_back(hold: Holding) -> None:
    """The ruler of these tests, against a ruler it shares nothing with."""
    held = hold("- say: One two three.\n- wait: agent_done")
    assert [tone.text for tone in held.caller] == ["One", "two", "three."]
    assert all(tone.share == pytest.approx(1, abs=0.1) for tone in held.caller)
