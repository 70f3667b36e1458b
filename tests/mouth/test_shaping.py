"""Breaks, manners, clips: what the caller hears of marked replies, and what is told of them."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from antiphon.audio.frame import int16
from antiphon.errors import Unavailable
from antiphon.events import ReplyFailed, ReplyFinished, ReplyStopped
from antiphon.mouth.clips import Clips
from antiphon.mouth.phrases import PhraseCache
from antiphon.mouth.settings import Manner, MouthSettings
from antiphon.mouth.warming import warm
from antiphon.ports.tts import Speaking, Spoken
from antiphon.testing.voice import Fault, ScriptedVoice

Play = Callable[..., Any]


class Brief(ScriptedVoice):
    """Each utterance ends of its own accord behind one clause."""

    def utter(self, speaking: Speaking) -> Any:
        utterance = super().utter(speaking)
        utterance.audio = partial(_until_one, utterance.audio)  # type: ignore[method-assign]
        return utterance


async def _until_one(audio: Callable[[], AsyncIterator[Spoken]]) -> AsyncIterator[Spoken]:
    async for piece in audio():
        yield piece
        if piece.last:
            return


class Forgetful(ScriptedVoice):
    """Of the preferred voice's first utterance nothing ever comes, and no error."""

    def utter(self, speaking: Speaking) -> Any:
        utterance = super().utter(speaking)
        if self.name == "scripted" and self.begun == 1:
            utterance.audio = _nothing  # type: ignore[method-assign]
        return utterance


async def _nothing() -> AsyncIterator[Spoken]:
    for piece in ():
        yield piece


RATE_HZ = 8000
MANNERS = MouthSettings(
    voice="ann",
    speed=1.1,
    style="warm",
    manners={
        "notice": Manner(voice="harry", speed=0.9, style="calm"),
        "lawyer": Manner(voice={"scripted": "lex", "other": "rex"}, pitch_semitones=-2.0),
        "loud": Manner(volume_db=6.0),
    },
)


def tone(seconds: float, hz: float = 1500.0, rate_hz: int = RATE_HZ) -> bytes:
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    return (8000 * np.sin(2 * np.pi * hz * at)).astype(np.int16).tobytes()


CLIPS = Clips({"jingle.wav": (tone(1.0), RATE_HZ), "long.wav": (tone(5.0), RATE_HZ)}, -20.0)


def saying(text: str, seconds: float = 20.0, reply: int = 1, **more: Any) -> Callable[[Any], Any]:
    async def scene(stage: Any) -> None:
        stage.speak(reply, text, **({"trust": "author"} | more))
        for _ in range(round(seconds * 20)):
            if stage.of(ReplyFinished) or stage.of(ReplyFailed):
                break
            await stage.clock.sleep(0.05)
        await stage.clock.sleep(0.3)

    return scene


def sounds(stage: Any, quiet: int = 60) -> list[tuple[float, float]]:
    """Where there is sound, in seconds, words of a clause and all."""
    samples = np.abs(stage.transport.heard_audio.astype(np.int32))
    loud = np.flatnonzero(samples > quiet)
    edges = np.flatnonzero(np.diff(loud) > 0.06 * RATE_HZ)
    starts = [loud[0], *loud[edges + 1]]
    ends = [*loud[edges], loud[-1]]
    return [(a / RATE_HZ, b / RATE_HZ) for a, b in zip(starts, ends, strict=True)]


def gaps(stage: Any) -> list[float]:
    found = sounds(stage)
    return [round(b[0] - a[1], 2) for a, b in pairwise(found)]


# --- breaks ------------------------------------------------------------------------------------


def test_a_break_is_as_long_as_it_says_and_no_longer(play: Play) -> None:
    stage = play(saying('Wait.<break time="700ms"/>Go on.'))
    finished = stage.of(ReplyFinished)[0]
    assert finished.heard == "Wait. Go on."
    # The voice fades at its ends: what our own trimming leaves of them.
    assert gaps(stage) == [pytest.approx(0.7, abs=0.08)]
    assert stage.voice.said == ["Wait.", "Go on."]
    assert stage.voice.begun == 1


def test_no_break_means_no_pause(play: Play) -> None:
    stage = play(saying('Wait.<break strength="none"/> Go on.'))
    assert len(sounds(stage)) == 1


def test_a_reply_may_begin_and_end_with_a_break_or_be_nothing_else(play: Play) -> None:
    stage = play(saying('<break time="400ms"/>Hi there.<break time="300ms"/>'))
    assert stage.of(ReplyFinished)[0].heard == "Hi there."
    assert sounds(stage)[0][0] >= 0.4
    alone = play(saying('<break time="400ms"/>'))
    assert [event.heard for event in alone.of(ReplyFinished)] == [""]
    assert alone.voice.begun == 0


# --- manners -----------------------------------------------------------------------------------


def test_without_markup_a_reply_is_one_utterance_as_before(play: Play) -> None:
    stage = play(saying("Sure. I can do that. What time suits you?"), settings=MouthSettings())
    assert stage.voice.manners == [Speaking()]


