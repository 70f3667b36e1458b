from hypothesis import given
from hypothesis import strategies as st

from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.media.edges import LIKELY, STAY, STOP_WINDOWS, SURE, Edges

W = 0.032


def told(
    scores: list[float], tail_s: float = 0.06
) -> list[tuple[int, SpeechStarted | SpeechStopped]]:
    """Edges with the index of the window that proved each."""
    edges = Edges(W, tail_s)
    return [
        (index, edge)
        for index, score in enumerate(scores)
        for edge in edges.push(score, (index + 1) * W)
    ]


def test_one_sure_window_starts_speech_at_its_own_beginning():
    assert told([0.0, 0.0, 0.9]) == [(2, SpeechStarted(at_s=2 * W))]


def test_two_likely_windows_start_speech_dated_back_to_the_first():
    assert told([0.0, 0.3, 0.3]) == [(2, SpeechStarted(at_s=1 * W))]


def test_a_sure_window_after_a_likely_one_is_dated_back_to_the_likely_one():
    assert told([0.0, 0.3, 0.9]) == [(2, SpeechStarted(at_s=1 * W))]


def test_one_likely_window_alone_is_nothing():
    assert told([0.3, 0.1, 0.3, 0.1, 0.3, 0.0]) == []


def test_speech_ends_after_two_quiet_windows_dated_back_to_the_last_voiced_less_the_tail():
    first, (index, stopped) = told([0.9] * 10 + [0.1] * 3)
    assert first == (0, SpeechStarted(at_s=0.0))
    assert index == 11
    assert stopped == SpeechStopped(at_s=10 * W - 0.06)


def test_a_dip_of_one_window_does_not_end_speech():
    assert told([0.9] * 5 + [0.1] + [0.9] * 5) == [(0, SpeechStarted(at_s=0.0))]


def test_between_stay_and_sure_speech_goes_on():
    assert len(told([0.9] + [STAY] * 20)) == 1


def test_a_word_shorter_than_the_tail_does_not_end_before_it_began():
    edges = told([0.0, 0.0, 0.9, 0.0, 0.0], tail_s=0.1)
    assert edges[1] == (4, SpeechStopped(at_s=2 * W))


def test_speech_may_start_again_at_once():
    kinds = [type(edge) for _, edge in told([0.9, 0, 0, 0.9, 0, 0])]
    assert kinds == [SpeechStarted, SpeechStopped] * 2


def test_losing_the_audio_ends_speech_and_forgets_a_likely_window():
    edges = Edges(W)
    edges.push(0.9, W)
    assert edges.speaking
    assert edges.lose() == [SpeechStopped(at_s=0.0)]
    assert edges.lose() == []
    edges.push(0.3, 2 * W)
    edges.lose()
    assert edges.push(0.3, 3 * W) == []


@given(st.lists(st.floats(0, 1), max_size=200))
def test_edges_alternate_move_forward_and_are_never_in_the_future(scores: list[float]):
    last_s, speaking = 0.0, False
    for index, edge in told(scores):
        assert isinstance(edge, SpeechStopped) == speaking
        speaking = not speaking
        assert 0.0 <= edge.at_s <= (index + 1) * W
        if speaking:
            assert edge.at_s >= last_s
        last_s = edge.at_s


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_it_speaks_exactly_while_evidence_says_so(scores: list[float]):
    edges = Edges(W)
    quiet = 0
    for index, score in enumerate(scores):
        was = edges.speaking
        edges.push(score, (index + 1) * W)
        quiet = quiet + 1 if was and score < STAY else 0
        if score >= SURE:
            assert edges.speaking
        if quiet >= STOP_WINDOWS:
            assert not edges.speaking
        if score < LIKELY:
            assert edges.speaking <= was
