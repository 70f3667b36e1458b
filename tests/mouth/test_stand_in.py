"""A voice that fails in the middle of a sentence, and another that goes on."""

from collections.abc import Callable
from typing import Any

import pytest

from antiphon.errors import Rejected
from antiphon.events import ReplyFailed, ReplyFinished, ReplyStarted
from antiphon.mouth.phrases import PhraseCache
from antiphon.mouth.settings import MouthSettings
from antiphon.mouth.warming import warm
from antiphon.testing.voice import Fault

Play = Callable[..., Any]
TEXT = "Certainly so, I can do that for you today. Please wait a little while."
OTHER: dict[str, Any] = {"name": "other", "fingerprint": "other-1", "rate_hz": 24_000}


@pytest.mark.parametrize("word_times", [True, False])
@pytest.mark.parametrize("other_times", [True, False])
@pytest.mark.parametrize("after_s", [0.0, 0.2, 0.4, 0.6, 1.0, 1.3])
@pytest.mark.parametrize("clause", [0, 1, 2])
def test_another_voice_goes_on_with_the_words_that_are_missing(
    play: Play, clause: int, after_s: float, word_times: bool, other_times: bool
) -> None:
    async def scene(stage: Any) -> None:
        stage.voice.faults.append(Fault(clause=clause, after_s=after_s))
        stage.speak(1, TEXT)
        await stage.until(ReplyFinished)

    stage = play(
        scene,
        voice={"word_times": word_times},
        others=[{**OTHER, "word_times": other_times}],
    )
    assert stage.of(ReplyFinished)[0].heard == TEXT
    assert not stage.of(ReplyFailed)
    fell_silent = any(voice.begun for voice in stage.others)
    said = " ".join(stage.voice.said)
    rest = " ".join(stage.others[0].said)
    if fell_silent:
        # What the second was asked to say is an end of the text, and the first said the rest.
        assert TEXT.endswith(rest)
        assert said.startswith(TEXT.removesuffix(rest).strip()[: len(said)])
    whole = play(scene_without_trouble).transport.sent_samples
    assert stage.transport.sent_samples == pytest.approx(whole, rel=0.12)


async def scene_without_trouble(stage: Any) -> None:
    stage.speak(1, TEXT)
    await stage.until(ReplyFinished)


def test_with_word_times_not_a_word_is_lost_or_doubled(play: Play) -> None:
    """The hum of each voice tells who spoke: words are counted in what was sent."""

    async def scene(stage: Any) -> None:
        stage.voice.faults.append(Fault(clause=1, after_s=0.9))
        stage.speak(1, TEXT)
        await stage.until(ReplyFinished)

    stage = play(scene, others=[OTHER])
    # 0.9 s at 60 ms a letter: "I can do that" is whole, "for" had begun.
    assert stage.others[0].said[0] == "for you today."


def test_one_that_is_silent_is_not_waited_for_long(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.voice.faults.append(Fault(error=None))
        stage.speak(1, TEXT)
        await stage.until(ReplyFinished)

    stage = play(scene, others=[OTHER], settings=MouthSettings(stand_in_s=0.8))
    assert stage.when(ReplyStarted) < 1.1
    assert stage.voice.open == 0


def test_one_that_refuses_is_passed_over_from_then_on(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.voice.faults.append(Fault(error=Rejected("wrong key")))
        stage.speak(1, "Sure thing.")
        await stage.until(ReplyFinished)
        stage.speak(2, "One more thing.")
        await stage.until(ReplyFinished, 2)

    stage = play(scene, others=[OTHER])
    assert stage.voice.begun == 1
    assert stage.others[0].begun == 2


def test_it_is_used_again_when_it_is_well(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.voice.faults.append(Fault(error=Rejected("wrong key")))
        stage.speak(1, "Sure thing.")
        await stage.until(ReplyFinished)
        await stage.clock.sleep(61)
        stage.speak(2, "One more thing.")
        await stage.until(ReplyFinished, 2)

    stage = play(scene, others=[OTHER])
    assert stage.voice.begun == 2
    assert stage.others[0].begun == 1


def test_a_reply_thrown_away_before_its_first_sound_leaves_the_trial_to_the_next(
    play: Play,
) -> None:
    async def scene(stage: Any) -> None:
        stage.voice.faults.append(Fault(error=Rejected("wrong key")))
        stage.speak(1, "Sure thing.")
        await stage.until(ReplyFinished)
        await stage.clock.sleep(61)
        stage.speak(2, "One more thing.", held=True)
        await stage.clock.sleep(0.01)
        stage.mouth.discard(2)
        await stage.clock.sleep(0.01)
        stage.speak(3, "Something else.")
        await stage.until(ReplyFinished, 3)

    stage = play(scene, voice={"first_audio_s": 0.5}, others=[OTHER])
    assert stage.voice.begun == 3
    assert stage.others[0].begun == 1


def test_when_nobody_can_speak_what_was_rendered_before_still_can(play: Play) -> None:
    sorry = "I am sorry, there is a problem."

    async def scene(stage: Any) -> None:
        await warm(stage.studio, [(sorry, "reply")], stage.voice)
        for voice in (stage.voice, *stage.others):
            voice.faults.extend([Fault(error=Rejected("gone"))] * 3)
        stage.speak(1, TEXT)
        await stage.until(ReplyFailed)
        stage.speak(2, sorry)
        await stage.until(ReplyFinished, 2)

    play(scene, others=[OTHER], phrases=PhraseCache())