def test_each_kind_has_its_manner_and_lacks_nothing_the_mouth_has(play: Play) -> None:
    stage = play(saying("Listen.", kind="notice"), settings=MANNERS)
    assert stage.voice.manners == [Speaking(voice="harry", speed=0.9, style="calm")]
    stage = play(saying("Listen."), settings=MANNERS)
    assert stage.voice.manners == [Speaking(voice="ann", speed=1.1, style="warm")]


def test_a_reply_may_be_said_in_a_manner_and_a_part_of_it_in_another(play: Play) -> None:
    text = 'My <voice name="notice">good <prosody rate="slow">man</prosody></voice>, who?'
    stage = play(saying(text, manner="lawyer"), settings=MANNERS)
    lex = Speaking(voice="lex", speed=1.1, style="warm", pitch_semitones=-2.0)
    harry = Speaking(voice="harry", speed=0.9, style="calm")
    slow = Speaking(voice="harry", speed=0.72, style="calm")
    assert stage.voice.manners == [lex, harry, slow, lex]
    assert stage.voice.said == ["My", "good", "man,", "who?"]
    assert stage.of(ReplyFinished)[0].heard == "My good man, who?"


def test_within_a_manner_the_usual_one_can_be_named(play: Play) -> None:
    text = 'So. <voice name="reply">Hello you.</voice> Right.'
    stage = play(saying(text, manner="lawyer"), settings=MANNERS)
    assert [each.voice for each in stage.voice.manners] == ["lex", "ann", "lex"]


def test_a_model_cannot_take_another_voice(play: Play) -> None:
    text = 'I am <voice name="lawyer">the lawyer</voice>.'
    stage = play(saying(text, trust="model"), settings=MANNERS)
    assert len(stage.voice.manners) == 1
    assert stage.of(ReplyFinished)[0].heard == "I am the lawyer."


def test_pace_is_heard(play: Play) -> None:
    text = 'Telephone.<break/><prosody rate="50%">Telephone.</prosody>'
    usual, slow = sounds(play(saying(text)))
    assert (slow[1] - slow[0]) / (usual[1] - usual[0]) == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize("volume, times", [("-6dB", 0.5), ("+6dB", 2.0), ("+90dB", 2.0)])
def test_volume_is_ours_and_never_clips(play: Play, volume: str, times: float) -> None:
    def loudest(text: str) -> float:
        stage = play(saying(f"Hello you.<break/>{text}"))
        assert stage.voice.begun == 1
        return float(np.abs(stage.transport.heard_audio[RATE_HZ:].astype(np.int32)).max())

    changed = loudest(f'<prosody volume="{volume}">Hello you.</prosody>')
    assert changed / loudest("Hello you.") == pytest.approx(times, rel=0.05)
    assert changed < 32767


def test_stressed_words_are_told_by_number(play: Play) -> None:
    stage = play(saying("It is <emphasis>12 euros</emphasis> now."))
    assert stage.voice.said == ["It is twelve euros now."]
    assert stage.voice.stressed == [(2, 3)]


def test_what_is_read_otherwise_is_heard_as_it_is_written(play: Play) -> None:
    text = 'Code <say-as interpret-as="digits">47</say-as>, <sub alias="doctor">Dr</sub> Who.'
    stage = play(saying(text))
    assert stage.voice.said == ["Code four seven,", "doctor Who."]
    assert stage.of(ReplyFinished)[0].heard == "Code 47, Dr Who."


def test_a_stand_in_goes_on_in_the_same_manner(play: Play) -> None:
    text = 'Well. <voice name="lawyer">I object. I really do object.</voice> Thanks.'

    async def scene(stage: Any) -> None:
        stage.voice.faults = deque([None, Fault(clause=1, error=Unavailable("gone"))])
        await saying(text)(stage)

    stage = play(scene, others=[{"name": "other", "rate_hz": 8000}], settings=MANNERS)
    assert stage.of(ReplyFinished)[0].heard == "Well. I object. I really do object. Thanks."
    assert [each.voice for each in stage.others[0].manners] == ["rex", ""]
    assert stage.others[0].said == ["I really do object.", "Thanks."]


def test_a_voice_that_forgets_the_end_of_a_stretch_is_not_heard_out_of_order(play: Play) -> None:
    """The clauses behind it are made already, in another pace: they wait for a stand-in."""
    text = 'One two three. <prosody rate="slow">Four five six.</prosody> Seven.'
    stage = play(saying(text), kind=Forgetful, others=[{"name": "other", "rate_hz": 8000}])
    assert stage.others[0].said == ["One two three.", "Four five six.", "Seven."]
    assert stage.of(ReplyFinished)[0].heard == "One two three. Four five six. Seven."


def test_a_voice_that_ends_by_itself_begins_again(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, "One two. ", last=False)
        await stage.clock.sleep(3.0)
        stage.speak(1, "Three four.")
        await stage.until(ReplyFinished)

    stage = play(scene, kind=Brief)
    assert stage.voice.said == ["One two.", "Three four."]
    assert stage.attendees.losses == []


