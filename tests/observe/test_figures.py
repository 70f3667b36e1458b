"""Many latencies as a few figures."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.observe.figures import percentile, spread, summary
from antiphon.observe.latency import turns


def test_nearest_rank_as_in_the_textbook() -> None:
    values = [15, 20, 35, 40, 50]
    assert [percentile(values, rank) for rank in (5, 30, 40, 50, 100)] == [15, 20, 20, 35, 50]


def test_no_values_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
    assert spread([]) == {"p50": None, "p75": None, "p95": None, "p99": None, "n": 0}


@given(st.lists(st.integers(-1000, 1000), min_size=1), st.floats(0.01, 100))
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(
    values: list[int], rank: float
) -> None:
    found = percentile(values, rank)
    assert found in values
    assert sum(value <= found for value in values) >= rank / 100 * len(values) - 1e-9
    smaller = [value for value in values if value < found]
    if smaller:
        assert sum(value <= max(smaller) for value in values) < rank / 100 * len(values)


def test_a_call_in_figures(demo: Any) -> None:
    figures = summary(turns(demo.log().lines))
    assert figures["total_ms"]["n"] == 4
    assert figures["total_ms"]["p50"] == pytest.approx(450)
    assert figures["total_ms"]["p95"] == pytest.approx(920)
    assert figures["stages_ms"]["model"]["n"] == 1
    assert figures["guesses"] == {"hit": 1, "miss": 1, "none": 2}
    assert figures["fillers"] == 0
