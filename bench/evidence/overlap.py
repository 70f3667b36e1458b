"""Evidence (c): what tells "mhm" from "stop" in the first moments of overlapping speech.

For every backchannel, noise and interruption: what is known 150 to 1000 ms after its first
sample. Sound: voice-activity scores, level, flatness, periodicity. Words: what Moonshine tiny
makes of the snippet so far, with silence around it. `overlap_rule.py` turns the result into
decisions.

    python bench/evidence/overlap.py --corpus DIR --vad silero_vad.onnx --keep overlap.jsonl
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import moonshine_voice
import numpy as np
from channel import RANDOM, RATE_HZ, Floats, load, narrow, phone
from moonshine_voice.transcriber import ModelArch, Transcriber
from vad_latency import probabilities, rms

from antiphon.media.silero import Silero

LOOKS_MS = (150, 200, 250, 300, 350, 400, 450, 500, 550, 600, 700, 800, 900, 1000, 1200)
KINDS = ("backchannel", "noise", "interruption", "complete", "comma", "one word", "trailing")
LEAD_S, TAIL_S = 0.8, 1.3


class Recogniser:
    """Moonshine tiny, whole snippets, its own voice activity switched off."""

    def __init__(self) -> None:
        model = Path(moonshine_voice.__file__).parent / "assets" / "tiny-en"
        self._engine = Transcriber(model, ModelArch.TINY, options={"vad_threshold": 0})
        self.spent_s: list[float] = []

    def read(self, audio: Floats) -> str:
        quiet = np.zeros(RATE_HZ // 10, dtype=np.float32)
        padded = np.concatenate([quiet, audio, quiet, quiet])
        began = time.perf_counter()
        lines = self._engine.transcribe_without_streaming(padded.tolist(), RATE_HZ).lines
        self.spent_s.append(time.perf_counter() - began)
        return " ".join(line.text for line in lines).strip()


def periodicity(audio: Floats) -> float:
    """The highest autocorrelation at a pitch lag (60-400 Hz) over the last 60 ms."""
    tail = audio[-960:] - audio[-960:].mean()
    energy = float((tail**2).sum()) + 1e-9
    lags = range(RATE_HZ // 400, RATE_HZ // 60, 2)
    return max(float((tail[lag:] * tail[:-lag]).sum()) / energy for lag in lags)


def flatness(audio: Floats) -> float:
    power = np.abs(np.fft.rfft(audio * np.hanning(len(audio)))) ** 2 + 1e-9
    return float(np.exp(np.log(power).mean()) / power.mean())


def brightness_db(audio: Floats) -> float:
    """Power above 900 Hz against power below: a closed mouth keeps it low."""
    power = np.abs(np.fft.rfft(audio)) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / RATE_HZ)
    high = power[(hz > 900) & (hz < 3400)].sum() + 1e-9
    return float(10 * np.log10(high / (power[(hz > 100) & (hz <= 900)].sum() + 1e-9)))


def looks(
    speech: Floats, silero: Silero, line: str, recogniser: Recogniser
) -> list[dict[str, Any]]:
    """What is known of one sound at each of LOOKS_MS."""
    lead = int((LEAD_S + RANDOM.uniform(0, 0.032)) * RATE_HZ)
    level_db = RANDOM.uniform(-38, -20)
    spoken = speech * (10 ** (level_db / 20) / rms(speech))
    audio = np.concatenate([np.zeros(lead), spoken, np.zeros(int(TAIL_S * RATE_HZ))])
    audio = audio.astype(np.float32) + RANDOM.standard_normal(len(audio)).astype("f4") * 10**-3.4
    rate_hz = 8_000 if line == "phone" else 16_000
    p = probabilities(silero, rate_hz, narrow(audio) if line == "phone" else audio)
    window_ms = 1000 * silero.window(rate_hz) / rate_hz
    knew_ms = (np.arange(len(p)) + 1) * window_ms - lead / RATE_HZ * 1000
    wide = phone(audio) if line == "phone" else audio
    out = []
    for at_ms in LOOKS_MS:
        since = p[(knew_ms > 0) & (knew_ms <= at_ms)]
        snippet = wide[lead : lead + at_ms * RATE_HZ // 1000]
        out.append(
            {
                "at_ms": at_ms,
                "p": [round(float(value), 3) for value in since],
                "rms_db": round(20 * np.log10(rms(snippet) + 1e-6), 1),
                "flat": round(flatness(snippet), 4),
                "bright_db": round(brightness_db(snippet), 1),
                "periodic": round(periodicity(snippet), 3),
                "text": recogniser.read(wide[lead - 1600 : lead + at_ms * RATE_HZ // 1000]),
            }
        )
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--vad", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True)
    args = parser.parse_args()
    rows = [json.loads(line) for line in (args.corpus / "manifest.jsonl").open()]
    rows = [row for row in rows if row["kind"] in KINDS]
    silero, recogniser = Silero(args.vad), Recogniser()
    with args.keep.open("w") as kept:
        for row in rows:
            if row["source"] == "synthetic" and row["kind"] in KINDS[3:]:
                continue
            speech = load(args.corpus / row["file"])
            row["speech_ms"] = round(len(speech) / RATE_HZ * 1000)
            for line in ("wide", "phone"):
                seen = looks(speech, silero, line, recogniser)
                kept.write(json.dumps({**row, "line": line, "looks": seen}) + "\n")
    spent = np.percentile(np.array(recogniser.spent_s) * 1000, (50, 95))
    print(f"{len(recogniser.spent_s)} snippets read, {spent[0]:.0f} ms p50, {spent[1]:.0f} ms p95")


if __name__ == "__main__":
    main()
