"""Builds the audio that the evidence experiments are run on, as 16 kHz mono wav files.

Recorded: phrases cut out of the recordings given by --recordings (the ones that come with
the recogniser's package), cut by hand from an energy segmentation. Synthetic, and labelled
so: the same kinds of phrase from Piper (joe), flite (slt, awb, rms) and espeak-ng (two
voices), hums and noises from small formulas. flite and espeak-ng are Debian packages.

    python bench/evidence/corpus.py --recordings DIR --piper VOICE.onnx --out DIR
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from phrases import HELD_OUT, HUMMED, OVERLAPS, PHRASES, RECORDED
from piper import PiperVoice

Floats = NDArray[np.float32]
RATE_HZ = 16_000
FLITE = {"slt": "slt", "awb": "awb", "rms": "rms"}
ESPEAK = {"espeak-m": ["-v", "en-us", "-s", "165"], "espeak-f": ["-v", "en-gb+f3", "-s", "160"]}
RANDOM = np.random.default_rng(20261121)


def load(path: Path) -> Floats:
    audio, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return resample(audio.mean(axis=1), rate_hz)


def resample(audio: Floats, rate_hz: int) -> Floats:
    if rate_hz == RATE_HZ:
        return audio
    return np.asarray(soxr.resample(audio, rate_hz, RATE_HZ, quality="VHQ"), dtype=np.float32)


def trim(audio: Floats, below_peak_db: float = 40.0) -> Floats:
    """From the first to the last 5 ms step within 40 dB of the loudest."""
    step = RATE_HZ // 200
    steps = len(audio) // step
    power = (audio[: steps * step].reshape(steps, step) ** 2).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (-below_peak_db / 10))
    return audio[loud[0] * step : (loud[-1] + 1) * step]


class Voices:
    """Text to audio by every synthetic voice at hand."""

    def __init__(self, piper_path: Path) -> None:
        self._joe = PiperVoice.load(piper_path)
        self.names = ("joe", *FLITE, *ESPEAK)

    def say(self, voice: str, text: str) -> Floats:
        if voice == "joe":
            chunks = list(self._joe.synthesize(text))
            audio = np.concatenate([chunk.audio_float_array for chunk in chunks])
            return trim(resample(audio.astype(np.float32), chunks[0].sample_rate))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            command = (
                ["flite", "-voice", FLITE[voice], "-t", text, "-o", str(path)]
                if voice in FLITE
                else ["espeak-ng", *ESPEAK[voice], "-w", str(path), text]
            )
            subprocess.run(command, check=True, capture_output=True)
            return trim(load(path))


def hum(pitch_hz: float, syllables: int, gap_s: float, rise: float) -> Floats:
    """A closed-mouth 'mm-hmm': a glottal pulse train through nasal resonances."""
    parts = []
    for n in range(syllables):
        seconds = RANDOM.uniform(0.14, 0.24)
        t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
        pitch = pitch_hz * (1 + rise * n) * (1 + 0.08 * t / seconds)
        phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
        tone = np.zeros_like(t)
        for k in range(1, 16):
            hz = k * pitch.mean()
            gain = 1 / (1 + (hz / 300) ** 2) + 0.05 * np.exp(-(((hz - 1100) / 300) ** 2))
            tone += gain * np.sin(k * phase)
        tone *= np.minimum(1, np.minimum(t, seconds - t) / 0.03)
        parts += [tone, np.zeros(int(gap_s * RATE_HZ))]
    audio = np.concatenate(parts[:-1])
    return (0.3 * audio / np.abs(audio).max()).astype(np.float32)


def burst(seconds: float, decay_s: float, low_hz: float, high_hz: float) -> Floats:
    """Band-limited noise that dies away: clicks, slams, the strokes of a cough."""
    samples = int(seconds * RATE_HZ)
    spectrum = np.fft.rfft(RANDOM.standard_normal(samples))
    hz = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    noise = np.fft.irfft(spectrum, samples)
    t = np.arange(samples) / RATE_HZ
    noise *= np.exp(-t / decay_s) * np.minimum(1, t / 0.003)
    return (0.5 * noise / np.abs(noise).max()).astype(np.float32)


def cough() -> Floats:
    gap = np.zeros(int(RANDOM.uniform(0.06, 0.14) * RATE_HZ), dtype=np.float32)
    strokes = [burst(0.28, RANDOM.uniform(0.05, 0.09), 300, 3800) for _ in range(2)]
    voiced = hum(RANDOM.uniform(110, 190), 1, 0.0, 0.0)[: RATE_HZ // 8] * 0.3
    strokes[0][: len(voiced)] += voiced[: len(strokes[0])]
    return np.concatenate([strokes[0], gap, 0.8 * strokes[1]])


def noises() -> list[tuple[str, Floats]]:
    out: list[tuple[str, Floats]] = []
    for _ in range(8):
        out.append(("cough", cough()))
        out.append(("slam", burst(0.5, RANDOM.uniform(0.03, 0.12), 30, 900)))
        out.append(("noise burst", burst(0.4, 9.0, 200, 3800)))
        out.append(("breath", 0.2 * burst(0.5, 9.0, 400, 3400) * np.hanning(8000).astype("f4")))
        clicks = [burst(0.05, 0.006, 800, 7000) for _ in range(RANDOM.integers(2, 7))]
        out.append(("clicks", np.concatenate(clicks)))
    return out


class Shelf:
    """Writes numbered wav files and one manifest."""

    def __init__(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._out = out
        self._rows: list[dict[str, Any]] = []

    def put(self, audio: Floats, **about: str) -> None:
        name = f"{len(self._rows):04d}.wav"
        soundfile.write(self._out / name, audio, RATE_HZ, subtype="PCM_16")
        self._rows.append({"file": name, **about})

    def close(self) -> None:
        lines = "".join(json.dumps(row) + "\n" for row in self._rows)
        (self._out / "manifest.jsonl").write_text(lines)
        print(f"{len(self._rows)} files in {self._out}")


def cut_points(audio: Floats) -> list[int]:
    """Dips of energy between 35 and 80 % of a phrase: likely word boundaries."""
    step = RATE_HZ // 100
    steps = len(audio) // step
    level = np.convolve(
        np.log10((audio[: steps * step].reshape(steps, step) ** 2).mean(axis=1) + 1e-9),
        np.ones(3) / 3,
        mode="same",
    )
    inside = range(int(0.35 * steps), int(0.8 * steps))
    dips = [n for n in inside if level[n] == level[max(0, n - 8) : n + 9].min()]
    return [n * step for n in sorted(dips, key=lambda n: level[n])[:1]]


def put_recorded(shelf: Shelf, recordings: Path) -> None:
    for file, start_s, end_s, kind, text in RECORDED:
        audio = load(recordings / file)[int(start_s * RATE_HZ) : int(end_s * RATE_HZ)]
        about = {"voice": Path(file).stem, "source": "recorded", "text": text}
        shelf.put(trim(audio), kind=kind, **about)
        if kind in ("complete", "comma") and end_s - start_s > 1.0:
            for at in cut_points(audio):
                shelf.put(audio[:at], kind="cut", **about)


def put_texts(shelf: Shelf, voices: Voices, phrases: dict[str, list[str]]) -> None:
    for voice in voices.names:
        about = {"voice": voice, "source": "synthetic"}
        for kind, texts in phrases.items():
            for text in texts:
                audio = voices.say(voice, text)
                shelf.put(audio, kind=kind, text=text, **about)
                if kind == "complete" and len(audio) > RATE_HZ:
                    for at in cut_points(audio):
                        shelf.put(audio[:at], kind="cut", text=text, **about)


def put_hummed(shelf: Shelf, voices: Voices) -> None:
    for voice in voices.names:
        for text, ipa, mnemonic in HUMMED:
            if voice not in FLITE:
                about = {"voice": voice, "source": "synthetic", "text": text}
                sounds = voices.say(voice, ipa if voice == "joe" else mnemonic)
                shelf.put(sounds, kind="backchannel", **about)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=Path, required=True)
    parser.add_argument("--piper", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--held-out", action="store_true", help="only the phrases kept for last")
    args = parser.parse_args()
    shelf = Shelf(args.out)
    if args.held_out:
        put_texts(shelf, Voices(args.piper), HELD_OUT)
        shelf.close()
        return
    put_recorded(shelf, args.recordings)
    voices = Voices(args.piper)
    put_texts(shelf, voices, PHRASES | OVERLAPS)
    put_hummed(shelf, voices)
    for n in range(24):
        sound = hum(80 + 8 * n, 1 + (n % 3 > 0), 0.02 * (1 + n % 3), 0.25)
        shelf.put(sound, kind="backchannel", text="(hum)", voice="hum", source="synthetic")
    for name, sound in noises():
        shelf.put(sound, kind="noise", text=f"({name})", voice="formula", source="synthetic")
    shelf.close()


if __name__ == "__main__":
    main()
