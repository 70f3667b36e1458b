"""Reactions of an agent with a room behind it are measured as if there were none."""

import numpy as np
import pytest

from antiphon.mouth.ambient import Ambience, room_tone
from antiphon.observe.deadair import dead_air
from antiphon.observe.measures import ducked_s, longest_pause_s, quiet_floor_db, silent_s
from antiphon.observe.playback import Recording

RATE_HZ = 8_000


def agent(level_dbfs: float | None) -> Recording:
    """Speaks from 2 to 6 s, rests for half a second from 3 on, is ducked at 5 and silent at 6;
    and speaks again at 9."""
    chance = np.random.default_rng(1)
    samples = np.zeros(12 * RATE_HZ)
    for from_s, to_s, db in ((2, 3, -20), (3.5, 5, -20), (5, 6, -40), (9, 10, -20)):
        part = slice(round(from_s * RATE_HZ), round(to_s * RATE_HZ))
        samples[part] = chance.choice([-1, 1], part.stop - part.start) * 32767 * 10 ** (db / 20)
    if level_dbfs is not None:
        loop = Ambience(*room_tone(), level_dbfs).loop(RATE_HZ)
        samples += np.resize(loop, len(samples))
    return Recording(np.zeros(len(samples), np.int16), samples.astype(np.int16), RATE_HZ)


@pytest.mark.parametrize("level_dbfs", [-70.0, -62.0, -56.0, -53.0])
def test_they_are_the_same(level_dbfs: float) -> None:
    bare, roomy = agent(None), agent(level_dbfs)
    for spoke_s in (2.5, 4.5):
        assert silent_s(roomy, spoke_s) == pytest.approx(silent_s(bare, spoke_s), abs=0.01)
        assert ducked_s(roomy, spoke_s, 6.0) == pytest.approx(
            ducked_s(bare, spoke_s, 6.0), abs=0.02
        )
    pauses = [longest_pause_s(call.agent, RATE_HZ, 2.2, 4.8) for call in (bare, roomy)]
    assert pauses[0] == pytest.approx(0.5, abs=0.01)
    assert pauses[1] == pytest.approx(pauses[0], abs=0.02)
    silences = [[gap.seconds for gap in dead_air(call)] for call in (bare, roomy)]
    assert silences[1] == pytest.approx(silences[0], abs=0.02)


def test_a_lowered_voice_is_a_voice_where_there_is_no_room() -> None:
    bare = agent(None)
    assert quiet_floor_db(bare.agent, RATE_HZ) == -60.0
    # Nor is an agent that never rests taken for a room.
    assert quiet_floor_db(bare.agent[round(5.1 * RATE_HZ) : 6 * RATE_HZ], RATE_HZ) == -50.0
    assert quiet_floor_db(bare.agent[:0], RATE_HZ) == -60.0
