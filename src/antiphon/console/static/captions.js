// The conversation as text: the caller's words as they are recognised, the agent's as they are heard.

const LETTERS_PER_S = 15; // an unhurried voice

const element = (kind, className, text = "") =>
  Object.assign(document.createElement(kind), { className, textContent: text });

export class Captions {
  constructor(list, announcer, rateHz) {
    this.rateHz = rateHz;
    this.list = list;
    this.announcer = announcer; // read out by screen readers: whole utterances only
    this.clear();
  }

  clear() {
    this.list.replaceChildren();
    this.announcer.replaceChildren();
    this.segments = new Map(); // of the caller's speech
    this.replies = new Map(); // of the agent's
    this.pending = []; // agent words not heard yet: { span, at }
    this.heard = 0;
    this.estimatedEnd = 0; // of the agent's text whose place was guessed
    this.fresh = false;
  }

  // The agent takes the floor: what the caller says next is another turn.
  turnOver() {
    this.fresh = true;
  }

  // --- the caller ---

  transcript({ segment, text, final }) {
    let part = this.segments.get(segment);
    if (!part) {
      if (!text) return;
      part = element("span", "part");
      this.segments.set(segment, part);
      this.#bubble("caller", this.fresh).append(part, " ");
      this.fresh = false;
    }
    part.textContent = text;
    part.classList.toggle("final", final);
    if (final && text) this.#announce(`You: ${text}`);
    const bubble = part.closest("li");
    bubble.hidden = !bubble.textContent.trim();
    this.#follow();
  }

  // --- the agent ---

  // ``received``: position just past the agent's audio that has come so far.
  speech({ reply, text, marks }, received) {
    if (!marks.length) marks = this.#guess(text, received);
    let paragraph = this.replies.get(reply);
    if (!paragraph) this.replies.set(reply, (paragraph = this.#bubble("agent", true)));
    for (const match of text.matchAll(/\S+/g)) {
      const span = element("span", "word", match[0]);
      const middle = match.index + match[0].length / 2;
      this.pending.push({ span, at: samplesAt(middle, text.length, marks) });
      paragraph.append(span, " ");
    }
    this.#announce(`Agent: ${text}`);
    this.playedTo(this.heard);
    this.#follow();
  }

  playedTo(samples) {
    this.heard = samples;
    this.pending = this.pending.filter(({ span, at }) => {
      if (at > samples) return true;
      span.classList.add("heard");
      return false;
    });
  }

  stopped({ reply, heard }) {
    const paragraph = this.replies.get(reply);
    if (!paragraph) return;
    const words = [...paragraph.querySelectorAll(".word")];
    const count = heard.trim() ? heard.trim().split(/\s+/).length : 0;
    words.forEach((span, i) => {
      span.classList.toggle("heard", i < count);
      span.classList.toggle("unheard", i >= count);
    });
    this.pending = this.pending.filter(({ span }) => !words.includes(span));
    if (count < words.length) paragraph.closest("li").classList.add("cut");
  }

  // --- either ---

  note(text, isTrouble) {
    this.list.append(element("li", isTrouble ? "note trouble" : "note", text));
    this.#announce(text);
    this.#follow();
  }

  #guess(text, received) {
    const start = Math.max(this.estimatedEnd, received);
    this.estimatedEnd = start + (text.length / LETTERS_PER_S) * this.rateHz;
    return [[0, start], [text.length, this.estimatedEnd]];
  }

  #bubble(who, fresh = false) {
    const last = this.list.lastElementChild;
    if (!fresh && last?.classList.contains(who)) return last.querySelector("p");
    const item = element("li", who);
    const paragraph = element("p", "");
    item.append(element("span", "who", who === "agent" ? "Agent" : "You"), paragraph);
    this.list.append(item);
    return paragraph;
  }

  #announce(text) {
    this.announcer.append(element("p", "", text));
    while (this.announcer.childElementCount > 20) this.announcer.firstElementChild.remove();
  }

  #follow() {
    this.list.lastElementChild?.scrollIntoView({ block: "end" });
  }
}

// Where in the agent's audio a character lies, from marks [characters, samples], both rising.
export function samplesAt(character, length, marks) {
  let [fromChar, fromSample] = [0, marks.length ? marks[0][1] : 0];
  for (const [toChar, toSample] of marks) {
    if (toChar >= character) {
      const share = toChar > fromChar ? (character - fromChar) / (toChar - fromChar) : 1;
      return fromSample + share * (toSample - fromSample);
    }
    [fromChar, fromSample] = [toChar, toSample];
  }
  return fromSample;
}
