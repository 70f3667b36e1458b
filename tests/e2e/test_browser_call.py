"""A person at the page talks to the real agent: Chromium, `antiphon serve`, the local engines.

The person is a recording that Chromium takes for its microphone: a question, and while the agent
answers it, an interruption.
"""

import asyncio
import json
import signal
import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.browser.conftest import Browse, Browsed, Played, browse, chromium
from tests.e2e.conftest import alike, read_all
from tests.e2e.processes import command

from antiphon.audio.levels import Span, speech_spans
from antiphon.audio.resample import from_float, resample
from antiphon.cli.main import main
from antiphon.events import ReplyFinished, ReplyStopped
from antiphon.models.store import ModelStore
from antiphon.net.offering import Order
from antiphon.observe.logreader import Told, read
from antiphon.testing import scriptfile
from antiphon.testing.rehearsal import rehearse
from antiphon.wiring import providers

__all__ = ["browse", "chromium"]

pytestmark = [pytest.mark.quiet, pytest.mark.browser, pytest.mark.timeout(180)]

MICROPHONE_HZ = 48_000
QUESTION = "What are your opening hours?"
INTERRUPTION = "Sorry, wait, what is your address?"
GREETED_S = 2.5
"""After the microphone was opened; the greeting takes one and a half."""
PATIENCE_S = 3.0
"""From the end of the question to the interruption: the agent has been answering for a while."""
YIELD_S = 1.0


@pytest.fixture
async def person(local_models: ModelStore, tmp_path: Path) -> Path:
    """What Chromium takes for its microphone."""
    voice = providers.make("tts", Order(name="local/piper", models=local_models.path))
    await voice.start()
    try:
        script = scriptfile.parse(
            f'pitch: 1.18\nsteps: [{{say: "{QUESTION}"}}, {{say: "{INTERRUPTION}"}}]'
        )
        lines = await rehearse(script, voice, MICROPHONE_HZ)
    finally:
        await voice.aclose()
    file = tmp_path / "person.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, MICROPHONE_HZ, 0, "NONE", ""))
        for pause_s, number in ((GREETED_S, 0), (PATIENCE_S, 1)):
            out.writeframes(bytes(2 * round(pause_s * MICROPHONE_HZ)) + lines[number].pcm)
        out.writeframes(bytes(2 * 30 * MICROPHONE_HZ))
    return file


HEARD = """
([who, words]) => [...document.querySelectorAll("#captions > li." + who)].some((li) => {
  const heard = who === "agent" ? [...li.querySelectorAll(".heard")] : [li];
  const text = heard.map((part) => part.textContent).join(" ").replace(/\\s+/g, " ");
  return text.toLowerCase().includes(words);
})
"""


async def shown(browsed: Browsed, who: str, words: str) -> None:
    """Until the page shows that the caller said these words, or that the agent's were heard."""
    await browsed.page.wait_for_function(HEARD, arg=[who, words.lower()], timeout=40_000)


async def test_a_question_an_interruption_and_its_answer(
    browse: Browse,
    local_models: ModelStore,
    person: Path,
    example: Path,
    surroundings: Mapping[str, str],
    tmp_path: Path,
) -> None:
    calls = tmp_path / "calls"
    outside = {**surroundings, "ANTIPHON_CALLS": str(calls)}
    with command("serve", str(example), "--port", "0", "--json", env=outside) as serving:
        told = await asyncio.to_thread(serving.until, lambda line: line.startswith("{"))
        async with browse(json.loads(told)["url"], microphone=person) as browsed:
            await browsed.call()
            await shown(browsed, "agent", "Riverside Dental")
            await shown(browsed, "caller", "opening hours")
            await shown(browsed, "agent", "Monday to Friday")
            await shown(browsed, "caller", "address")
            await shown(browsed, "agent", "stops at the door")
            captions = await browsed.captions()
            played = await browsed.played()
            await browsed.hang_up()
            problems = browsed.problems
        assert serving.end(signal.SIGINT) == 0

    (file,) = calls.glob("web-*.jsonl")
    log = read(file)
    events = [line.event for line in log.lines if isinstance(line, Told)]
    (stopped,) = [event for event in events if isinstance(event, ReplyStopped)]
    assert problems == []
    assert [who for who, _ in captions] == ["agent", "caller", "agent", "caller", "agent"]
    _words_were_heard_and_no_others(
        stopped, [event.heard for event in events if isinstance(event, ReplyFinished)], captions
    )
    _positions_make_sense(played)
    spans = _replies(played)
    assert len(spans) == 3, "the greeting, the answer that was cut, and the address"
    # The answer began after the question, so it had less than this until it was interrupted.
    assert 1.0 < spans[1].end_s - spans[1].start_s < PATIENCE_S + YIELD_S
    heard = await read_all(local_models, [_pcm(played, span) for span in spans])
    said = ["Riverside Dental, hello.", stopped.heard, captions[-1][1]]
    assert alike(list(zip(heard, said, strict=True))) >= 0.8, (heard, said)
    assert log.closed
    assert main(["replay", str(file)]) == 0


def _words_were_heard_and_no_others(
    stopped: ReplyStopped, finished: list[str], captions: list[tuple[str, str]]
) -> None:
    """The log and the page agree on what was cut."""
    assert stopped.heard.startswith("We are open Monday")
    assert stopped.unheard.endswith("any time of the day.")
    assert finished[0] == "Riverside Dental, hello."
    assert "opening hours" in captions[1][1]
    assert "address" in captions[3][1]
    assert "Monday" in captions[2][1]
    assert "You find us at twelve River Street" in captions[4][1]


def _positions_make_sense(played: Played) -> None:
    """The agent's samples are counted on while they are played, and never back."""
    steps = np.diff(played.positions)
    assert len(played.positions) > 100
    assert (steps >= 0).all()
    # Between two blocks of 128 samples of the page: as many of the agent's as its rate makes
    # them, or none in a silence, or what a flush leaves out.
    flushes = steps > 128
    assert flushes.sum() <= 5, steps[flushes]


def _replies(played: Played) -> list[Span]:
    """Stretches of speech with more than a pause between them."""
    samples = np.frombuffer(from_float(played.samples), "<i2")
    return speech_spans(samples, played.rate_hz, min_gap_s=0.7)


def _pcm(played: Played, span: Span) -> bytes:
    """Such a stretch with some room around it, as the recogniser takes it."""
    start = max(0, round((span.start_s - 0.3) * played.rate_hz))
    part = played.samples[start : round((span.end_s + 0.3) * played.rate_hz)]
    return resample(from_float(part), played.rate_hz, 16_000)
