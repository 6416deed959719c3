// Plays lists of notes (score.js) with the relay's kit: the same frames as audio/score/render.py, placed at the same times.
// Look-ahead: what sounds within the next AHEAD_S is handed to the audio thread, which alone keeps time.
"use strict";

const Kit = (() => {
  const RELEASE_S = 0.01;
  const HOLD_FROM_S = 0.4; // of a held note: what is behind that is repeated (audio/score/kit/tones.py, ATTACK_S)
  const [AHEAD_S, LOOK_MS] = [0.2, 60];

  // Without a device a browser never begins to play, and says nothing of it (inTime: player.js, which stands on every page).
  class NoOutput extends Error {
    constructor() { super("No sound comes out: the browser found nothing to play on."); }
  }

  let [told, again] = [null, null];
  const asked = async (cache) => {
    const answer = await fetch("/studio/kit", { cache });
    if (!answer.ok) throw new Error(`The kit was not given: ${answer.status}.`);
    return answer.json();
  };
  const served = {}; // by name; what was made meanwhile is added
  const sounds = new Proxy(served, { get: (all, name) => Score.soundOf(all, name) });
  const tables = () => (told ??= asked("default").then((found) => { Object.assign(served, found.sounds); return { ...found, sounds }; }));

  // All sounds, those of these notes looked for anew once a page: the kit may have been kept from before they were made.
  async function soundsOf(notes) {
    await tables();
    if (notes.some((note) => sounds[note.sound].isGone)) await (again ??= asked("reload").then((found) => Object.assign(served, found.sounds)).catch(() => {}));
    return sounds;
  }

  // The labels of those instruments of a score that are gone, and so are not heard.
  async function gone(score) {
    await soundsOf(score.notes);
    return [...new Set(score.notes.map((note) => note.sound))].map((name) => sounds[name]).filter((sound) => sound.isGone).map((sound) => sound.label);
  }

  // Frames of sounds, each fetched and decoded once for a context.
  class Shots {
    #context;
    #known = new Map();

    constructor(context) { this.#context = context; }

    async #fetched(sound, number) {
      const { version } = await tables();
      const answer = await fetch(`/studio/kit/${sounds[sound].version ?? version}/${sound}/${number}`);
      if (!answer.ok) throw new Error(`${sound} was not given: ${answer.status}.`);
      return this.#context.decodeAudioData(await answer.arrayBuffer());
    }

    // All that the notes need, side by side.
    async of(notes) {
      await soundsOf(notes);
      const wanted = new Map(notes.filter((note) => !sounds[note.sound].isGone).map((note) => {
        const number = sounds[note.sound].is_pitched ? note.number : sounds[note.sound].note;
        return [`${note.sound}/${number}`, [note.sound, number]];
      }));
      await Promise.all([...wanted].map(async ([name, [sound, number]]) => {
        if (!this.#known.has(name)) this.#known.set(name, this.#fetched(sound, number).catch((error) => { this.#known.delete(name); throw error; }));
        this.#known.set(name, await this.#known.get(name));
      }));
      return (note) => this.#known.get(`${note.sound}/${sounds[note.sound].is_pitched ? note.number : sounds[note.sound].note}`);
    }
  }

  // One note, from `when` on in the context's time. until: when a held one ends.
  function place(context, out, sound, buffer, velocity, when, until) {
    const [source, gain, pan] = [context.createBufferSource(), context.createGain(), context.createStereoPanner()];
    source.buffer = buffer;
    pan.pan.value = sound.pan;
    gain.gain.setValueAtTime(sound.gain * velocity, when);
    if (sound.repeats) [source.loop, source.loopStart, source.loopEnd] = [true, HOLD_FROM_S, buffer.duration];
    if (sound.is_held) {
      gain.gain.setValueAtTime(sound.gain * velocity, until);
      gain.gain.linearRampToValueAtTime(0, until + RELEASE_S);
    }
    source.connect(gain).connect(pan).connect(out);
    source.start(when);
    if (sound.is_held) source.stop(until + RELEASE_S);
    return source;
  }

  // One turn of a compiled score, as an AudioBuffer with what rings behind it.
  async function rendered(score, rateHz, tailS = 4) {
    const at = (ticks) => Score.frameOf(ticks, score.bpm, rateHz) / rateHz;
    const context = new OfflineAudioContext(2, Math.ceil((at(score.length) + tailS) * rateHz), rateHz);
    const buffer = await new Shots(context).of(score.notes);
    for (const note of score.notes) {
      if (!buffer(note)) continue;
      place(context, context.destination, sounds[note.sound], buffer(note), note.velocity, at(note.start), at(note.start + note.length));
    }
    return context.startRendering();
  }

  // Plays a score again and again. The score may be changed while it plays: the next notes are those of the new one.
  class Player {
    #context;
    #shots;
    #out;
    #score = null;
    #timer = null;
    #origin = 0; // when its first turn began, in the context's time
    #placed = 0; // up to which tick since then notes were handed over
    #bpm = null;
    #sounding = new Set();

    constructor(context) {
      this.#context = context;
      this.#shots = new Shots(context);
      this.#out = context.createGain();
      this.#out.connect(context.destination);
    }

    get isPlaying() { return this.#timer !== null; }
    get volume() { return this.#out.gain.value; }
    set volume(value) { this.#out.gain.value = value; }

    // Where it is, in ticks of the turn; null: it does not play.
    get position() { return this.isPlaying ? Math.max(this.#passed(), 0) % this.#score.length : null; }

    // As position; of what was handed over `ahead` seconds ago, which is how long a device takes to sound it.
    positionAt(ahead) {
      return this.isPlaying ? Math.max(this.#passed() - ahead * this.#perSecond(), 0) % this.#score.length : null;
    }

    #passed() { return (this.#context.currentTime - this.#origin) * this.#perSecond(); }

    #perSecond() { return (Score.TICKS * (this.#bpm ?? this.#score.bpm)) / 60; }

    async load(score) {
      const buffer = await this.#shots.of(score.notes);
      this.#score = { ...score, buffer, sounds };
    }

    // The tempo from now on; the place in the turn stays.
    setBPM(bpm) {
      const passed = this.isPlaying ? this.#passed() : 0;
      this.#bpm = bpm;
      this.#origin = this.#context.currentTime - passed / this.#perSecond();
    }

    // Throws NoOutput.
    async play() {
      if (this.isPlaying || !this.#score) return;
      if (!(await inTime(this.#context.resume()))) throw new NoOutput();
      if (this.isPlaying) return; // another press was faster
      this.#origin = this.#context.currentTime + 0.05;
      this.#placed = 0;
      this.#timer = setInterval(() => this.#look(), LOOK_MS);
      this.#look();
    }

    // Once, now, beside what plays. notes: [{ sound, number, velocity }].
    async strike(notes, lengthS = 0.35) {
      const buffer = await this.#shots.of(notes);
      await this.#context.resume();
      const now = this.#context.currentTime;
      for (const note of notes) if (buffer(note)) place(this.#context, this.#out, sounds[note.sound], buffer(note), note.velocity, now, now + lengthS);
    }

    pause() {
      clearInterval(this.#timer);
      this.#timer = null;
      for (const source of this.#sounding) source.stop();
      this.#sounding.clear();
    }

    #look() {
      const rate = this.#perSecond();
      const until = (this.#context.currentTime + AHEAD_S - this.#origin) * rate;
      while (this.#placed < until) {
        const { length, notes, sounds, buffer } = this.#score;
        const [turn, end] = [Math.floor(this.#placed / length) * length, Math.min(until, (Math.floor(this.#placed / length) + 1) * length)];
        for (const note of notes) {
          const start = turn + note.start;
          if (start < this.#placed || start >= end || !buffer(note)) continue;
          const [when, over] = [this.#origin + start / rate, this.#origin + (start + note.length) / rate];
          const source = place(this.#context, this.#out, sounds[note.sound], buffer(note), note.velocity, when, over);
          this.#sounding.add(source);
          source.onended = () => this.#sounding.delete(source);
        }
        this.#placed = end;
      }
    }
  }

  return { NoOutput, tables, gone, rendered, Player };
})();
