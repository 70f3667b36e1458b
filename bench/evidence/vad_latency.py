"""Evidence (b): how long after speech begins or ends the voice-activity model shows it.

Each phrase lies at a random moment in line noise, at three levels, and at 20 and 10 dB
above pink noise. Truth is the corpus's own cut: the first and last 5 ms step within 40 dB
of the phrase's peak. A crossing is counted when its 32 ms window is complete, which is
when a live call can know of it.

    python bench/evidence/vad_latency.py --corpus DIR --model silero_vad.onnx
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from channel import RANDOM, RATE_HZ, Floats, load, narrow, phone

from antiphon.events import SpeechStarted
from antiphon.media import edges as hysteresis
from antiphon.media.edges import Edges
from antiphon.media.silero import Silero

LEAD_S, AFTER_S = 0.8, 0.8
HIGHS = (0.5, 0.35, 0.2)
LOWS = (0.5, 0.35, 0.2)
CASES: dict[str, tuple[float, float | None]] = {
    "-20 dBFS, quiet line": (-20.0, None),
    "-30 dBFS, quiet line": (-30.0, None),
    "-42 dBFS, quiet line": (-42.0, None),
    "-26 dBFS, 20 dB above noise": (-26.0, 20.0),
    "-26 dBFS, 10 dB above noise": (-26.0, 10.0),
}


def pink(samples: int) -> Floats:
    spectrum = np.fft.rfft(RANDOM.standard_normal(samples))
    spectrum /= np.sqrt(np.arange(1, len(spectrum) + 1))
    noise = np.fft.irfft(spectrum, samples)
    return (noise / np.sqrt((noise**2).mean())).astype(np.float32)


def rms(audio: Floats) -> float:
    return float(np.sqrt((audio**2).mean()))


def scene(speech: Floats, level_db: float, snr_db: float | None) -> tuple[Floats, float, float]:
    """Audio with the speech in it, and where the speech begins and ends in seconds."""
    lead = int((LEAD_S + RANDOM.uniform(0, 0.032)) * RATE_HZ)
    tail = int(AFTER_S * RATE_HZ)
    spoken = speech * (10 ** (level_db / 20) / rms(speech))
    audio = np.concatenate([np.zeros(lead), spoken, np.zeros(tail)]).astype(np.float32)
    audio += RANDOM.standard_normal(len(audio)).astype(np.float32) * 10 ** (-68 / 20)
    if snr_db is not None:
        audio += pink(len(audio)) * 10 ** ((level_db - snr_db) / 20)
    return audio, lead / RATE_HZ, (lead + len(spoken)) / RATE_HZ


def probabilities(silero: Silero, rate_hz: int, audio: Floats) -> Floats:
    slot = silero.open()
    samples = silero.window(rate_hz)
    count = len(audio) // samples
    windows = audio[: count * samples].reshape(count, 1, samples)
    out = np.array([silero.score(window, [slot], rate_hz)[0] for window in windows])
    silero.close(slot)
    return out


def edge_row(silero: Silero, rate_hz: int, heard: list[tuple[Floats, float, float]]) -> list[str]:
    """What media/edges.py makes of the same scenes."""
    window_s = silero.window(rate_hz) / rate_hz
    starts: list[tuple[float, float]] = []
    stops: list[tuple[float, float]] = []
    extra = missed = 0
    for audio, onset_s, end_s in heard:
        edges = Edges(window_s, hysteresis.TAIL_S[rate_hz])
        on, off = [], []
        for index, p in enumerate(probabilities(silero, rate_hz, audio)):
            told_s = (index + 1) * window_s
            for edge in edges.push(float(p), told_s):
                (on if isinstance(edge, SpeechStarted) else off).append((told_s, edge.at_s))
        if not on or not off:
            missed += 1
            continue
        starts.append((on[0][0] - onset_s, on[0][1] - onset_s))
        stops.append((off[-1][0] - end_s, off[-1][1] - end_s))
        extra += len(on) - 1
    cells = [spread([1000 * pair[n] for pair in of]) for of in (starts, stops) for n in (0, 1)]
    p95 = np.percentile([1000 * told for told, _ in starts], 95)
    return [*cells, f"{p95:.0f}", f"{extra / len(heard):.2f}", f"{missed}"]


def starts_on_noise(silero: Silero, rate_hz: int, sounds: dict[str, list[Floats]]) -> str:
    """How many of each noise start speech."""
    window_s = silero.window(rate_hz) / rate_hz
    found = []
    for name, audios in sounds.items():
        started = 0
        for sound in audios:
            audio = scene(sound, -26.0, None)[0]
            audio = narrow(audio) if rate_hz == 8_000 else audio
            edges = Edges(window_s)
            scores = probabilities(silero, rate_hz, audio)
            started += any(edges.push(float(p), n * window_s) for n, p in enumerate(scores, 1))
        found.append(f"{name} {started} of {len(audios)}")
    return ", ".join(found)


def spread(values: list[float]) -> str:
    if not values:
        return "never"
    low, mid, high = np.percentile(values, (10, 50, 90))
    return f"{mid:.0f} ({low:.0f} to {high:.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--every", type=int, default=3, help="use every Nth phrase")
    args = parser.parse_args()
    rows = [json.loads(line) for line in (args.corpus / "manifest.jsonl").open()]
    noises: dict[str, list[Floats]] = {}
    for row in rows:
        if row["kind"] == "noise" or row["voice"] == "hum":
            noises.setdefault(row["text"], []).append(load(args.corpus / row["file"]))
    kinds = ("complete", "comma", "one word", "interruption", "backchannel")
    rows = [row for row in rows if row["kind"] in kinds and row["voice"] != "hum"]
    speeches = [load(args.corpus / row["file"]) for row in rows[:: args.every]]
    silero = Silero(args.model)
    print(f"{len(speeches)} phrases; ms after the truth: median (p10 to p90)")
    heads = [f"on {t}" for t in HIGHS] + ["first window start"] + [f"off {t}" for t in LOWS]
    extra = ["last window end", "missed", "dips >= 2 windows / phrase", "false on / min"]
    lines: dict[str, tuple[int, Callable[[Floats], Floats]]] = {
        "16 kHz": (16_000, lambda wide: wide),
        "telephone, 8 kHz model": (8_000, narrow),
        "telephone, resampled for the 16 kHz model": (16_000, phone),
    }
    for line, (rate_hz, through) in lines.items():
        print(f"\n### {line}\n\n| case | " + " | ".join(heads + extra) + " |")
        print("|---|" + "---|" * len(heads + extra))
        for name, (level_db, snr_db) in CASES.items():
            scenes = [scene(speech, level_db, snr_db) for speech in speeches]
            heard = [(through(audio), on_s, off_s) for audio, on_s, off_s in scenes]
            cells = case(silero, rate_hz, heard)
            print(f"| {name} | " + " | ".join(cells) + " |")
            edges = " | ".join(edge_row(silero, rate_hz, heard))
            print(f"| edges: told on, at, told off, at, on p95, extra, missed | {edges} |")
        if line != "telephone, resampled for the 16 kHz model":
            print(f"\nnoises that start speech: {starts_on_noise(silero, rate_hz, noises)}")


def case(silero: Silero, rate_hz: int, heard: list[tuple[Floats, float, float]]) -> list[str]:
    window_s = silero.window(rate_hz) / rate_hz
    ons: dict[float, list[float]] = {t: [] for t in HIGHS}
    offs: dict[float, list[float]] = {t: [] for t in LOWS}
    starts: list[float] = []
    ends: list[float] = []
    missed = dips = false = 0
    for audio, onset_s, end_s in heard:
        p = probabilities(silero, rate_hz, audio)
        knew_s = (np.arange(len(p)) + 1) * window_s
        during = (knew_s > onset_s) & (knew_s < end_s + 0.1)
        false += int(((p > 0.5) & (knew_s > 0.2) & (knew_s <= onset_s)).any())
        for threshold in HIGHS:
            hit = np.flatnonzero(during & (p > threshold))
            if len(hit):
                ons[threshold].append((knew_s[hit[0]] - onset_s) * 1000)
        hit = np.flatnonzero(during & (p > 0.5))
        if not len(hit):
            missed += 1
            continue
        starts.append((knew_s[hit[0]] - window_s - onset_s) * 1000)
        low = p < 0.35
        pairs = low[:-1] & low[1:]
        dips += int(pairs[hit[0] : max(hit[0], int(end_s / window_s) - 1)].sum())
        for threshold in LOWS:
            last = np.flatnonzero(p >= threshold)[-1]
            if last + 1 < len(p):
                offs[threshold].append((knew_s[last + 1] - end_s) * 1000)
        ends.append((knew_s[np.flatnonzero(p >= 0.35)[-1]] - end_s) * 1000)
    minutes = len(heard) * (LEAD_S - 0.2) / 60
    return [
        *(spread(ons[t]) for t in HIGHS),
        spread(starts),
        *(spread(offs[t]) for t in LOWS),
        spread(ends),
        f"{missed}/{len(heard)}",
        f"{dips / len(heard):.2f}",
        f"{false / minutes:.1f}",
    ]


if __name__ == "__main__":
    main()
