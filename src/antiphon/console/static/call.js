// One call over the antiphon.1 protocol (docs/reference/websocket.md). No page in here.

const VERSION = 1;
const HEADER_BYTES = 4;
const REPORT_MS = 100;
const MAX_BACKLOG_BYTES = 128 * 1024; // 4 s of caller audio the network did not take: drop, not delay

const GOING_DOWN = "The server is going down. Call again in a minute.";
const WHY_CLOSED = {
  1001: GOING_DOWN,
  1012: GOING_DOWN,
  1006: "The connection was lost. Is the server still running?",
  1013: "All lines are busy. Call again in a minute.",
};

export class Call {
  // on: one function per message type of the server, and ended(text, isTrouble); audio is attached once welcomed.
  constructor(url, { rateHz, token = "", on }) {
    this.on = on;
    this.rateHz = rateHz;
    this.audio = null;
    this.transferredTo = null;
    this.welcomed = false;
    this.over = false;
    this.heard = 0;
    this.received = 0; // position just past the agent's audio that has come
    this.reportedAt = 0;
    this.droppedFrames = 0;
    this.socket = new WebSocket(url, `antiphon.${VERSION}`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => {
      const client = `page ${navigator.userAgent}`.slice(0, 200);
      const audio = { rate_hz: rateHz, encoding: "pcm16" };
      this.#say({ type: "hello", version: VERSION, ...audio, token, client, transfers: true });
    };
    this.socket.onmessage = ({ data }) => {
      this.lastHeardAt = performance.now();
      if (typeof data === "string") this.#obey(JSON.parse(data));
      else this.#play(data);
    };
    this.socket.onclose = ({ code, reason }) =>
      this.#end(WHY_CLOSED[code] ?? `The call broke off (${reason || code}).`, true);
  }

  // --- what the page does ---

  hangUp() {
    this.#say({ type: "bye" });
    this.#end("You hung up.", false);
  }

  press(digit) {
    this.#say({ type: "digit", digit });
  }

  // --- what the audio reports ---

  sendFrame(pcm) {
    if (!this.welcomed || this.over) return;
    if (this.socket.bufferedAmount > MAX_BACKLOG_BYTES) this.droppedFrames++;
    else this.socket.send(pcm);
  }

  report({ heard, rendered }) {
    if (heard === this.heard) return;
    const now = performance.now();
    const finished = heard === rendered;
    if (!finished && now - this.reportedAt < REPORT_MS * 0.9) return;
    this.heard = heard;
    this.reportedAt = now;
    this.#say({ type: "played", samples: heard });
    this.on.reported?.(heard, now);
  }

  flushed(samples) {
    this.#say({ type: "flushed", samples });
  }

  fail(text) {
    this.#say({ type: "bye" });
    this.#end(text, true);
  }

  // --- what the server says ---

  #obey(message) {
    if (this.over) return;
    switch (message.type) {
      case "welcome":
        this.welcomed = true;
        this.lastHeardAt = performance.now();
        this.watch = setInterval(() => {
          if (performance.now() - this.lastHeardAt > message.gone_s * 1000) this.#end(WHY_CLOSED[1006], true);
        }, 1000);
        break;
      case "ping":
        this.#say({ type: "pong", id: message.id });
        return;
      case "gain":
        this.audio?.setLevel(message.decibels, message.ramp_s);
        break;
      case "flush":
        this.audio?.flush();
        break;
      case "transfer":
        // Here an application connects the caller; a page on its own can only tell them.
        this.transferredTo = message.to;
        this.#say({ type: "transferred" });
        break;
      case "ended":
        if (message.reason === "stopping") this.#end(GOING_DOWN, true);
        else if (this.transferredTo) this.#end(`You are being connected to ${this.transferredTo}.`, false);
        else this.#end("The call is over.", false);
        return;
      case "error":
        this.#end(`${message.what[0].toUpperCase()}${message.what.slice(1)}.`, true);
        return;
    }
    this.on[message.type]?.(message);
  }

  #play(frame) {
    if (this.over) return;
    const start = new DataView(frame).getUint32(0, true);
    this.received = start + (frame.byteLength - HEADER_BYTES) / 2;
    this.audio?.play(start, frame.slice(HEADER_BYTES));
  }

  #say(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  #end(text, isTrouble) {
    if (this.over) return;
    this.over = true;
    clearInterval(this.watch);
    this.socket.close(1000);
    this.on.ended(text, isTrouble);
  }
}
