"""The page in a real browser: what it sends, plays, reports and shows."""

import asyncio
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.audio.resample import from_float, resample
from antiphon.ports.transport import Transport

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

RATE_HZ = 16000
LEAD_S = 0.4


class Puppet:
    """An agent whose strings the test holds. It paces its audio like a real one."""

    def __init__(self) -> None:
        self.transport: Transport
        self.caller = bytearray()
        self.reports: list[tuple[float, int]] = []
        self.flushes: list[int] = []
        self.digits = ""
        self.warnings: list[str] = []
        self.ended = ""
        self.sent = bytearray()
        self.begun, self.over = asyncio.Event(), asyncio.Event()
        self._news = asyncio.Event()

    async def __call__(self, transport: Transport, channel: str) -> None:
        self.transport = transport
        self.begun.set()
        try:
            self.ended = await transport.run(self)
        finally:
            self.over.set()

    async def speak(self, pcm: bytes) -> None:
        """Say this LEAD_S ahead of real time; returns when all of it is sent."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for at in range(0, len(pcm), 640):
            await asyncio.sleep(max(0.0, began + at / 2 / RATE_HZ - LEAD_S - loop.time()))
            self.transport.play(pcm[at : at + 640])
            self.sent += pcm[at : at + 640]

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait for ``what()`` to hold; it is asked whenever the page has sent something."""
        async with asyncio.timeout(15):
            while not what():
                self._news = asyncio.Event()
                await self._news.wait()

    async def until_played(self, samples: int) -> None:
        await self.until(lambda: bool(self.reports) and self.reports[-1][1] >= samples)

    def tell(self, kind: str, **fields: Any) -> None:
        self.transport.tell({"type": kind, **fields})

    # --- the line ---

    def heard(self, pcm: bytes) -> None:
        self.caller += pcm
        self._news.set()

    def played(self, samples: int) -> None:
        self.reports.append((asyncio.get_running_loop().time(), samples))
        self._news.set()

    def flushed(self, samples: int) -> None:
        self.flushes.append(samples)
        self._news.set()

    def pressed(self, digit: str) -> None:
        self.digits += digit
        self._news.set()

    def warned(self, what: str) -> None:
        self.warnings.append(what)


def voice(seconds: float, rate_hz: int, seed: int) -> NDArray[np.float32]:
    """Something like speech: a gliding pitch with overtones, in syllables of uneven length."""
    random = np.random.default_rng(seed)
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    pitch_hz = 140 + 40 * np.sin(2 * np.pi * 0.6 * at + seed)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate_hz
    tone = sum(np.sin(k * phase) / k for k in range(1, 20))
    loud, now = np.zeros_like(at), 0.05
    while now < seconds - 0.1:
        length = random.uniform(0.1, 0.25)
        inside = (at >= now) & (at < now + length)
        loud[inside] = np.sin(np.pi * (at[inside] - now) / length) * random.uniform(0.5, 1.0)
        now += length + random.uniform(0.03, 0.15)
    return (0.15 * tone * loud).astype(np.float32)


@pytest.fixture
def microphone(tmp_path: Path) -> Path:
    """Half a second of silence, then three seconds of voice, as a 48 kHz file."""
    samples = np.concatenate([np.zeros(24000, np.float32), voice(3.0, 48000, 1)])
    file = tmp_path / "caller.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48000)
        out.writeframes(from_float(samples))
    return file


def best_match(signal: NDArray[Any], sought: NDArray[Any]) -> tuple[int, float]:
    """Where ``sought`` lies in ``signal``, and how well it correlates there, in -1..1."""
    signal, sought = signal.astype(float), sought.astype(float)
    size = len(signal) + len(sought)
    product = np.fft.irfft(np.fft.rfft(signal, size) * np.conj(np.fft.rfft(sought, size)), size)
    at = int(np.argmax(product[: len(signal) - len(sought) + 1]))
    there = signal[at : at + len(sought)]
    scale = np.linalg.norm(there) * np.linalg.norm(sought)
    return at, float(there @ sought / scale) if scale else 0.0


