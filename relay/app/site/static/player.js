// Players: an MP3 is fetched and decoded whole, then looped by the audio clock, so that a loop has no gap.
// The end of the loop is the number of frames the relay knows, not what a decoder's padding makes of it.
// A context is never asked for outputLatency or getOutputTimestamp(): Firefox then waits for the sound server while its graph
// is held, and with PulseAudio the two can wait for each other for ever.
// State for tests and styles stands in data-state, data-current-time and data-decoded-frames.
"use strict";

const contexts = new Map(); // one per sample rate: decoding then never resamples
let playing = null; // the player that was started last; it goes on when its page is left by walk.js
let onPage = []; // the players of the page, in their order
let queue = []; // those of the page on which `playing` was started
let volume = 1;
try { // a frame on a page of others may be kept from it
  volume = Number(localStorage.getItem("volume") ?? 1);
} catch { /* as loud as it is */ }
const DEVICE_MS = 5000;
const HEARD_MS = 3000; // of sound, or half of what is shorter: then it was heard

function contextOf(rate) {
  if (!contexts.has(rate)) {
    const context = new AudioContext({ sampleRate: rate });
    context.volume = context.createGain();
    context.volume.gain.value = volume ** 2; // as loud as it looks
    context.volume.connect(context.destination);
    contexts.set(rate, context);
  }
  return contexts.get(rate);
}

function setVolume(value) {
  volume = value;
  try { localStorage.setItem("volume", String(value)); } catch { /* for this page, then */ }
  for (const context of contexts.values()) context.volume.gain.value = value ** 2;
}

