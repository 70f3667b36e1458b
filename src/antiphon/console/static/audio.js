// Microphone and loudspeaker of one call. Knows nothing of the server or of the page.

export class AudioTrouble extends Error {} // its message is for the person in front of the page

const LATENCY_CHECK_MS = 1000;
const ASSUMED_LATENCY_S = 0.03; // where the browser does not tell: half of what phones have

export async function openMicrophone() {
  if (!window.isSecureContext || !navigator.mediaDevices) {
    throw new AudioTrouble(
      "Browsers give the microphone only to secure pages. Open this page as http://localhost, or over https.",
    );
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    });
  } catch (error) {
    throw new AudioTrouble(WHY_NO_MICROPHONE[error.name] ?? `The microphone did not open: ${error.message}`);
  }
}

const WHY_NO_MICROPHONE = {
  NotAllowedError: "The microphone is blocked. Allow it in the address bar, then call again.",
  NotFoundError: "No microphone was found. Plug one in, then call again.",
  NotReadableError: "Another program is using the microphone. Close it, then call again.",
};

export class Audio {
  // on: { frame(pcm, level), playback({ heard, rendered, level, underruns }), flushed(samples), tap(record), lost() }
  static async open(microphone, rateHz, on, { tapped = false } = {}) {
    const context = new AudioContext({ latencyHint: "interactive" });
    try {
      await Promise.all([
        context.audioWorklet.addModule(new URL("capture-worklet.js", import.meta.url)),
        context.audioWorklet.addModule(new URL("playback-worklet.js", import.meta.url)),
      ]);
      await context.resume();
    } catch (error) {
      await context.close();
      for (const track of microphone.getTracks()) track.stop();
      // AbortError: the worklets' files did not load, and they come from the server.
      throw new AudioTrouble(
        error.name === "AbortError"
          ? "The server does not answer. Is it still running?"
          : `This browser cannot play or record sound here: ${error.message}`,
      );
    }
    return new Audio(context, microphone, rateHz, on, tapped);
  }

  constructor(context, microphone, rateHz, on, tapped) {
    this.context = context;
    this.microphone = microphone;
    const options = { numberOfOutputs: 1, outputChannelCount: [1] };
    this.capture = new AudioWorkletNode(context, "antiphon-capture", {
      ...options,
      channelCount: 1,
      channelCountMode: "explicit",
      processorOptions: { rateHz },
    });
    this.playback = new AudioWorkletNode(context, "antiphon-playback", {
      ...options,
      numberOfInputs: 0,
      processorOptions: { rateHz, tapped },
    });
    context.createMediaStreamSource(microphone).connect(this.capture);
    this.capture.connect(context.destination); // silent; without it the node would not run
    this.playback.connect(context.destination);
    this.capture.port.onmessage = ({ data }) => on.frame(data.pcm, data.level);
    this.playback.port.onmessage = ({ data }) => {
      if ("flushed" in data) on.flushed(data.flushed);
      else if ("tap" in data) on.tap(data.tap);
      else on.playback(data);
    };
    for (const track of microphone.getTracks()) track.onended = () => on.lost();
    this.#tellLatency();
    this.timer = setInterval(() => this.#tellLatency(), LATENCY_CHECK_MS);
  }

  #tellLatency() {
    const { outputLatency, baseLatency } = this.context;
    const seconds = outputLatency || baseLatency || ASSUMED_LATENCY_S;
    this.playback.port.postMessage({ do: "latency", seconds });
  }

  play(start, pcm) {
    this.playback.port.postMessage({ do: "play", start, pcm }, [pcm]);
  }

  setLevel(decibels, rampS) {
    this.playback.port.postMessage({ do: "level", decibels, rampS });
  }

  flush() {
    this.playback.port.postMessage({ do: "flush" });
  }

  setMuted(muted) {
    this.capture.port.postMessage({ muted });
  }

  async close() {
    clearInterval(this.timer);
    for (const track of this.microphone.getTracks()) {
      track.onended = null;
      track.stop();
    }
    await this.context.close();
  }
}
