"""A sound over the agent: yes, no, or not yet."""

import pytest

from antiphon.turns.overlap import Overheard, Verdict, judge
from antiphon.turns.settings import TurnSettings

SETTINGS = TurnSettings()


def heard(*readings: str, voiced_s: float = 0.3) -> Overheard:
    found = Overheard()
    for text in readings:
        found.hear(text, voiced_s)
    return found


def during(found: Overheard, voiced_s: float) -> Verdict:
    return judge(found, voiced_s, None, False, SETTINGS)


def after(found: Overheard, voiced_s: float, pause_s: float, *, final: bool = True) -> Verdict:
    return judge(found, voiced_s, pause_s, final, SETTINGS)


def test_where_nothing_is_decided_any_voice_yields() -> None:
    settings = TurnSettings(barge_in="at_once")
    assert judge(Overheard(), 0.0, None, False, settings).call == "yield"


def test_a_claim_yields_as_soon_as_a_reading_can_be_trusted() -> None:
    assert during(heard("wait"), 0.2).call == "wait"
    assert during(heard("wait"), 0.28) == Verdict(call="yield", why="heard 'wait'")


def test_one_reading_of_other_words_is_not_believed_two_running_are() -> None:
    assert during(heard("my sister"), 0.3).call == "wait"
    assert during(heard("my sister", "my sister"), 0.3).call == "yield"
    assert during(heard("my sister", "my", "my sister"), 0.3).call == "wait"


def test_words_that_were_listening_noises_twice_are_not_believed() -> None:
    assert during(heard("mhm", "mhm", "my sister", "my sister"), 0.3).call == "wait"
    assert during(heard("mhm", "my sister", "my sister"), 0.3).call == "yield"


@pytest.mark.parametrize(
    "readings, limit_s", [((), 0.65), (("mhm",), 0.845), (("mhm", "my"), 0.65), (("my",), 0.5)]
)
def test_how_long_a_voice_may_go_on(readings: tuple[str, ...], limit_s: float) -> None:
    assert during(heard(*readings), limit_s - 0.01).call == "wait"
    assert during(heard(*readings), limit_s + 0.001).call == "yield"


def test_an_early_listening_noise_is_a_guess_like_any_other() -> None:
    assert heard("mhm", voiced_s=0.2).listening == 0
    assert heard("mhm", voiced_s=0.3).listening == 1


def test_it_asks_again_when_the_recogniser_is_next_asked_or_the_voice_is_too_long() -> None:
    assert during(Overheard(), 0.25).wait_s == pytest.approx(0.05)
    assert during(Overheard(), 0.62).wait_s == pytest.approx(0.03)


@pytest.mark.parametrize(
    "text, voiced_s, call",
    [
        ("stop", 0.1, "yield"),
        ("no", 0.1, "yield"),
        ("tuesday", 0.49, "keep"),
        ("tuesday", 0.5, "yield"),
        ("my sister", 0.39, "keep"),
        ("my sister", 0.4, "yield"),
        ("mhm", 0.6, "keep"),
        ("", 0.6, "keep"),
    ],
)
def test_what_a_sound_was_when_it_is_over(text: str, voiced_s: float, call: str) -> None:
    assert after(heard(text), voiced_s, 0.3).call == call


def test_a_remark_that_was_a_listening_noise_before_is_none() -> None:
    assert after(heard("mhm", "tuesday"), 0.6, 0.3).call == "keep"


def test_silence_proves_nothing_until_the_recogniser_has_heard_it_all() -> None:
    assert after(heard("mhm"), 0.2, 0.2).wait_s == pytest.approx(0.1)
    assert after(heard("mhm"), 0.2, 0.5, final=False).wait_s == pytest.approx(0.1)
    assert after(heard("mhm"), 0.2, 0.6, final=False) == Verdict(call="keep", why="only 'mhm'")
    assert after(Overheard(), 0.2, 0.3).why == "only a sound without words"
