"""A front desk's call, made up: a log and a recording that fit each other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon import actions as order
from antiphon import events as told
from antiphon.actions import Action
from antiphon.events import Event
from antiphon.observe.calllog import CallLogWriter
from antiphon.observe.logreader import CallLog, read
from antiphon.observe.recording import Recorder

RATE_HZ = 8_000
LATE_S = 0.25
"""What the call's clock shows when the first caller sample arrives."""

Voice = Callable[[str, float], NDArray[np.int16]]


def mumble(text: str, length_s: float) -> NDArray[np.int16]:
    """Noise with the loudness of speech, for as long as asked."""
    chance = np.random.default_rng(len(text))
    noise = chance.normal(0, 2_500, round(length_s * RATE_HZ))
    noise[[0, 1, -2, -1]] = 6_000
    return np.clip(noise, -32_000, 32_000).astype(np.int16)


class Script:
    """What happens in a call; times are seconds of the recording."""

    def __init__(self, folder: Path, voice: Voice = mumble, rate_hz: int = RATE_HZ) -> None:
        self.folder, self.voice, self.rate_hz = folder, voice, rate_hz
        self.happened: list[tuple[float, int, str, Any]] = []
        self.sound = np.zeros((2, 120 * rate_hz), dtype=np.int16)
        self.segment = 0
        self.length_s = 0.0

    # --- single things -----------------------------------------------------------------

    def _add(self, at_s: float, kind: str, what: Any) -> None:
        self.happened.append((at_s, len(self.happened), kind, what))
        self.length_s = max(self.length_s, at_s)

    def event(self, at_s: float, event: Event) -> None:
        self._add(at_s, "event", event)

    def order(self, at_s: float, *orders: Action) -> None:
        self._add(at_s, "actions", list(orders))

    def tick(self, at_s: float) -> None:
        self._add(at_s, "tick", None)

    def note(self, at_s: float, name: str, **fields: object) -> None:
        self._add(at_s, "note", (name, fields))

    def play(self, side: int, pcm: NDArray[np.int16], at_s: float, gain: float = 1.0) -> float:
        """Lay sound on the caller's (0) or the agent's (1) channel; returns where it ends."""
        start = round(at_s * self.rate_hz)
        self.sound[side, start : start + len(pcm)] = (pcm * gain).astype(np.int16)
        end_s = (start + len(pcm)) / self.rate_hz
        self.length_s = max(self.length_s, end_s)
        return end_s

    def hush(self, side: int, from_s: float, until_s: float, gain: float = 0.0) -> None:
        part = slice(round(from_s * self.rate_hz), round(until_s * self.rate_hz))
        self.sound[side, part] = (self.sound[side, part] * gain).astype(np.int16)

    # --- what a caller does --------------------------------------------------------------

    def caller(self, text: str, at_s: float, length_s: float, role: str) -> float:
        """Sound, voice activity, partial and final readings; returns the last sample's time."""
        end_s = self.play(0, self.voice(text, length_s), at_s)
        self.note(end_s, "caller_said", text=text, start_s=at_s, end_s=end_s, role=role)
        self.hear(text, at_s, end_s)
        return end_s

    def hear(self, text: str, at_s: float, end_s: float) -> None:
        self.segment += 1
        words = text.split()
        self.event(at_s + 0.06, told.SpeechStarted(at_s=at_s))
        for count in range(2, len(words), 2):
            so_far_s = at_s + (end_s - at_s) * count / len(words)
            self.event(so_far_s, self.reading(" ".join(words[:count]), at_s, so_far_s, False))
        self.event(end_s + 0.1, told.SpeechStopped(at_s=end_s))
        self.order(end_s + 0.1, order.FinaliseTranscript(until_s=end_s))
        self.event(end_s + 0.18, self.reading(text, at_s, end_s, True))

    def reading(self, text: str, start_s: float, end_s: float, final: bool) -> Event:
        return told.TranscriptChanged(
            segment=self.segment, text=text, start_s=start_s, end_s=end_s, final=final
        )

    # --- what an agent does ----------------------------------------------------------------

    def decide(
        self, turn: int, text: str, start_s: float, end_s: float, at_s: float, why: str
    ) -> None:
        self.order(at_s, order.Answer(turn=turn, text=text, start_s=start_s, end_s=end_s, why=why))

    def agent(self, reply: int, text: str, at_s: float, length_s: float) -> float:
        """A reply's sound, its beginning and its end."""
        end_s = self.play(1, self.voice(text, length_s), at_s)
        self.event(at_s, told.ReplyStarted(reply=reply))
        self.event(end_s, told.ReplyFinished(reply=reply, heard=text))
        return end_s

    # --- files -----------------------------------------------------------------------------

    def log(self) -> CallLog:
        writer = CallLogWriter(
            self.folder / "call.jsonl", call="front-desk", started="2025-03-04T10:00:00Z", agent={}
        )
        writer.event(told.CallStarted(channel="test"), LATE_S)
        for at_s, _, kind, what in sorted(self.happened, key=lambda one: one[:2]):
            t = round(at_s + LATE_S, 6)
            match kind:
                case "event":
                    writer.event(told.AudioAdvanced(until_s=round(at_s, 6)), t)
                    writer.event(what, t)
                case "actions":
                    writer.actions(what, t)
                case "tick":
                    writer.tick(t)
                case _:
                    writer.note(what[0], t, **what[1])
        writer.close()
        return read(self.folder / "call.jsonl")

    def wav(self) -> Path:
        path = self.folder / "call.wav"
        recorder = Recorder(path, self.rate_hz, print)
        left, right = self.sound[:, : round((self.length_s + 1) * self.rate_hz)]
        for at in range(0, len(left), self.rate_hz):
            recorder.caller(left[at : at + self.rate_hz].tobytes(), at)
            recorder.agent(right[at : at + self.rate_hz].tobytes(), at)
        recorder.close()
        return path


