// The microphone: whatever the device gives, as 20 ms frames of PCM16 at the call's rate.

import { Resampler } from "./resample.js";

class Capture extends AudioWorkletProcessor {
  constructor({ processorOptions: { rateHz } }) {
    super();
    this.frameSamples = rateHz / 50;
    this.frame = new Int16Array(this.frameSamples);
    this.filled = 0;
    this.energy = 0;
    this.muted = false;
    this.resampler = new Resampler(sampleRate, rateHz);
    this.add = this.add.bind(this);
    this.port.onmessage = ({ data }) => (this.muted = data.muted);
  }

  add(sample) {
    const bounded = Math.max(-1, Math.min(1, sample));
    this.energy += bounded * bounded;
    this.frame[this.filled++] = Math.round(bounded * (bounded < 0 ? 32768 : 32767));
    if (this.filled < this.frameSamples) return;
    const level = Math.sqrt(this.energy / this.frameSamples);
    this.port.postMessage({ pcm: this.frame.buffer, level }, [this.frame.buffer]);
    this.frame = new Int16Array(this.frameSamples);
    this.filled = this.energy = 0;
  }

  process([input], [output]) {
    // A muted or unplugged microphone is silence, not a gap: the call's clock is the audio itself.
    const channel = this.muted ? undefined : input[0];
    for (let i = 0; i < output[0].length; i++) {
      this.resampler.feed(channel ? channel[i] : 0, this.add);
    }
    return true;
  }
}

registerProcessor("antiphon-capture", Capture);
