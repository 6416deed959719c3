// The studio's sound: a player of the kit that always plays what is on the page, and short tries of what is pressed.
import { recalled, remember } from "./store.js";

const VOLUME = "studio-volume";

export class Sound {
  #context = null;
  #player = null;
  #wanted = null; // the newest score, until it is loaded
  #loading = null;
  #trouble;

  // trouble: called with a sentence when a sound does not come.
  constructor(trouble) {
    this.#trouble = trouble;
    this.volume = Number(recalled(VOLUME) ?? 0.8);
  }

  // Where nothing was set in this browser.
  prefer(volume) {
    if (recalled(VOLUME) === null) this.volume = volume;
  }

  // Made at the first press: a browser lets no page sound before.
  #ready() {
    if (this.#player) return;
    this.#context = new AudioContext({ latencyHint: "interactive" });
    this.#player = new Kit.Player(this.#context);
    this.#player.volume = this.volume;
  }

  get isPlaying() { return this.#player?.isPlaying ?? false; }

  // In ticks of the turn, as it leaves the page; null: it does not play.
  get position() {
    return this.isPlaying ? this.#player.positionAt(this.#context.baseLatency || 0) : null; // why not outputLatency: player.js
  }

  setVolume(value) {
    this.volume = value;
    remember(VOLUME, String(value));
    if (this.#player) this.#player.volume = value;
  }

  // What is to be played from now on; what is played already goes on with it.
  show(score) {
    this.#wanted = score;
    if (this.#player) this.#loading ??= this.#load();
  }

  async #load() {
    try {
      while (this.#wanted) {
        const score = this.#wanted;
        this.#wanted = null;
        await this.#player.load(score);
        this.#player.setBPM(score.bpm);
        const gone = (await Kit.gone(score)).join(", ");
        if (gone) this.#trouble(`Without an instrument that the relay has no longer: ${gone}.`);
      }
    } catch (error) {
      this.pause();
      this.#trouble(`The sounds did not come (${error.message}). Press Play to try again.`);
    } finally {
      this.#loading = null;
    }
  }

  async play(score) {
    this.#ready();
    this.show(score);
    await this.#loading;
    try {
      await this.#player.play();
    } catch (error) {
      if (!(error instanceof Kit.NoOutput)) throw error;
      this.#trouble(error.message);
    }
  }

  pause() { this.#player?.pause(); }

  // Once, now: [{ sound, number, velocity }].
  async strike(notes) {
    this.#ready();
    try {
      await this.#player.strike(notes);
    } catch { /* Play will say it */ }
  }
}
