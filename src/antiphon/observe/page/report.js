"use strict";
// The timeline of one call. Everything shown is put in as text, never as markup.
(() => {
  const $ = (id) => document.getElementById(id);
  const call = JSON.parse($("data").textContent);
  const scroll = $("scroll"), stage = $("stage"), items = $("items"), bands = $("bands"), waves = $("waves");
  const LANES = [
    ["", 0, 20], ["Caller", 26, 78], ["", 108, 18], ["end of turn?", 132, 34], ["decisions", 176, 60],
    ["prepared", 244, 14], ["latency", 264, 62], ["", 334, 18], ["Agent", 354, 78],
  ];
  const [RULER, CALLER, CALLER_WORDS, SCORES, FLAGS, GUESSES, WAITS, AGENT_WORDS, AGENT] =
    LANES.map(([, top, height]) => ({ top, height }));
  const HEIGHT = 440, STAGES = ["endpoint", "stt", "model", "clause", "voice", "transport"];
  const MOST = 600; // pixels a second: a 20 ms frame is 12 pixels wide

  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const peaks = call.peaks.map((side) => new Int8Array(bytes(side).buffer));
  // Each side is drawn as high as its loudest moment allows, but noise is not blown up to speech.
  const gains = peaks.map((side) => 1 / Math.max(24, side.reduce((most, one) => Math.max(most, Math.abs(one)), 0)));
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const clock = (s) => `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, "0")}`;
  const ms = (s) => `${Math.round(s * 1000)} ms`;

  let scale = 1;
  const fit = () => Math.max(1, scroll.clientWidth) / call.seconds;

  // --- sound -------------------------------------------------------------------------------
  const audio = new Audio();
  const sound = $("sound").textContent.trim();
  if (sound) audio.src = URL.createObjectURL(new Blob([bytes(sound)], { type: "audio/wav" }));
  let position = 0;

  function seek(s, reveal) {
    position = Math.min(Math.max(0, s), call.seconds);
    if (sound) audio.currentTime = position;
    if (reveal) show(position);
    follow();
  }
  function show(s) {
    const x = s * scale;
    if (x < scroll.scrollLeft + 40 || x > scroll.scrollLeft + scroll.clientWidth - 80)
      scroll.scrollLeft = x - scroll.clientWidth * 0.25;
  }
  function follow() {
    $("head").style.left = `${position * scale}px`;
    $("time").textContent = clock(position);
    for (const one of document.querySelectorAll("#transcript .bubble")) {
      const now = position >= one.dataset.start - 0.05 && position < +one.dataset.end;
      if (now && !one.classList.contains("now") && !audio.paused) nearby(one);
      one.classList.toggle("now", now);
    }
    mini();
  }
  function nearby(one) { // within the transcript only; the page itself stays put
    const box = one.closest(".transcript");
    if (box.scrollHeight > box.clientHeight)
      box.scrollTo({ top: one.offsetTop - box.clientHeight / 2, behavior: "smooth" });
  }
  function run() {
    if (audio.paused) return;
    position = audio.currentTime;
    show(position);
    follow();
    requestAnimationFrame(run);
  }
  const toggle = () => (audio.paused ? audio.play() : audio.pause());
  audio.addEventListener("play", () => { glyph("M3 1.5h3.6v13H3zM9.4 1.5H13v13H9.4z", "Pause"); run(); });
  audio.addEventListener("pause", () => glyph("M3 1.5v13l11-6.5z", "Play"));
  function glyph(path, label) {
    $("glyph").setAttribute("d", path);
    $("play").setAttribute("aria-label", label);
  }

  // --- waveforms -----------------------------------------------------------------------------
  function canvas(node, width, height) {
    const dense = window.devicePixelRatio || 1;
    node.width = Math.round(width * dense);
    node.height = Math.round(height * dense);
    node.style.width = `${width}px`;
    node.style.height = `${height}px`;
    const pen = node.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    return pen;
  }
  function wave(pen, side, from_s, until_s, width, top, height, colour) {
    const values = peaks[side], rate = call.peaks_hz, middle = top + height / 2;
    pen.fillStyle = colour;
    for (let x = 0; x < width; x++) {
      const first = Math.floor((from_s + ((until_s - from_s) * x) / width) * rate);
      const last = Math.max(first + 1, Math.ceil((from_s + ((until_s - from_s) * (x + 1)) / width) * rate));
      let low = 0, high = 0;
      for (let i = Math.max(0, first); i < last && 2 * i + 1 < values.length; i++) {
        low = Math.min(low, values[2 * i]);
        high = Math.max(high, values[2 * i + 1]);
      }
      const gain = (height / 2) * gains[side];
      pen.fillRect(x, middle - high * gain, 1, Math.max(0.75, (high - low) * gain));
    }
  }
  function draw() {
    const width = Math.min(scroll.clientWidth, Math.ceil(call.seconds * scale)) || 1;
    const pen = canvas(waves, width, HEIGHT), from = scroll.scrollLeft / scale, until = from + width / scale;
    wave(pen, 0, from, until, width, CALLER.top, CALLER.height, css("--caller"));
    wave(pen, 1, from, until, width, AGENT.top, AGENT.height, css("--agent"));
    pen.globalCompositeOperation = "source-atop"; // a lowered voice is drawn in another colour
    pen.fillStyle = css("--duck");
    for (const span of call.ducked)
      pen.fillRect((span.start_s - from) * scale, AGENT.top, (span.end_s - span.start_s) * scale, AGENT.height);
    mini();
  }
  function mini() {
    const node = $("mini"), width = node.parentElement.clientWidth - 40, height = 44;
    if (width < 10) return;
    const pen = canvas(node, width, height), across = width / call.seconds;
    wave(pen, 0, 0, call.seconds, width, 1, 21, css("--caller"));
    wave(pen, 1, 0, call.seconds, width, 22, 21, css("--agent"));
    pen.fillStyle = css("--stop");
    for (const mark of call.marks) if (mark.kind === "stop") pen.fillRect(mark.at_s * across, 22, 1.5, 22);
    const left = (scroll.scrollLeft / scale) * across, wide = (scroll.clientWidth / scale) * across;
    pen.strokeStyle = css("--ink");
    pen.lineWidth = 1.5;
    pen.globalAlpha = 0.75;
    if (wide < width - 2) pen.strokeRect(left + 1, 1, Math.min(wide, width) - 2, height - 2);
    pen.globalAlpha = 1;
    pen.fillStyle = css("--head");
    pen.fillRect(position * across - 0.75, 0, 1.5, height);
  }

  // --- everything else on the timeline -------------------------------------------------------
  function put(kind, left_s, top, { until_s, height, text, tip, width, into = items } = {}) {
    const node = document.createElement("div");
    node.className = kind;
    node.style.left = `${left_s * scale}px`;
    node.style.top = `${top}px`;
    if (until_s !== undefined) node.style.width = `${Math.max(2, (until_s - left_s) * scale)}px`;
    if (width !== undefined) node.style.width = `${width}px`;
    if (height !== undefined) node.style.height = `${height}px`;
    if (text !== undefined) node.textContent = text;
    if (tip) node.dataset.tip = tip;
    into.append(node);
    return node;
  }
  const measure = document.createElement("canvas").getContext("2d");
  function wide(text) {
    measure.font = `11.2px ${getComputedStyle(document.body).fontFamily}`;
    return measure.measureText(text).width;
  }

  function ruler() {
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60].find((s) => s * scale >= 64) || 120;
    for (let n = 0; n * step <= call.seconds; n++)
      put("tick", n * step, RULER.top, { height: 14, text: step < 1 ? clock(n * step) : clock(n * step).slice(0, -2) });
  }
  function said() {
    for (const one of call.said) {
      const caller = one.who === "caller", lane = caller ? CALLER : AGENT, words = caller ? CALLER_WORDS : AGENT_WORDS;
      const aside = ["backchannel", "filler", "unanswered"].includes(one.kind) ? " aside" : "";
      put(`band ${one.who}${aside}`, one.start_s, lane.top, { until_s: one.end_s, height: lane.height, into: bands });
      const name = { turn: `Turn ${one.number}`, reply: "Answer" }[one.kind] || one.kind;
      const tip = `${name} · ${clock(one.start_s)}–${clock(one.end_s)}\n${one.text}${one.unheard ? `\nnot heard: ${one.unheard}` : ""}`;
      const label = put(`words ${one.who}`, one.start_s, words.top, { until_s: room_s(one), text: one.text, tip });
      if (one.unheard) label.append(" ", Object.assign(document.createElement("s"), { textContent: one.unheard }));
    }
  }
  function room_s(one) { // words may run on to where the same side speaks again
    const next = call.said.find((other) => other.who === one.who && other.start_s > one.start_s);
    return Math.max(one.end_s, Math.min(next ? next.start_s : call.seconds, one.start_s + 420 / scale) - 6 / scale);
  }
  function listening() {
    call.speech.forEach((span, n) => {
      put("voice", span.start_s, CALLER.top + CALLER.height - 4, { until_s: span.end_s, tip: `voice heard for ${ms(span.end_s - span.start_s)}` });
      const before = call.speech[n - 1];
      const inside = before && call.said.some((one) => one.who === "caller" && one.start_s <= before.end_s && one.end_s >= span.start_s);
      if (inside)
        put("pause", before.end_s, CALLER.top + CALLER.height - 16, { until_s: span.start_s, text: ms(span.start_s - before.end_s), tip: "a pause inside the turn" });
    });
    for (const { at_s, score } of call.scores) {
      const y = SCORES.top + SCORES.height * (1 - score);
      put("stem", at_s, y, { height: SCORES.top + SCORES.height - y });
      put("score", at_s, y, { tip: `the end-of-turn model: ${Math.round(score * 100)} % sure that the turn is over` });
      put("digits", at_s + 7 / scale, Math.min(y - 5, SCORES.top + SCORES.height - 12), { text: score.toFixed(2) });
    }
  }
  function decisions() {
    const rows = [0, 1, 2].map(() => ({ from: -9, until: -9 })); // the last flag of each row
    for (const mark of call.marks) {
      const x = mark.at_s * scale, long = mark.why ? `${mark.label} · ${mark.why}` : mark.label;
      const free = rows.filter((row) => row.until <= x);
      const row = free[0] || rows.reduce((one, other) => (other.from < one.from ? other : one));
      if (row.until > x && row.flag) row.flag.style.width = `${Math.max(9, x - row.from - 3)}px`; // make room
      const width = Math.min(wide(long) * 1.06 + 22, 320), y = FLAGS.top + rows.indexOf(row) * 21;
      const agent = ["duck", "restore", "stop", "silence", "filler", "withdraw"].includes(mark.kind);
      if (agent) put(`wire m-${mark.kind}`, mark.at_s, y + 18, { height: AGENT.top + AGENT.height - y - 18 });
      else put(`wire m-${mark.kind}`, mark.at_s, CALLER.top, { height: y - CALLER.top });
      const tip = `${mark.label} at ${clock(mark.at_s)}${mark.why ? `\n${mark.why}` : ""}`;
      const flag = put(`flag m-${mark.kind}`, mark.at_s, y, { width, text: mark.label, tip });
      if (mark.why) flag.append(Object.assign(document.createElement("em"), { textContent: ` · ${mark.why}` }));
      Object.assign(row, { from: x, until: x + width + 6, flag });
    }
  }
  function work() {
    for (const guess of call.guesses)
      put(`guess ${guess.outcome}`, guess.start_s, GUESSES.top, {
        until_s: guess.end_s,
        tip: `${guess.outcome === "hit" ? "prepared in time" : "prepared, then dropped"}: an answer to\n${guess.text}`,
      });
    for (const wait of call.waits) {
      if (wait.total_ms !== null)
        put("total", wait.start_s, WAITS.top, { until_s: wait.end_s, text: `${Math.round(wait.total_ms)} ms`, tip: `Turn ${wait.turn}: from the last speech sample to the first sound of the answer` });
      for (const part of wait.stages)
        put(`stagebar s-${part.name}`, part.from_s, WAITS.top + 17 + STAGES.indexOf(part.name) * 7.5, {
          until_s: part.until_s, tip: `${part.name} · ${ms(part.until_s - part.from_s)}\n${call.stages[part.name]}`,
        });
    }
    for (const span of call.ducked)
      put("ducked", span.start_s, AGENT.top, { until_s: span.end_s, height: AGENT.height, into: bands });
  }

  function lay(next, at_x) {
    const at_s = (scroll.scrollLeft + at_x) / scale;
    scale = Math.min(MOST, Math.max(fit(), next));
    stage.style.width = `${Math.max(call.seconds * scale, 1)}px`;
    stage.style.height = `${HEIGHT}px`;
    items.replaceChildren();
    bands.replaceChildren();
    ruler(); said(); listening(); work(); decisions();
    scroll.scrollLeft = at_s * scale - at_x;
    const low = Math.log(fit()), high = Math.log(MOST);
    $("zoom").value = String(Math.round((100 * (Math.log(scale) - low)) / Math.max(0.01, high - low)));
    draw();
    follow();
  }
  const centre = () => Math.min(Math.max(position * scale - scroll.scrollLeft, 0), scroll.clientWidth);
  const zoom = (factor) => lay(scale * factor, centre());

  // --- hands -----------------------------------------------------------------------------------
  $("play").onclick = toggle;
  $("in").onclick = () => zoom(1.5);
  $("out").onclick = () => zoom(1 / 1.5);
  $("fit").onclick = () => lay(0, 0);
  $("zoom").oninput = (e) => lay(Math.exp(Math.log(fit()) + (e.target.value / 100) * (Math.log(MOST) - Math.log(fit()))), centre());
  $("speed").onchange = (e) => (audio.playbackRate = +e.target.value);
  stage.onclick = (e) => seek((e.clientX - stage.getBoundingClientRect().left) / scale);
  scroll.addEventListener("scroll", draw, { passive: true });
  scroll.addEventListener("wheel", (e) => {
    if (!e.ctrlKey && !e.metaKey) return;
    e.preventDefault();
    lay(scale * Math.exp(-e.deltaY / 300), e.clientX - scroll.getBoundingClientRect().left);
  }, { passive: false });
  const glide = (e) => (scroll.scrollLeft = (e.offsetX / $("mini").clientWidth) * call.seconds * scale - scroll.clientWidth / 2);
  $("mini").onpointerdown = (e) => { $("mini").setPointerCapture(e.pointerId); glide(e); };
  $("mini").onpointermove = (e) => e.buttons && glide(e);
  document.addEventListener("click", (e) => {
    const one = e.target.closest("[data-start]");
    if (one) seek(+one.dataset.start, true);
  });
  document.addEventListener("keydown", (e) => {
    if (e.target.matches("input, select") || e.ctrlKey || e.metaKey || e.altKey) return;
    const keys = {
      " ": toggle, "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: () => lay(0, 0),
      ArrowLeft: () => seek(position - (e.shiftKey ? 5 : 1), true), ArrowRight: () => seek(position + (e.shiftKey ? 5 : 1), true),
    };
    if (!keys[e.key] || (e.key === " " && e.target.matches("button"))) return;
    e.preventDefault();
    keys[e.key]();
  });
  const tip = $("tip");
  document.addEventListener("pointermove", (e) => {
    const one = e.target.closest?.("[data-tip]");
    tip.hidden = !one;
    if (!one) return;
    tip.textContent = one.dataset.tip;
    tip.style.left = `${Math.min(e.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.min(e.clientY + 16, innerHeight - tip.offsetHeight - 8)}px`;
  });

  // --- the first look --------------------------------------------------------------------------
  for (const [name, top, height] of LANES.filter(([name]) => name)) {
    const label = document.createElement("span");
    label.textContent = name;
    label.style.top = `${top + height / 2}px`;
    label.className = name === "Caller" || name === "Agent" ? "side" : "";
    $("gutter").append(label);
  }
  $("total").textContent = `/ ${clock(call.seconds)}`;
  if (!sound) $("play").hidden = $("speed").hidden = true;
  const redraw = () => lay(scale, 0);
  addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  let before = 0;
  matchMedia("print").addEventListener("change", (e) => {
    if (e.matches) before = scale;
    lay(e.matches ? 0 : before, 0);
  });
  lay(Math.max(fit(), 70), 0);
  document.documentElement.dataset.ready = "yes";
})();
