// The agent's voice: plays what came, at the level asked for, and says honestly how far it is.
//
// Positions count the agent's samples since the call began, as the server numbers them. What is
// reported as heard is what left the loudspeaker: rendered, and the output latency passed.

import { Resampler } from "./resample.js";

const QUANTUM = 128;
const REPORT_S = 0.05;
const FADE_S = 0.01; // a flush cut dead would click
const CUSHION_S = 0.04; // kept before starting, so that two frames may come late
const UNDERRUN_S = 0.3; // a voice that resumes where it broke off within this was interrupted
const TAP_QUANTA = 16;

const halfCosine = (share) => (1 - Math.cos(Math.PI * share)) / 2;

class Playback extends AudioWorkletProcessor {
  constructor({ processorOptions: { rateHz, tapped } }) {
    super();
    this.rateHz = rateHz;
    this.resampler = new Resampler(rateHz, sampleRate);
    this.take = this.take.bind(this);
    this.chunks = []; // { start, samples }
    this.offset = 0; // into the first of them
    this.waiting = 0; // samples
    this.playing = false;
    this.arrivedAt = 0; // frame at which the first chunk after a silence came
    this.brokeAt = -Infinity;
    this.position = 0;
    this.history = new Float64Array(1024); // position at the end of each quantum: 2.7 s at 48 kHz
    this.quanta = 0;
    this.latencyS = 0;
    this.underruns = 0;
    this.gain = { from: 1, to: 1, at: 0, frames: 0 };
    this.reportedAt = 0;
    this.energy = 0;
    this.tap = tapped ? { samples: [], positions: [], frames: [] } : null;
    this.port.onmessage = ({ data }) => this[data.do](data);
  }

  // --- orders ---

  play({ start, pcm }) {
    const samples = Float32Array.from(new Int16Array(pcm), (value) => value / 32768);
    if (!this.playing && !this.chunks.length) {
      this.arrivedAt = currentFrame;
      const late = currentFrame - this.brokeAt < UNDERRUN_S * sampleRate;
      if (late && start === this.position) this.underruns++;
    }
    this.chunks.push({ start, samples });
    this.waiting += samples.length;
  }

  level({ decibels, rampS }) {
    const frames = Math.max(1, Math.round(rampS * sampleRate));
    this.gain = { from: this.factor(), to: 10 ** (decibels / 20), at: 0, frames };
  }

  flush() {
    const faded = this.playing ? Math.round(FADE_S * this.rateHz) : 0;
    const tail = new Float32Array(Math.min(this.waiting, faded));
    const start = this.position;
    for (let i = 0; i < tail.length; i++) {
      tail[i] = this.next() * (1 - halfCosine((i + 1) / tail.length));
    }
    const end = this.position;
    this.position = start;
    this.chunks = tail.length ? [{ start: end - tail.length, samples: tail }] : [];
    this.offset = 0;
    this.waiting = tail.length;
    this.port.postMessage({ flushed: end });
  }

  latency({ seconds }) {
    this.latencyS = seconds;
  }

  // --- audio ---

  process(_, [[output]]) {
    if (!this.playing && this.chunks.length) {
      const cushion = this.waiting >= CUSHION_S * this.rateHz;
      this.playing = cushion || currentFrame - this.arrivedAt >= CUSHION_S * sampleRate;
    }
    for (let i = 0; i < output.length; i++) {
      const value = this.resampler.pull(this.take) * this.factor();
      if (this.gain.at < this.gain.frames) this.gain.at++;
      output[i] = value;
      this.energy += value * value;
    }
    this.history[this.quanta++ % this.history.length] = this.position;
    if (this.tap) this.record(output);
    if (currentFrame - this.reportedAt >= REPORT_S * sampleRate) this.report();
    return true;
  }

  take() {
    if (!this.playing) return 0;
    if (!this.chunks.length) {
      this.playing = false;
      this.brokeAt = currentFrame;
      return 0;
    }
    return this.next();
  }

  next() {
    const { start, samples } = this.chunks[0];
    const value = samples[this.offset++];
    this.position = start + this.offset;
    this.waiting--;
    if (this.offset === samples.length) {
      this.chunks.shift();
      this.offset = 0;
    }
    return value;
  }

  factor() {
    const { from, to, at, frames } = this.gain;
    return at >= frames ? to : from + (to - from) * halfCosine(at / frames);
  }

  // --- reports ---

  heard() {
    const ago = Math.round((this.latencyS * sampleRate) / QUANTUM);
    const quantum = this.quanta - 1 - Math.min(ago, this.history.length - 1);
    return quantum < 0 ? 0 : this.history[quantum % this.history.length];
  }

  report() {
    const frames = currentFrame - this.reportedAt;
    this.port.postMessage({
      heard: this.heard(),
      rendered: this.position,
      level: Math.sqrt(this.energy / frames),
      underruns: this.underruns,
    });
    this.energy = 0;
    this.reportedAt = currentFrame;
  }

  record(output) {
    const { tap } = this;
    tap.frames.push(currentFrame);
    tap.samples.push(Float32Array.from(output));
    tap.positions.push(this.position);
    if (tap.samples.length < TAP_QUANTA) return;
    this.port.postMessage({ tap });
    this.tap = { samples: [], positions: [], frames: [] };
  }
}

registerProcessor("antiphon-playback", Playback);
