// Streaming sample-rate conversion: a windowed sinc, evaluated where each output sample falls.
//
// Used inside the audio worklets, one sample at a time. No Web Audio in here.

const ZEROS = 16; // zero crossings of the sinc on each side: stop band below -80 dB
const ROLLOFF = 0.94; // pass band, of the lower Nyquist rate; the rest is the filter's slope
const STEPS = 512; // table entries per zero crossing; linear in between, error below -100 dB
const KAISER_BETA = 9;

function bessel0(x) {
  let sum = 1;
  for (let k = 1, term = 1; k < 40; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function kernel() {
  const table = new Float32Array(ZEROS * STEPS + 2);
  for (let i = 0; i < table.length; i++) {
    const x = i / STEPS;
    const angle = Math.PI * x * ROLLOFF;
    const sinc = x === 0 ? 1 : Math.sin(angle) / angle;
    const inside = 1 - (x / ZEROS) ** 2;
    const window = inside > 0 ? bessel0(KAISER_BETA * Math.sqrt(inside)) / bessel0(KAISER_BETA) : 0;
    table[i] = sinc * window * ROLLOFF;
  }
  return table;
}

const TABLE = kernel();

export class Resampler {
  constructor(fromHz, toHz) {
    this.step = fromHz / toHz; // input samples per output sample
    this.same = fromHz === toHz;
    this.scale = Math.min(1, toHz / fromHz);
    this.half = this.same ? 1 : Math.ceil(ZEROS / this.scale);
    this.size = 2 * this.half;
    this.kept = new Float32Array(2 * this.size); // written twice, so that it reads in one piece
    this.at = 0;
    this.ahead = 0; // where the next output lies, in input samples past the middle
  }

  // Whenever input comes: calls emit(sample) for every output sample that it completes.
  feed(sample, emit) {
    this.#push(sample);
    for (; this.ahead < 1; this.ahead += this.step) emit(this.#value());
    this.ahead -= 1;
  }

  // Whenever output is due: returns it, calling take() for the input that it needs.
  pull(take) {
    for (; this.ahead >= 1; this.ahead -= 1) this.#push(take());
    const value = this.#value();
    this.ahead += this.step;
    return value;
  }

  #push(sample) {
    this.kept[this.at] = this.kept[this.at + this.size] = sample;
    this.at = (this.at + 1) % this.size;
  }

  #value() {
    const { kept, at, half, size, scale, ahead } = this;
    if (this.same) return kept[at + size - 1];
    let sum = 0;
    for (let k = 0; k < size; k++) {
      const x = Math.abs(k - (half - 1) - ahead) * scale * STEPS;
      const i = x | 0;
      if (i < ZEROS * STEPS) sum += kept[at + k] * (TABLE[i] + (x - i) * (TABLE[i + 1] - TABLE[i]));
    }
    return sum * scale;
  }
}
