"""Whatever is ordered when: nobody clicks, nobody speaks after a stop, every reply ends once."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from antiphon.errors import Rejected, Unavailable
from antiphon.events import ReplyStarted, ReplyStopped
from antiphon.testing.line import Faults
from antiphon.testing.voice import Fault

CLICK = 1500
"""A hum of 300 Hz bends by at most 500 from sample to sample; this is a jump one hears."""
ENDINGS = {"ReplyFinished", "ReplyStopped", "ReplyFailed"}

TEXTS = ["Oh. ", "Sure, I can. ", "It is three o'clock in the afternoon, sir. ", "👍", "One"]
ORDERS = st.one_of(
    st.tuples(
        st.just("speak"),
        st.sampled_from(TEXTS),
        st.sampled_from(["reply", "reply", "filler", "notice"]),
        st.booleans(),
        st.booleans(),
    ),
    st.tuples(st.just("more"), st.integers(0, 5), st.booleans()),
    st.tuples(st.sampled_from(["release", "hold", "discard"]), st.integers(0, 5)),
    st.tuples(st.sampled_from(["duck", "restore", "stop"])),
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from([0.0, 0.01, 0.07, 0.3, 0.9]), ORDERS), max_size=25)
LINES = st.one_of(
    st.fixed_dictionaries(
        {
            "ducking": st.sampled_from(["remote_gain", "flush"]),
            "delay_s": st.sampled_from([0.0, 0.04, 0.15]),
            "lead_s": st.sampled_from([0.1, 0.2]),
            "confirms": st.booleans(),
            "faults": st.builds(
                Faults,
                played=st.sampled_from(["on time", "never"]),
                flushed=st.sampled_from(["on time", "on time", "never"]),
                report_late_s=st.sampled_from([0.0, 0.1, 0.4]),
            ),
        }
    ),
    st.fixed_dictionaries(
        {"ducking": st.just("lead"), "lead_s": st.just(0.06), "confirms": st.booleans()}
    ),
)
FAULTS = st.lists(
    st.none()
    | st.builds(
        Fault,
        clause=st.integers(0, 1),
        after_s=st.sampled_from([0.0, 0.15]),
        error=st.sampled_from([None, Unavailable("gone"), Rejected("no")]),
    ),
    max_size=4,
)


class Script:
    """Carries out orders and remembers what was promised."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.texts: dict[int, str] = {}
        self.complete: set[int] = set()
        self.held: set[int] = set()
        self.kinds: dict[int, str] = {}
        self.discarded: set[int] = set()
        self.stops: list[float] = []

    def give(self, order: tuple[Any, ...]) -> None:
        name, *details = order
        if name == "speak":
            text, kind, held, last = details
            self._speak(len(self.texts) + 1, text, kind=kind, held=held, last=last)
        elif name == "more":
            number, last = details
            if number in self.texts and number not in self.complete:
                self._speak(number, "and then some more. ", last=last)
        elif name in {"release", "hold", "discard"}:
            number = details[0]
            if number not in self.texts:
                return
            if name == "discard":
                self.discarded.add(number)
            if name == "hold":
                self.held.add(number)
            getattr(self.stage.mouth, name)(number)
        else:
            if name == "stop":
                self.stops.append(self.stage.clock.now())
            getattr(self.stage.mouth, name)()

    def _speak(self, number: int, text: str, **more: Any) -> None:
        dead = ENDINGS & set(self.stage.names(number)) or number in self.discarded
        if not dead:
            self.texts[number] = self.texts.get(number, "") + text
        self.kinds.setdefault(number, more.get("kind", "reply"))
        self.texts.setdefault(number, "")
        if more.get("held"):
            self.held.add(number)
        if more.get("last"):
            self.complete.add(number)
        self.stage.speak(number, text, **more)

    def wind_up(self) -> None:
        """Complete and release whatever is left, so that everything can come to its end."""
        self.stage.mouth.restore()
        for number in self.texts:
            if number not in self.complete:
                self._speak(number, "The end.", last=True)
            self.stage.mouth.release(number)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, LINES, FAULTS, st.booleans())