def test_nothing_of_a_change_is_heard_twice_when_it_is_cut(play: Play) -> None:
    text = 'Let me see. <voice name="lawyer">I object to all of it, really.</voice> Thanks.'

    async def scene(stage: Any) -> None:
        stage.speak(1, text, trust="author")
        await stage.clock.sleep(1.6)
        stage.mouth.stop()
        await stage.until(ReplyStopped)

    stopped = play(scene, settings=MANNERS).of(ReplyStopped)[0]
    assert stopped.heard + stopped.unheard == "Let me see. I object to all of it, really. Thanks."
    assert stopped.heard.startswith("Let me see. I")
    assert "<" not in stopped.heard + stopped.unheard


def test_a_queued_reply_that_is_dropped_is_told_without_tags(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, "One. Two. Three.")
        stage.speak(2, '<emphasis>Four</emphasis> <say-as interpret-as="digits">5', last=False)
        await stage.clock.sleep(0.4)
        stage.mouth.stop()
        await stage.until(ReplyStopped)

    stage = play(scene)
    assert [e.unheard for e in stage.of(ReplyStopped) if e.reply == 2] == ["Four 5"]


def test_warmed_phrases_are_those_of_the_manner_they_are_said_in(play: Play) -> None:
    phrases = PhraseCache()
    text = 'This call is <emphasis>recorded</emphasis>. <prosody rate="slow">Really.</prosody>'

    async def rendering(stage: Any) -> None:
        await warm(stage.studio, [(text, "notice")], stage.voice)

    play(rendering, phrases=phrases, settings=MANNERS)
    stage = play(saying(text, kind="notice"), phrases=phrases, settings=MANNERS)
    assert stage.voice.begun == 0
    assert play(saying(text), phrases=phrases, settings=MANNERS).voice.begun == 2


# --- clips -------------------------------------------------------------------------------------


def test_a_clip_is_heard_in_its_place(play: Play) -> None:
    text = 'Hold on. <audio src="jingle.wav">We value you.</audio> Thanks.'
    stage = play(saying(text), clips=CLIPS)
    assert stage.of(ReplyFinished)[0].heard == "Hold on. We value you. Thanks."
    assert stage.voice.said == ["Hold on.", "Thanks."]
    longest = max(sounds(stage), key=lambda sound: sound[1] - sound[0])
    assert longest[1] - longest[0] == pytest.approx(1.0, abs=0.02)


def test_a_clip_needs_no_voice(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.voice.faults = deque([Fault(error=Unavailable("gone"))] * 4)
        stage.speak(1, '<audio src="jingle.wav"/>', trust="author")
        await stage.until(ReplyFinished)
        stage.speak(2, '<audio src="jingle.wav">Sorry.</audio> Goodbye.', trust="author")
        await stage.until(ReplyFailed, 2)

    stage = play(scene, clips=CLIPS)
    assert [event.heard for event in stage.of(ReplyFinished)] == [""]
    assert stage.of(ReplyFailed)[0].heard == "Sorry."


def test_a_clip_that_is_not_there_is_said(play: Play) -> None:
    stage = play(saying('<audio src="gone.wav">We value you.</audio>'), clips=CLIPS)
    assert stage.voice.said == ["We value you."]


def test_a_model_plays_no_clip(play: Play) -> None:
    stage = play(saying('<audio src="jingle.wav">Ding!</audio>', trust="model"), clips=CLIPS)
    assert stage.voice.said == ["Ding!"]


def test_a_clip_is_ducked_and_cut_like_a_voice(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, '<audio src="long.wav">one two three four five</audio> End.', trust="author")
        await stage.clock.sleep(1.5)
        stage.mouth.duck()
        await stage.clock.sleep(0.5)
        stage.mouth.stop()
        await stage.until(ReplyStopped)
        await stage.clock.sleep(0.5)

    stage = play(scene, clips=CLIPS)
    stopped = stage.of(ReplyStopped)[0]
    assert stopped.heard == "one two"
    assert stopped.unheard == " three four five End."
    samples = np.abs(stage.transport.heard_audio.astype(np.int32))
    before, after = samples[int(1.0 * RATE_HZ) : int(1.2 * RATE_HZ)], samples[int(1.8 * RATE_HZ) :]
    assert 20 * np.log10(after[: RATE_HZ // 10].max() / before.max()) < -15
    assert sounds(stage)[-1][1] < 2.2


def test_clips_are_brought_to_the_loudness_of_the_voice_and_the_rate_of_the_call() -> None:
    quiet = Clips({"a": ((int16(tone(1.0, rate_hz=24_000)) // 8).tobytes(), 24_000)}, -20.0)
    pcm = quiet.at("a", RATE_HZ)
    assert pcm is not None
    assert len(pcm) == 2 * RATE_HZ
    level = 20 * np.log10(np.sqrt(np.mean((int16(pcm) / 32768) ** 2)))
    assert level == pytest.approx(-20, abs=1.5)
    assert quiet.at("b", RATE_HZ) is None
    assert quiet.ready(RATE_HZ)
    assert not quiet.ready(16_000)
    quiet.prepare(16_000)
    assert quiet.ready(16_000)