def demo_call(script: Script) -> Script:
    """The call a demo places: everything in it goes well."""
    _greeting(script)
    _question(script)
    _breath(script)
    _backchannel(script)
    _interruption(script)
    _silence(script)
    return script


def _greeting(script: Script) -> None:
    text = "Good morning, Harbour Dental, how can I help?"
    script.order(0.02, order.Speak(reply=1, text=text))
    script.event(0.2, told.ReplyReady(reply=1))
    script.agent(1, text, 0.25, 2.6)


def _question(script: Script) -> None:
    asked, said = "What are your opening hours?", "We are open from eight to six on weekdays."
    end_s = script.caller(asked, 3.4, 1.7, "question")
    script.order(end_s + 0.13, order.ScoreEndpoint(at_s=end_s + 0.13))
    script.event(end_s + 0.175, told.TurnScored(until_s=end_s + 0.13, score=0.93))
    script.order(
        end_s + 0.18,
        order.Speculate(turn=1, text=asked, start_s=3.4, end_s=end_s),
        order.Speak(reply=2, text=said, held=True),
    )
    script.event(end_s + 0.27, told.ReplyReady(reply=2))
    script.decide(1, asked, 3.4, end_s, end_s + 0.3, "score 0.93, after 300 ms")
    script.order(end_s + 0.3, order.ReleaseReply(reply=2))
    script.agent(2, said, end_s + 0.32, 2.9)


