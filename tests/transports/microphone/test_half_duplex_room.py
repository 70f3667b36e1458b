"""A microphone beside a loudspeaker on which an agent's room is heard all the time."""

import pytest

from antiphon.mouth.ambient import Ambience, room_tone
from antiphon.transports.microphone.echo import HalfDuplex

RATE_HZ = 16_000
BLOCK = 2 * RATE_HZ // 100


@pytest.mark.parametrize("level_dbfs", [-70.0, -56.0, -53.0])
def test_half_duplex_is_not_shut_by_a_room(level_dbfs: float) -> None:
    half = HalfDuplex(RATE_HZ)
    room = Ambience(*room_tone(), level_dbfs).room(RATE_HZ)
    said = b"\1\2" * (BLOCK // 2)
    assert all(half.cancel(said, room.alone(BLOCK // 2), 0.06) == said for _ in range(1500))