def test_any_order_of_orders(
    play: Callable[..., Any],
    steps: Any,
    line: dict[str, Any],
    faults: list[Fault | None],
    spare: bool,
) -> None:
    script: Any = None

    async def scene(stage: Any) -> None:
        nonlocal script
        script = Script(stage)
        stage.voice.faults.extend(faults)
        for wait_s, order in steps:
            if wait_s:
                await stage.clock.sleep(wait_s)
            script.give(order)
        await stage.clock.sleep(1)
        script.wind_up()
        limit_s = stage.clock.now() + 90
        while stage.wheel.riders or any(voice.open for voice in (stage.voice, *stage.others)):
            assert stage.clock.now() < limit_s, stage.told
            await stage.clock.sleep(0.2)

    low = {"pitches_hz": (200.0, 250.0, 300.0)}
    others = [{"name": "other", **low}] if spare else []
    stage = play(scene, voice=low, others=others, **line)
    _every_reply_ends_once(stage, script)
    _text_is_whole(stage, script)
    _replies_keep_their_order(stage, script)
    _stopped_is_silent(stage, script, line)
    _nothing_clicks(stage, line)
    assert stage.voice.open == 0


def _every_reply_ends_once(stage: Any, script: Script) -> None:
    for number in script.texts:
        names = stage.names(number)
        endings = [name for name in names if name in ENDINGS]
        if number in script.discarded and not endings:
            assert "ReplyStarted" not in names
            continue
        assert len(endings) == 1, (number, names)
        assert names[-1] in ENDINGS
        assert names.count("ReplyStarted") <= 1
        assert names.count("ReplyReady") <= 1
        if "ReplyStarted" in names:
            assert names[:2] == ["ReplyReady", "ReplyStarted"]


def _text_is_whole(stage: Any, script: Script) -> None:
    for _, event in stage.told:
        name = type(event).__name__
        if name == "ReplyStopped":
            assert event.heard + event.unheard == script.texts[event.reply]
        elif name == "ReplyFinished":
            assert event.heard == script.texts[event.reply]
        elif name == "ReplyFailed":
            assert script.texts[event.reply].startswith(event.heard)


def _replies_keep_their_order(stage: Any, script: Script) -> None:
    started = [event.reply for event in stage.of(ReplyStarted)]
    plain = [n for n in started if n not in script.held and script.kinds[n] != "filler"]
    assert plain == sorted(plain)
    ended = [(at, e.reply) for at, e in stage.told if type(e).__name__ in ENDINGS]
    for at, number in ended:
        if number in started:
            follows = started[started.index(number) + 1 :][:1]
            assert all(stage.when(ReplyStarted, other) >= at for other in follows)


def _stopped_is_silent(stage: Any, script: Script, line: dict[str, Any]) -> None:
    """From a stop until the next reply starts, nothing but what cannot be taken back."""
    delay_s = line.get("delay_s", 0.0)
    starts = [at for at, event in stage.told if isinstance(event, ReplyStarted)]
    for at in script.stops:
        # The way there, the ramp and a beat of the wheel; without a flush also the lead.
        quiet_from = at + delay_s + 0.05 + (0.08 if line["ducking"] == "lead" else 0.0)
        quiet_to = min([start for start in starts if start >= at], default=at + 2)
        length_s = quiet_to - quiet_from
        if length_s > 0:
            assert not stage.transport.heard_at(quiet_from, length_s).any()
    for event in stage.of(ReplyStopped):
        assert stage.names(event.reply)[-1] == "ReplyStopped"


def _nothing_clicks(stage: Any, line: dict[str, Any]) -> None:
    audio = stage.transport.heard_audio.astype(int)
    rough = np.abs(np.diff(audio, 2))
    if line["ducking"] == "flush":
        # A carrier tears the wave where it flushes; nothing on our side can help that.
        for at, what in stage.transport.log:
            if what == "flush":
                torn = round((at + line["delay_s"]) * 8000)
                rough[max(0, torn - 4) : torn + 4] = 0
    worst = int(rough.argmax()) if len(rough) else 0
    assert not len(rough) or rough[worst] < CLICK, (worst / 8000, rough[worst], stage.told)
