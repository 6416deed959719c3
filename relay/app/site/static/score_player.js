// Players of what was made in the studio: the score stands in the page or, in a list, is fetched at the first press, and the kit
// (kit.js) sounds it. Only one thing sounds at once.
// State for tests and styles stands in data-state and data-position (0 to 1).
"use strict";

(() => {
  let context = null; // one for all, made at the first press: a browser lets no page sound before
  let players = [];
  const csrf = () => document.querySelector('meta[name="csrf"]')?.content;
  const sent = (path) => fetch(path, { method: "POST", headers: csrf() ? { "x-csrf-token": csrf() } : {}, keepalive: true });

  class ScorePlayer {
    #kit = null;
    #loading = null;
    #isHeard = false;
    #gone = ""; // instruments of it that there are no longer
    #bpm = null; // another tempo than the score's

    constructor(root) {
      this.root = root;
      this.button = root.querySelector("[data-play]");
      this.head = root.querySelector("[data-head]");
      this.trouble = root.querySelector("[data-trouble]");
      this.button.addEventListener("click", () => this.toggle());
    }

    get state() { return this.root.dataset.state; }

    set state(value) {
      this.root.dataset.state = value;
      this.button.setAttribute("aria-label", this.button.getAttribute("aria-label").replace(/^\w+/, value === "playing" ? "Pause" : "Play"));
    }

    get bpm() { return this.#bpm ?? JSON.parse(this.root.dataset.score).body.bpm; }

    toggle() { return this.state === "playing" ? this.pause() : this.play(); }

    async play() {
      if (this.state === "playing" || this.state === "loading" || this.button.disabled) return;
      this.trouble.hidden = true;
      this.state = "loading";
      try {
        context ??= new AudioContext({ latencyHint: "interactive" });
        context.resume().catch(() => {}); // inside the press, or the browser refuses
        await (this.#loading ??= this.#load());
        players.filter((each) => each !== this).forEach((each) => each.pause());
        if (playing?.state === "playing") playing.pause();
        this.#kit.volume = volume ** 2;
        await this.#kit.play();
      } catch (error) {
        if (!(error instanceof Kit.NoOutput)) this.#loading = null;
        this.fail(error instanceof Kit.NoOutput ? error.message : "Its sounds could not be loaded. Try again.");
        return;
      }
      if (this.state !== "loading") { this.#kit.pause(); return; } // it was stopped meanwhile
      this.state = "playing";
      if (this.#gone) this.#tell(`Without an instrument of it: ${this.#gone}.`);
      this.#paint();
      if (!this.#isHeard) setTimeout(() => this.#count(), HEARD_MS);
    }

    async #load() {
      const { kind, body, loops } = JSON.parse(this.root.dataset.score ??= await this.#fetched());
      this.score = Score.compile(kind, body, await Kit.tables(), loops);
      this.#kit = new Kit.Player(context);
      await this.#kit.load(this.score);
      if (this.#bpm) this.#kit.setBPM(this.#bpm);
      this.#gone = (await Kit.gone(this.score)).join(", ");
    }

    async #fetched() {
      const answer = await fetch(this.root.dataset.scoreAt);
      if (!answer.ok) throw new Error(`the score: ${answer.status}`);
      return answer.text();
    }

    fail(words) {
      this.state = "idle";
      this.#tell(words);
    }

    #tell(words) {
      this.trouble.textContent = words;
      this.trouble.hidden = false;
    }

    pause() {
      if (this.state !== "playing" && this.state !== "loading") return;
      this.#kit?.pause();
      this.state = "paused";
    }

    // From now on, within the bounds of the studio.
    setBPM(bpm) {
      this.#bpm = Math.min(Math.max(bpm, 40), 240);
      this.#kit?.setBPM(this.#bpm);
      this.root.dataset.bpm = this.#bpm;
    }

    #count() { // once a page; the relay counts each listener once a day
      const { post } = this.root.dataset;
      if (this.#isHeard || this.state !== "playing" || !post) return;
      this.#isHeard = true;
      sent(`/api/v1/audio/${post}/play`).catch(() => {});
    }

    #paint() {
      if (this.state !== "playing") return;
      const at = this.#kit.positionAt(context.baseLatency || 0) / this.score.length;
      this.root.dataset.position = at.toFixed(4);
      for (const x of ["x1", "x2"]) this.head.setAttribute(x, `${(at * 100).toFixed(2)}%`);
      requestAnimationFrame(() => this.#paint());
    }
  }

  // A page that a link shows tells that it is looked at: a browser once a day.
  function tellViewed() {
    const path = document.querySelector("[data-viewed]")?.dataset.viewed;
    if (!path) return;
    const today = new Date().toISOString().slice(0, 10);
    let viewed = {};
    try { viewed = JSON.parse(localStorage.getItem("viewed") ?? "{}"); } catch { /* then it is counted again */ }
    if (viewed.day !== today) viewed = { day: today, paths: [] };
    if (viewed.paths.includes(path)) return;
    viewed.paths.push(path);
    try { localStorage.setItem("viewed", JSON.stringify(viewed)); } catch { /* likewise */ }
    sent(path).catch(() => {});
  }

  function bind() {
    players.filter((each) => !each.root.isConnected).forEach((each) => each.pause());
    players = [...document.querySelectorAll("[data-score-player]")].map((root) => players.find((each) => each.root === root) ?? new ScorePlayer(root));
    tellViewed();
  }

  bind();
  document.addEventListener("walked", bind);
  document.addEventListener("player", () => { if (playing.state === "playing") players.forEach((each) => each.pause()); });
  window.ScorePlayers = { all: () => players };
})();