def _breath(script: Script) -> None:
    first, second = "I would like to move my appointment", "to Thursday afternoon if that works."
    asked = f"{first} {second}"
    start_s = 9.2
    pause_s = script.play(0, script.voice(first, 2.2), start_s)
    end_s = script.play(0, script.voice(second, 2.1), pause_s + 0.7)
    script.note(end_s, "caller_said", text=asked, start_s=start_s, end_s=end_s, role="breath")
    script.hear(first, start_s, pause_s)
    script.order(
        pause_s + 0.2,
        order.Speculate(turn=2, text=first, start_s=start_s, end_s=pause_s),
        order.AskModel(request=3, messages=(order.Message(role="user", text=first),)),
    )
    script.event(pause_s + 0.25, told.TurnScored(until_s=pause_s + 0.2, score=0.12))
    script.event(pause_s + 0.76, told.SpeechStarted(at_s=pause_s + 0.7))
    script.order(pause_s + 0.76, order.Abandon(turn=2), order.CancelModel(request=3))
    script.event(end_s + 0.1, told.SpeechStopped(at_s=end_s))
    script.order(end_s + 0.1, order.FinaliseTranscript(until_s=end_s))
    script.event(end_s + 0.2, script.reading(asked, start_s, end_s, True))
    script.event(end_s + 0.24, told.TurnScored(until_s=end_s + 0.2, score=0.81))
    script.decide(2, asked, start_s, end_s, end_s + 0.42, "score 0.81, after 420 ms")
    script.order(
        end_s + 0.42, order.AskModel(request=4, messages=(order.Message(role="user", text=asked),))
    )
    script.event(end_s + 0.66, told.ModelSaid(request=4, text="Thursday afternoon works,"))
    script.order(
        end_s + 0.66, order.Speak(reply=5, text="Thursday afternoon works, and I can", last=False)
    )
    script.note(end_s + 0.7, "clause", reply=5, text="Thursday afternoon works,")
    script.order(
        end_s + 0.75,
        order.Speak(reply=5, text=" offer you two o'clock or half past three; tell me."),
    )
    script.event(end_s + 0.85, told.ReplyReady(reply=5))


def _backchannel(script: Script) -> None:
    """Over the answer to the question before; the voice is lowered and comes back."""
    said = "Thursday afternoon works, and I can offer you two o'clock or half past three; tell me."
    end_s = script.agent(5, said, 15.12, 5.5)
    heard_s = script.caller("Mhm.", 16.9, 0.4, "backchannel")
    script.order(17.05, order.Duck(at_s=16.9))
    script.hush(1, 17.08, 17.62, gain=0.12)
    script.order(17.6, order.Restore(why="a listening word, 300 ms of pause"))
    script.order(17.6, order.NoteBackchannel(text="Mhm."))
    assert heard_s + 1 < end_s


def _interruption(script: Script) -> None:
    asked, said = "Half past three please.", "I have put you down for half past three on Thursday."
    end_s = script.caller(asked, 21.2, 1.4, "question")
    script.decide(4, asked, 21.2, end_s, end_s + 0.3, "score 0.90, after 300 ms")
    script.order(end_s + 0.3, order.Speak(reply=7, text=said))
    script.event(end_s + 0.4, told.ReplyReady(reply=7))
    at_s = end_s + 0.45
    script.play(1, script.voice(said, 4.5), at_s)
    script.event(at_s, told.ReplyStarted(reply=7))
    stop = "Wait, no, two o'clock is better."
    cut_s = script.caller(stop, 24.5, 1.9, "interruption")
    script.order(24.63, order.Duck(at_s=24.5))
    script.hush(1, 24.65, 24.92, gain=0.12)
    script.order(24.9, order.StopSpeaking(why="words that ask for the floor: wait no"))
    script.hush(1, 24.92, 30.0)
    script.event(24.94, told.ReplyStopped(reply=7, heard="I have put you", unheard="down for"))
    changed = "Two o'clock on Thursday it is."
    script.decide(5, stop, 24.5, cut_s, cut_s + 0.35, "score 0.88, after 350 ms")
    script.order(cut_s + 0.35, order.Speak(reply=8, text=changed))
    script.event(cut_s + 0.5, told.ReplyReady(reply=8))
    script.agent(8, changed, cut_s + 0.55, 2.2)


def _silence(script: Script) -> None:
    prompt = "Is there anything else I can do for you?"
    script.note(37.0, "caller_said", text="", start_s=29.4, end_s=37.0, role="silence")
    script.order(
        34.2,
        order.NoticeSilence(count=1, last=False),
        order.Speak(reply=9, text=prompt, kind="prompt"),
    )
    script.event(34.3, told.ReplyReady(reply=9))
    script.agent(9, prompt, 34.35, 2.3)


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


@pytest.fixture
def demo(script: Script) -> Script:
    return demo_call(script)
