"""What the media plane costs: CPU per call and 20 ms frame, real detector, pretended clock.

Recorded speech at every ear; frames arrive spread over the 5 ms ticks; every call also has a
beat on the wheel. Sockets, codecs and recognition are not in it.

    python bench/evidence/media_cost.py --vad silero_vad.onnx --speech two_cities.wav
"""

import argparse
import time
from pathlib import Path

import numpy as np
import soundfile
import soxr

from antiphon.media.ear import Ear
from antiphon.media.plane import TICK_S, Plane
from antiphon.media.silero import Silero

SECONDS = 4.0


class StepClock:
    """Moves when told."""

    now_s = 0.0

    def now(self) -> float:
        return self.now_s

    async def sleep_until(self, when_s: float) -> None:
        raise NotImplementedError


def measure(vad: Path, speech: np.ndarray, rate_hz: int, calls: int) -> tuple[float, float, float]:
    """Microseconds of CPU per call and frame: in `hear`, in `tick`; and kB a call."""
    clock = StepClock()
    plane = Plane(Silero(vad), clock)
    before = resident_kb()
    told: list[object] = []
    ears = [
        Ear(rate_hz=rate_hz, plane=plane, emit=told.append, on_16k=len, clock=clock)
        for _ in range(calls)
    ]
    for _ in ears:
        plane.every_frame(lambda now_s: None)
    size = rate_hz // 50
    frames = [speech[n : n + size].tobytes() for n in range(0, len(speech) - size, size)]
    ticks = round(SECONDS / TICK_S)
    hearing = ticking = 0.0
    for tick in range(ticks):
        clock.now_s = tick * TICK_S
        began = time.process_time()
        for index in range(tick % 4, calls, 4):
            ears[index].hear(frames[(tick // 4 + 7 * index) % len(frames)])
        heard = time.process_time()
        plane.tick(clock.now_s)
        while plane.backlog:
            plane.tick(clock.now_s)
        hearing += heard - began
        ticking += time.process_time() - heard
    per_frame = 1e6 / (calls * SECONDS * 50)
    return hearing * per_frame, ticking * per_frame, (resident_kb() - before) / calls


def resident_kb() -> int:
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vad", type=Path, required=True)
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    audio, recorded_hz = soundfile.read(args.speech, dtype="float32")
    print("| rate | calls | hear us | tick us | sum us | % of a core a call | kB a call |")
    print("|---|---|---|---|---|---|---|")
    for rate_hz in (8_000, 16_000, 48_000):
        speech = (soxr.resample(audio, recorded_hz, rate_hz) * 32767).astype("<i2")
        for calls in (1, 50, 200):
            runs = [measure(args.vad, speech, rate_hz, calls) for _ in range(args.repeats)]
            hear, tick, memory = np.median(np.array(runs), axis=0)
            total = hear + tick
            print(
                f"| {rate_hz} | {calls} | {hear:.1f} | {tick:.1f} | {total:.1f} "
                f"| {total / 20_000 * 100:.2f} | {memory:.0f} |"
            )


if __name__ == "__main__":
    main()
