"""Two or three recognisers that fail when they like: every word of the caller is in one turn, once.

What they write is what is really in the audio they were given, so audio that is lost or fed twice
shows in the words. A call is long, so a case that fails is not made smaller.

An outage that lasts longer than a turn waits for its last reading is another matter.
"""

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.call.conftest import Exchange, Holding
from tests.call.test_hearing import LONG, SCRIPT

from antiphon.errors import AtCapacity, Rejected, Unavailable

ERRORS = st.sampled_from(
    [Unavailable("gone"), Unavailable("gone"), Rejected("no"), AtCapacity("busy", retry_after_s=2)]
)
EARS = st.fixed_dictionaries(
    {
        "dies_at": st.lists(st.floats(0.5, 9.0), max_size=2).map(sorted),
        "refuses": st.lists(ERRORS, max_size=2),
        "rates_hz": st.sampled_from([(16_000,), (), (8_000, 16_000), (24_000,)]),
        "delay_s": st.sampled_from([0.03, 0.3]),
    }
)


@settings(
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(EARS, min_size=1, max_size=3))
def test_no_word_is_lost_or_doubled(tmp_path: Path, ears: list[dict[str, Any]]) -> None:
    def prepare(exchange: Exchange) -> None:
        exchange.recogniser.dies_at.extend(ears[0]["dies_at"])
        exchange.recogniser.refuses.extend(ears[0]["refuses"])
        exchange.recogniser.rates_hz = ears[0]["rates_hz"]
        exchange.recogniser.delay_s = ears[0]["delay_s"]
        for made in ears[1:]:
            exchange.stand_in_ears(**made)

    held = Holding(tmp_path)(SCRIPT, prepare)
    said = [past.said for past in held.dialog.memory]
    assert said[-2:] == [LONG, "Where can I park?"], held.told("TranscriptChanged")
    assert held.replayed().difference is None