function minutes(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function inTime(resumed) { // whether what plays has begun to run; without a device it never does
  return Promise.race([resumed.then(() => true), new Promise((resolve) => setTimeout(resolve, DEVICE_MS, false))]);
}

function mayStart() { // before anything is pressed; where it may not, trying it would only be complained of
  return navigator.getAutoplayPolicy?.("audiocontext") === "allowed" || navigator.userActivation?.hasBeenActive === true;
}

class Player {
  constructor(root) {
    this.rate = Number(root.dataset.rate);
    this.frames = Number(root.dataset.frames);
    this.length = this.frames / this.rate;
    this.buffer = null;
    this.node = null;
    this.offset = 0; // seconds into the clip when not playing
    this.startedAt = 0; // context time at which offset 0 would have sounded
    this.show(root);
  }

  show(root) { // on this element from now on
    const was = this.root;
    this.root = root;
    this.playButton = root.querySelector("[data-play]");
    this.loopButton = root.querySelector("[data-loop]");
    this.seekBar = root.querySelector("[data-seek]");
    this.clock = root.querySelector("[data-clock]");
    this.played = root.querySelector("[data-played]");
    this.trouble = root.querySelector("[data-trouble]");
    this.playButton.addEventListener("click", () => this.toggle());
    this.loopButton.addEventListener("click", () => this.toggleLoop());
    this.seekBar.addEventListener("pointerdown", (event) => this.seekTo(event));
    this.seekBar.addEventListener("keydown", (event) => this.key(event));
    for (const kind of ["pointerenter", "pointerdown", "focusin"]) root.addEventListener(kind, () => this.prepare());
    if (!was) return;
    this.loopButton.setAttribute("aria-pressed", was.querySelector("[data-loop]").getAttribute("aria-pressed"));
    this.state = was.dataset.state;
    this.paint();
  }

  get state() { return this.root.dataset.state; }

  set state(value) {
    this.root.dataset.state = value;
    const verb = value === "playing" ? "Pause" : "Play";
    this.playButton.setAttribute("aria-label", this.playButton.getAttribute("aria-label").replace(/^\w+/, verb));
    if (playing === this) document.dispatchEvent(new Event("player"));
  }

  get looping() { return this.loopButton.getAttribute("aria-pressed") === "true"; }

  async toggle() {
    if (this.state === "playing") this.pause();
    else if (this.state !== "loading") await this.play();
  }

  async play() {
    const askedAt = performance.now();
    this.trouble.hidden = true;
    const context = contextOf(this.rate);
    const resumed = context.resume(); // inside the click, or the browser refuses
    if (!this.buffer) {
      this.state = "loading";
      try {
        await this.load();
      } catch {
        this.fail("This post could not be loaded. Try again.");
        return;
      }
    }
    if (!(await inTime(resumed))) {
      this.fail("No sound comes out: the browser found nothing to play on.");
      return;
    }
    if (playing && playing !== this) playing.pause();
    playing = this;
    if (onPage.includes(this)) queue = onPage;
    this.start(this.offset >= this.length ? 0 : this.offset);
    this.root.dataset.clickToSoundMs = (performance.now() - askedAt + 1000 * context.baseLatency).toFixed(1);
    this.state = "playing";
    requestAnimationFrame(() => this.paint());
    if (!this.heard) setTimeout(() => this.count(), Math.min(HEARD_MS, this.length * 500));
    queue[(queue.indexOf(this) + 1) % queue.length]?.prepare();
  }

  fail(words) {
    this.state = "idle";
    this.trouble.textContent = words;
    this.trouble.hidden = false;
  }

  prepare() { // who comes near it is about to press it, and then it is there, and so is what plays it
    if (mayStart()) contextOf(this.rate).resume().catch(() => {});
    if (!navigator.connection?.saveData) this.load().catch(() => {});
  }

  count() { // once a page; the relay counts each listener once a day
    if (this.heard || this.state !== "playing" || !this.root.dataset.post) return;
    this.heard = true;
    this.tell("play");
  }

  stopped() { // where whoever was counted left off; the last time counts
    if (this.heard) this.tell("stopped", { position_ms: Math.round(1000 * Math.min(this.position(), this.length)) });
  }

  tell(what, body) {
    const token = document.querySelector('meta[name="csrf"]')?.content;
    const headers = { ...(token && { "x-csrf-token": token }), ...(body && { "content-type": "application/json" }) };
    fetch(`/api/v1/audio/${this.root.dataset.post}/${what}`, { method: "POST", headers, body: body && JSON.stringify(body), keepalive: true }).catch(() => {});
  }

  load() { // once, but for what came to nothing
    this.loading ??= this.fetched().catch((error) => {
      this.loading = null;
      throw error;
    });
    return this.loading;
  }

  async fetched() {
    const answer = await fetch(this.root.dataset.src);
    if (!answer.ok) throw new Error(String(answer.status));
    const decoder = new OfflineAudioContext(1, 1, this.rate); // which needs no leave of the browser, and no device
    this.buffer = await decoder.decodeAudioData(await answer.arrayBuffer());
    this.root.dataset.decodedFrames = String(this.buffer.length);
  }

  start(offset) {
    const context = contextOf(this.rate);
    const node = context.createBufferSource();
    node.buffer = this.buffer;
    node.loop = this.looping;
    node.loopEnd = this.length;
    node.connect(context.volume);
    node.onended = () => { if (this.node === node) this.finish(); };
    if (node.loop) node.start(0, offset);
    else node.start(0, offset, this.length - offset);
    this.startedAt = context.currentTime - offset;
    this.node = node;
  }

  halt() {
    if (!this.node) return;
    this.node.onended = null;
    this.node.stop();
    this.node.disconnect();
    this.node = null;
  }

  position() {
    if (!this.node) return this.offset;
    const elapsed = contextOf(this.rate).currentTime - this.startedAt;
    return this.looping ? elapsed % this.length : Math.min(elapsed, this.length);
  }

  pause() {
    this.stopped();
    this.offset = this.position();
    this.halt();
    this.state = "paused";
    this.paint();
  }

  finish() {
    this.node = null;
    this.offset = this.length;
    this.stopped();
    this.offset = 0;
    this.state = "paused";
    this.paint();
  }

  move(seconds) {
    this.offset = Math.min(Math.max(seconds, 0), this.length - 0.001);
    if (this.state === "playing") {
      this.halt();
      this.start(this.offset);
    } else {
      this.paint();
    }
  }

  toggleLoop() {
    const at = this.position();
    this.loopButton.setAttribute("aria-pressed", String(!this.looping));
    this.move(at);
  }

  seekTo(event) {
    const box = this.seekBar.getBoundingClientRect();
    this.move(((event.clientX - box.left) / box.width) * this.length);
  }

  key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -5, PageUp: 5 };
    if (event.key in steps) this.move(this.position() + steps[event.key]);
    else if (event.key === "Home") this.move(0);
    else if (event.key === "End") this.move(this.length);
    else if (event.key === "Enter" || event.key === " ") this.toggle();
    else return;
    event.preventDefault();
  }

  paint() {
    const at = this.position();
    this.played.setAttribute("width", String((640 * at) / this.length));
    this.root.dataset.currentTime = at.toFixed(3);
    const said = minutes(at);
    if (this.clock.textContent !== said) {
      this.clock.textContent = said;
      this.seekBar.setAttribute("aria-valuenow", at.toFixed(1));
      this.seekBar.setAttribute("aria-valuetext", said);
    }
    if (playing === this) document.dispatchEvent(new Event("position"));
    if (this.state === "playing") requestAnimationFrame(() => this.paint());
  }
}

// A post has another sound from now on: root is the player of it, in place of one that was shown. Who hears the old one hears
// the new one from the same place, as soon as it is here.
function swapPlayer(was, root) {
  const [old, fresh] = [onPage.find((each) => each.root === was), new Player(root)];
  was.replaceWith(root);
  for (const list of new Set([onPage, queue])) if (list.includes(old)) list[list.indexOf(old)] = fresh;
  if (!old) return;
  fresh.loopButton.setAttribute("aria-pressed", String(old.looping));
  if (playing !== old) return;
  fresh.offset = old.position() % fresh.length;
  if (old.state === "playing") {
    fresh.play();
  } else {
    playing = fresh;
    fresh.state = old.state;
    fresh.paint();
  }
}

function bindPlayers() {
  onPage = [...document.querySelectorAll("[data-player]")].map((root) => {
    if (playing?.root.dataset.post !== root.dataset.post || playing.root === root) return new Player(root);
    playing.show(root);
    return playing;
  });
}

bindPlayers();
document.addEventListener("walked", bindPlayers);
addEventListener("pagehide", () => { if (playing?.state === "playing") playing.stopped(); });