def envelope(samples: NDArray[Any], rate_hz: int) -> NDArray[np.float64]:
    """Loudness every 10 ms."""
    step = rate_hz // 100
    whole = samples[: len(samples) // step * step].astype(float).reshape(-1, step)
    return np.sqrt((whole**2).mean(axis=1))


PROCESSING = ("echoCancellation", "noiseSuppression", "autoGainControl")
UNPROCESSED = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = ({ audio }) => {
  window.asked = { ...audio };
  const off = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  return open({ audio: { ...audio, ...off } });
};
"""


async def test_what_is_spoken_reaches_the_agent_sample_for_sample(browse, serving, microphone):
    """Without the browser's own speech processing, which the page asks for, and which is meant
    to change the sound."""
    puppet = Puppet()
    async with serving(puppet) as url:
        async with browse(url, microphone=microphone, prepare=UNPROCESSED) as browsed:
            await browsed.call()
            await puppet.until(lambda: len(puppet.caller) >= 2 * 4 * RATE_HZ)
            asked = await browsed.page.evaluate("window.asked")
            await browsed.hang_up()
        await puppet.over.wait()
    assert [asked[wish] for wish in PROCESSING] == [True, True, True]
    assert puppet.ended == "caller hung up"
    heard = np.frombuffer(bytes(puppet.caller), "<i2")
    spoken = voice(3.0, RATE_HZ, 1)
    _, likeness = best_match(heard, spoken)
    print(f"{likeness=:.4f}")
    assert likeness > 0.99
    assert browsed.problems == []
    assert all(address.split("://")[1].startswith("127.0.0.1") for address in browsed.requested)


async def test_what_is_spoken_reaches_the_agent_through_the_browsers_processing(
    browse, serving, microphone
):
    puppet = Puppet()
    async with serving(puppet) as url, browse(url, microphone=microphone) as browsed:
        await browsed.call()
        await puppet.until(lambda: len(puppet.caller) >= 2 * 4 * RATE_HZ)
    heard = np.frombuffer(bytes(puppet.caller), "<i2")
    spoken, got = envelope(voice(3.0, RATE_HZ, 1), RATE_HZ), envelope(heard, RATE_HZ)
    _, likeness = best_match(got - got.mean(), spoken - spoken.mean())
    print(f"{likeness=:.3f}")
    assert likeness > 0.7


@pytest.mark.quiet
async def test_the_agents_voice_is_played_whole_and_reported_honestly(browse, serving, microphone):
    puppet = Puppet()
    said = from_float(voice(4.0, RATE_HZ, 2))
    async with serving(puppet) as url, browse(url, microphone=microphone) as browsed:
        await browsed.call()
        await puppet.begun.wait()
        began = asyncio.get_running_loop().time()
        await puppet.speak(said)
        await puppet.until_played(len(said) // 2)
        played = await browsed.played()
        reports = await browsed.page.evaluate("window.antiphon.reports")
        underruns = await browsed.page.evaluate("window.antiphon.underruns")
    assert underruns == 0
    assert puppet.warnings == []
    at_16k = resample(from_float(played.samples), played.rate_hz, RATE_HZ)
    _, likeness = best_match(np.frombuffer(at_16k, "<i2"), np.frombuffer(said, "<i2"))
    print(f"{likeness=:.4f}")
    assert likeness > 0.99

    # The browser says which moment of its audio clock is at the loudspeaker; what was rendered
    # then is the truth that each report is held against.
    errors_ms = []
    for report in reports:
        output = report["output"]
        at_s = output["contextTime"] + (report["now"] - output["performanceTime"]) / 1000
        truth = played.position_at(at_s)
        errors_ms.append((report["samples"] - truth) / RATE_HZ * 1000)
    print("errors_ms", np.round(np.percentile(errors_ms, [0, 50, 100]), 1), len(errors_ms))
    assert len(reports) > 25
    assert np.abs(errors_ms).max() < 60

    # And by our own clock: nobody heard the end sooner than it takes to say it.
    last_at, _ = puppet.reports[-1]
    assert 4.0 <= last_at - began < 4.6
    positions = [samples for _, samples in puppet.reports]
    assert positions == sorted(positions)
    gaps_s = np.diff([at for at, _ in puppet.reports])
    assert np.median(gaps_s) < 0.15


def tone(seconds: float) -> bytes:
    """A steady note, on which every step in level and every click shows."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return from_float((0.4 * np.sin(2 * np.pi * 300 * at)).astype(np.float32))


def loudness_db(samples: NDArray[np.float32]) -> float:
    return float(20 * np.log10(np.sqrt((samples.astype(float) ** 2).mean()) + 1e-9))


def onset(samples: NDArray[np.float32]) -> int:
    return int(np.argmax(np.abs(samples) > 0.01))


async def test_ducking_and_flushing_take_effect_on_what_already_waits_there(
    browse, serving, microphone
):
    puppet = Puppet()
    async with serving(puppet) as url, browse(url, microphone=microphone) as browsed:
        await browsed.call()
        await puppet.begun.wait()
        puppet.transport.play(tone(1.9))  # all at once: it can only be changed over there
        await puppet.until_played(round(0.3 * RATE_HZ))
        puppet.transport.gain(-18.0, 0.06)
        ducked_from = puppet.reports[-1][1]
        await puppet.until_played(round(0.8 * RATE_HZ))
        puppet.transport.gain(0.0, 0.1)
        await puppet.until_played(round(1.3 * RATE_HZ))
        puppet.transport.flush()
        await puppet.until(lambda: bool(puppet.flushes))
        quiet_from = len(puppet.caller)
        await puppet.until(lambda: len(puppet.caller) > quiet_from + RATE_HZ // 2)
        puppet.transport.play(tone(0.5))
        await puppet.until_played(round(2.4 * RATE_HZ))
        played = await browsed.played()

    heard = played.samples[onset(played.samples) :]

    def level_at(second: float) -> float:
        at = round(second * played.rate_hz)
        return loudness_db(heard[at : at + round(0.02 * played.rate_hz)])

    flushed_s = puppet.flushes[0] / RATE_HZ
    assert level_at(0.2) == pytest.approx(-11.0, abs=1.0)
    # By 0.3 s after the order, round trip and ramp included, it is down; and up again later.
    assert level_at(ducked_from / RATE_HZ + 0.3) == pytest.approx(-29.0, abs=1.0)
    assert level_at(1.25) == pytest.approx(-11.0, abs=1.0)
    # What was flushed is not heard, and the page says truly where it stopped.
    assert 1.3 <= flushed_s < 1.6
    assert level_at(flushed_s - 0.03) > -14.0
    assert level_at(flushed_s + 0.005) < -60.0
    # After it the new note is heard whole, and the count goes on behind everything sent.
    after = heard[round((flushed_s + 0.005) * played.rate_hz) :]
    again = after[onset(after) :]
    assert len(np.trim_zeros(again, "b")) == pytest.approx(0.5 * played.rate_hz, rel=0.02)
    assert puppet.reports[-1][1] == round(2.4 * RATE_HZ)
    # No step between samples is larger than the note's own steepest slope.
    steepest = 0.4 * 2 * np.pi * 300 / played.rate_hz
    assert np.abs(np.diff(heard)).max() < 1.3 * steepest


async def test_words_turn_dark_as_they_are_heard_and_what_was_cut_off_is_struck_out(
    browse, serving, microphone
):
    puppet = Puppet()
    text = "We are open from nine to five."
    async with serving(puppet) as url, browse(url, microphone=microphone) as browsed:
        page = browsed.page
        await browsed.call()
        await puppet.begun.wait()
        puppet.tell("state", state="hearing")
        puppet.tell("transcript", segment=1, text="when are", final=False)
        await page.wait_for_selector(".caller .part:not(.final)")
        puppet.tell("transcript", segment=1, text="When are you open?", final=True)
        await page.wait_for_selector(".caller .part.final")
        puppet.tell("state", state="speaking")
        puppet.tell("speech", reply=1, text=text, marks=[[0, 0], [len(text), 2 * RATE_HZ]])
        puppet.tell(
            "latency",
            turn=1,
            total_ms=640.0,
            parts_ms={"endpoint": 280.0, "recognition": 90.0, "voice": 200.0},
        )
        await page.wait_for_selector(".word")
        assert await page.locator(".word.heard").count() == 0
        puppet.transport.play(tone(2.0))
        await puppet.until_played(RATE_HZ)
        await page.wait_for_selector(".word.heard >> nth=2")
        assert await page.locator(".word.heard").count() <= 5
        puppet.transport.flush()
        puppet.tell("stopped", reply=1, heard="We are open")
        puppet.tell("state", state="ducked")
        await page.wait_for_selector(".agent.cut")
        assert await page.locator(".word.heard").all_inner_texts() == ["We", "are", "open"]
        assert await page.locator(".word.unheard").count() == 4
        assert await page.inner_text("#state") == "Go ahead"
        assert await browsed.captions() == [("caller", "When are you open?"), ("agent", text)]
        assert await page.inner_text("#latency-summary") == "last 640 ms, median 640 ms"
        said_aloud = await page.locator("#announcer p").all_inner_texts()
        assert said_aloud == ["You: When are you open?", f"Agent: {text}"]
    assert browsed.problems == []


async def test_text_whose_place_is_not_known_is_highlighted_by_estimate(
    browse, serving, microphone
):
    puppet = Puppet()
    async with serving(puppet) as url, browse(url, microphone=microphone) as browsed:
        page = browsed.page
        await browsed.call()
        await puppet.begun.wait()
        puppet.tell("transcript", segment=1, text="Hello", final=True)
        puppet.tell("state", state="speaking")
        puppet.tell("speech", reply=1, text="Good morning, and welcome.")
        puppet.tell("speech", reply=1, text="How can I help?")
        await page.wait_for_selector(".word >> nth=7")
        assert await page.locator(".word.heard").count() == 0
        puppet.transport.play(tone(1.5))
        await page.wait_for_selector(".word.heard >> nth=3")
        assert await page.locator(".word.heard").count() == 4
        puppet.transport.play(tone(1.5))
        await page.wait_for_selector(".word.heard >> nth=7")
        puppet.tell("transcript", segment=2, text="Thanks", final=True)
        await page.wait_for_selector(".caller >> nth=1")
        assert await browsed.captions() == [
            ("caller", "Hello"),
            ("agent", "Good morning, and welcome. How can I help?"),
            ("caller", "Thanks"),
        ]
    assert browsed.problems == []


async def test_keys_are_sent_and_a_muted_microphone_is_silence_not_a_gap(
    browse, serving, microphone
):
    puppet = Puppet()
    async with serving(puppet) as url, browse(url, microphone=microphone) as browsed:
        page = browsed.page
        await browsed.call()
        await page.keyboard.press("k")
        await page.click("#keypad >> text=5")
        await page.keyboard.press("#")
        await puppet.until(lambda: puppet.digits == "5#")
        await page.keyboard.press("Escape")
        assert await page.locator("#keypad").is_hidden()
        await page.click("#mute")
        assert await page.get_attribute("#mute", "aria-pressed") == "true"
        muted_from = len(puppet.caller) + RATE_HZ  # half a second: what was on its way
        await puppet.until(lambda: len(puppet.caller) > muted_from + 3 * RATE_HZ)
        assert not any(puppet.caller[muted_from:])
    assert browsed.problems == []


async def test_the_page_calls_again_after_a_call_and_counts_from_the_start(
    browse, serving, microphone
):
    puppets = [Puppet(), Puppet()]
    waiting = list(puppets)

    async def next_puppet(transport: Transport, channel: str) -> None:
        await waiting.pop(0)(transport, channel)

    async with (
        serving(next_puppet) as url,
        browse(url, microphone=microphone) as browsed,
    ):
        for puppet in puppets:
            await browsed.call()
            await puppet.begun.wait()
            puppet.transport.play(tone(0.3))
            await puppet.until_played(round(0.3 * RATE_HZ))
            assert puppet.reports[0][1] < round(0.3 * RATE_HZ)
            await browsed.hang_up()
            await puppet.over.wait()
            assert puppet.ended == "caller hung up"
            assert puppet.warnings == []
        assert (await browsed.captions())[-1] == ("note", "You hung up.")
    assert browsed.problems == []


async def test_leaving_the_page_hangs_up(browse, serving, microphone):
    puppet = Puppet()
    async with serving(puppet) as url, browse(url, microphone=microphone) as browsed:
        await browsed.call()
        await puppet.begun.wait()
        await browsed.page.goto("about:blank")
        async with asyncio.timeout(5):
            await puppet.over.wait()
    assert puppet.ended.startswith("caller")
