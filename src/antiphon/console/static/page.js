// The page: buttons, indicators and words. The call itself is call.js, the sound audio.js.

import { Audio, AudioTrouble, openMicrophone } from "./audio.js";
import { Call } from "./call.js";
import { Captions } from "./captions.js";
import { Latencies } from "./latency.js";

const RATE_HZ = 16000; // what recognisers work at; a higher one would only cost bandwidth
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const STATES = {
  listening: "Listening",
  hearing: "Hearing you",
  thinking: "Thinking",
  speaking: "Speaking",
  ducked: "Go ahead",
};

const $ = (id) => document.getElementById(id);
const body = document.body;
const captions = new Captions($("captions"), $("announcer"), RATE_HZ);
const latencies = new Latencies({
  panel: $("latency"),
  chart: $("latency-chart"),
  legend: $("latency-legend"),
  summary: $("latency-summary"),
});

let call = null;
let audio = null;
let muted = false;
let startedAt = 0;
let clockTimer = 0;

// What tests and curious people look at: `antiphon.tap = true` before a call keeps what is played.
const inspect = { tap: false, taps: [], reports: [], phase: "idle", underruns: 0, dropped: 0 };
window.antiphon = inspect;

// --- calling ---

async function start() {
  setPhase("connecting", "Connecting");
  captions.clear();
  latencies.clear();
  Object.assign(inspect, { taps: [], reports: [], underruns: 0, dropped: 0, flushes: [] });
  try {
    const microphone = await openMicrophone();
    audio = await Audio.open(microphone, RATE_HZ, audioEvents, { tapped: inspect.tap });
  } catch (error) {
    if (!(error instanceof AudioTrouble)) throw error;
    over(error.message, true);
    return;
  }
  const url = new URL("/v1/call", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  call = new Call(url, { rateHz: RATE_HZ, token, on: callEvents });
  call.audio = audio;
}

const audioEvents = {
  frame(pcm, level) {
    call?.sendFrame(pcm);
    showLevel("caller-level", level);
  },
  playback(report) {
    call?.report(report);
    captions.playedTo(report.heard);
    showLevel("agent-level", report.level);
    inspect.underruns = report.underruns;
  },
  flushed(samples) {
    call?.flushed(samples);
    inspect.flushes.push(samples);
  },
  tap(record) {
    inspect.taps.push(record);
  },
  lost() {
    const text = "The microphone is gone. Was it unplugged?";
    if (call) call.fail(text);
    else over(text, true);
  },
};

const callEvents = {
  welcome(message) {
    setPhase("calling", "Listening");
    inspect.call = message.call;
    startedAt = performance.now();
    clockTimer = setInterval(showClock, 250);
    showClock();
  },
  state: ({ state }) => {
    if (state === "thinking" || state === "speaking") captions.turnOver();
    setState(state);
  },
  transcript: (message) => captions.transcript(message),
  speech: (message) => captions.speech(message, call.received),
  stopped: (message) => captions.stopped(message),
  latency: (message) => latencies.add(message),
  reported: (samples, now) => {
    if (inspect.tap) inspect.reports.push({ samples, now, output: audio.context.getOutputTimestamp() });
  },
  ended: (text, isTrouble) => over(text, isTrouble),
};

function over(text, isTrouble) {
  inspect.dropped = call?.droppedFrames ?? 0;
  call = null;
  audio?.close();
  audio = null;
  clearInterval(clockTimer);
  setMuted(false);
  showKeypad(false);
  for (const id of ["caller-level", "agent-level"]) showLevel(id, 0);
  captions.note(text, isTrouble);
  setPhase("idle", "Not in a call");
}

// --- showing ---

function setPhase(phase, text) {
  inspect.phase = body.dataset.phase = phase;
  body.dataset.state = "";
  $("state-text").textContent = text;
  $("call-text").textContent = { idle: "Call", connecting: "Connecting", calling: "Hang up" }[phase];
  $("call").disabled = phase === "connecting";
  for (const id of ["mute", "keys"]) $(id).disabled = phase !== "calling";
  $("clock").hidden = phase !== "calling";
  $("welcome").hidden = phase !== "idle" || $("captions").childElementCount > 0;
}

function setState(state) {
  body.dataset.state = state;
  $("state-text").textContent = STATES[state] ?? state;
}

function showClock() {
  const seconds = Math.floor((performance.now() - startedAt) / 1000);
  $("clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// Speech lies between -50 and -10 dB of full scale; a linear meter would hardly move.
function showLevel(id, level) {
  const share = Math.max(0, Math.min(1, (20 * Math.log10(level + 1e-6) + 55) / 45));
  $(id).firstElementChild.style.width = `${Math.round(100 * share)}%`;
}

function setMuted(value) {
  muted = value;
  audio?.setMuted(muted);
  body.toggleAttribute("data-muted", muted);
  $("mute").setAttribute("aria-pressed", String(muted));
}

function showKeypad(shown) {
  $("keypad").hidden = !shown;
  $("keys").setAttribute("aria-expanded", String(shown));
}

function press(digit) {
  call?.press(digit);
  const key = $("keypad").children[KEYS.indexOf(digit)];
  key.animate([{ scale: 0.9 }, { scale: 1 }], 150);
}

// --- buttons and keys ---

for (const key of KEYS) {
  const button = document.createElement("button");
  button.textContent = key;
  button.ariaLabel = { "*": "star", "#": "hash" }[key] ?? key;
  button.onclick = () => press(key);
  $("keypad").append(button);
}
$("call").onclick = () => (call ? call.hangUp() : start());
$("mute").onclick = () => setMuted(!muted);
$("keys").onclick = () => showKeypad($("keypad").hidden);

document.addEventListener("keydown", (event) => {
  if (!call || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (KEYS.includes(key)) press(key);
  else if (key === "m") setMuted(!muted);
  else if (key === "k") showKeypad($("keypad").hidden);
  else if (key === "escape") showKeypad(false);
});
addEventListener("pagehide", () => call?.hangUp());
