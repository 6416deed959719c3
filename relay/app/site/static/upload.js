// The pages on which a sound is posted, or replaced by another: it goes out as soon as it is chosen, while its title is still being
// thought of.
"use strict";

(() => {
  const WORDS = {
    reading: "Reading…",
    sending: "Sending…",
    waiting: "It goes on by itself, from where it stands.",
    there: "All of it is here.",
    making: "The relay has it, and makes the post of it when its turn comes…",
  };
  const STAGES = { // of the relay's job, as it tells them
    fetch: "The relay looks whether all of it arrived…",
    encode: "The relay levels, encodes and draws it…",
    store: "The relay puts it in its place…",
  };
  const REMEMBERED = "post-terms"; // in localStorage: under which licence it was last; who sees it is a setting of the account
  const COLUMNS = 160;
  const DRAWN_BYTES = 20 << 20; // what is larger takes too long to be decoded for a drawing
  let current = null; // the upload of the page that is looked at

  const inWords = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

  class Upload {
    constructor(root) {
      this.root = root;
      this.form = root.querySelector("[data-form]");
      for (const name of ["trouble", "drop", "file", "sending", "name", "size", "progress", "status", "percent", "drawn", "submit", "lacks"]) {
        this[name] = root.querySelector(`[data-${name}]`);
      }
      this.sent = null; // the promise of the bytes
      this.file.addEventListener("change", () => this.choose(this.file.files[0]));
      root.querySelector("[data-other]").addEventListener("click", () => this.other());
      this.form.addEventListener("submit", (event) => { event.preventDefault(); this.post(); });
      this.title = this.form.elements.title; // not where a post has one already
      this.title?.addEventListener("input", () => { this.titled = true; });
      this.jobs = new Map(); // of those that the relay told of: id to a promise of the key that asked for it
      this.words = this.submit.textContent;
      this.recall();
    }

    recall() {
      try {
        const { licence } = JSON.parse(localStorage.getItem(REMEMBERED)) ?? {};
        if (licence && this.form.elements.licence) this.form.elements.licence.value = licence;
      } catch { /* as the page says */ }
    }

    choose(file) {
      if (!file) return;
      const most = Number(this.root.dataset.maxBytes);
      if (!file.size) return this.say(`“${file.name}” is empty.`);
      if (file.size > most) return this.say(`“${file.name}” has ${inWords(file.size)}; a sound here has at most ${inWords(most)}. Send a shorter stretch, or FLAC instead of WAV.`);
      this.abandon();
      this.say("");
      this.name.textContent = file.name;
      this.size.textContent = inWords(file.size);
      if (this.title && !this.titled) this.title.value = file.name.replace(/\.[^.]+$/, "").slice(0, this.title.maxLength);
      this.drop.hidden = true;
      this.sending.hidden = false;
      this.going = new Sending(file, (...step) => this.show(...step));
      this.sent = this.send(file, this.going);
      this.sent.catch((error) => this.failed(error));
      (this.title ?? this.submit).focus();
    }

    async send(file, going) {
      let buffer;
      try {
        buffer = await file.arrayBuffer();
      } catch {
        throw new Error(`“${file.name}” cannot be read. Choose it again.`);
      }
      const drawing = buffer.byteLength <= DRAWN_BYTES ? buffer.slice(0) : null;
      if (drawing) this.draw(drawing, going);
      await going.run(buffer);
    }

    async draw(buffer, going) {
      try {
        const audio = await new OfflineAudioContext(1, 1, 44_100).decodeAudioData(buffer);
        const [samples, step] = [audio.getChannelData(0), audio.length / COLUMNS];
        const bars = Array.from({ length: COLUMNS }, (_, column) => {
          let top = 0;
          for (let i = Math.floor(column * step); i < Math.floor((column + 1) * step); i++) top = Math.max(top, Math.abs(samples[i]));
          const half = Math.max(1, Math.min(1, top) * 31);
          return `M${column * 2} ${(32 - half).toFixed(1)}V${(32 + half).toFixed(1)}`;
        });
        if (going === this.going) this.drawn.setAttribute("d", bars.join(""));
      } catch { /* the browser does not know this kind; the relay may */ }
    }

    show(state, offset, why) {
      this.root.dataset.state = state;
      delete this.root.dataset.stage;
      this.tell([why, WORDS[state]].filter(Boolean).join(" "));
      this.progress.setAttribute("aria-label", "Sent");
      this.share(offset / this.going.file.size, state === "sending" || state === "waiting");
    }

    tell(words) { // once, not with every byte
      if (this.status.textContent !== words) this.status.textContent = words;
    }

    share(of, isSaid) {
      this.progress.value = of;
      this.percent.textContent = isSaid ? `${Math.floor(of * 100)} %` : "";
    }

    async made({ job_id: id, stage, fraction }) { // how far the relay says that a job is, which may be of another upload
      const isMaking = () => this.root.dataset.state === "making";
      if (!isMaking()) return;
      if (!this.jobs.has(id)) this.jobs.set(id, asked(`${API}/jobs/${id}`, {}).then((answer) => answer.json()).then((job) => job.key, () => null));
      const key = await this.jobs.get(id);
      if (!isMaking() || key !== this.going?.key || !STAGES[stage]) return;
      this.root.dataset.stage = stage;
      this.tell(STAGES[stage]);
      this.progress.setAttribute("aria-label", "Made");
      this.share(fraction, true);
    }

    say(words) {
      this.trouble.textContent = words;
      this.trouble.hidden = !words;
      if (words) this.trouble.scrollIntoView({ block: "nearest" });
    }

    failed(error) {
      if (error instanceof Abandoned || error.name === "AbortError") return;
      const isOut = error.status === 401 || error.code === "csrf";
      this.other();
      this.say(isOut ? "You are not signed in any more. Sign in again and choose the same file: it goes on where it stands." : error.message);
    }

    abandon() {
      this.going?.abandon();
      this.going = this.sent = null;
    }

    other() { // back to the beginning; what is written stays
      this.abandon();
      this.busy(false);
      this.root.dataset.state = "empty";
      this.file.value = "";
      this.drop.hidden = false;
      this.sending.hidden = true;
      this.drawn.setAttribute("d", "M0 32H320");
      this.file.focus();
    }

    busy(on) {
      this.submit.disabled = on;
      this.submit.textContent = on ? this.submit.dataset.busy : this.words;
    }

    meta() { // throws Error in words
      const { title, tags, bpm, key, visibility } = this.form.elements;
      const tempo = Number(bpm.value.replace(",", "."));
      if (bpm.value.trim() && !(tempo > 0 && tempo <= 1000)) throw new Error("A tempo is a number such as 92 or 92.5; empty: it is found by ear.");
      const meta = title ? { title: title.value.trim(), visibility: visibility.value } : {};
      const genre = [...new Set(tags?.value.split(",").map((each) => each.trim()).filter(Boolean))];
      if (genre.length) meta.genre = genre;
      if (this.form.elements.remix_of) meta.remix_of = this.form.elements.remix_of.value;
      if (bpm.value.trim()) Object.assign(meta, { bpm: tempo, bpm_source: "given" });
      if (key.value.trim()) Object.assign(meta, { key: key.value.trim(), key_source: "given" });
      return meta;
    }

    async post() {
      if (!this.sent) {
        this.say("Choose a sound first.");
        this.file.focus();
        return;
      }
      this.say("");
      const going = this.going;
      try {
        const meta = this.meta();
        this.busy(true);
        await this.sent;
        const { replaces } = this.root.dataset;
        const made = await going.post(meta, replaces ? `/audio/${replaces}/versions` : "/audio/process");
        this.done(made, await this.terms(made) ? `/p/${made.id}` : `/p/${made.id}/edit`);
      } catch (error) {
        if (going !== this.going) return;
        this.busy(false);
        if (error.code === "audio_refused") this.failed(error);
        else if (!(error instanceof Abandoned)) this.say(error.message);
        if (this.going) this.show("there", going.offset, "");
      }
    }

    async terms(made) { // whether they are as they were asked for
      const { licence, downloads } = this.form.elements;
      if (!licence) return true;
      try { localStorage.setItem(REMEMBERED, JSON.stringify({ licence: licence.value })); } catch { /* next time as now */ }
      if (licence.selectedIndex === 0 && !downloads.checked) return true;
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ licence: licence.value, downloads: downloads.checked });
      return asked(`${API}/audio/${made.id}`, { method: "PATCH", headers, body }).then(() => true, () => false);
    }

    done(made, address) {
      this.sent = null;
      if (!made.lacks.length) {
        goTo(address);
        return;
      }
      this.form.hidden = this.sending.hidden = true;
      this.lacks.hidden = false;
      this.lacks.querySelector("ul").replaceChildren(...made.lacks.map((each) => {
        const line = document.createElement("li");
        line.textContent = each;
        return line;
      }));
      const link = this.lacks.querySelector("[data-posted]");
      link.href = address;
      link.focus();
    }
  }

  function bindUpload() {
    current?.abandon();
    const root = document.querySelector("[data-upload]");
    current = root ? new Upload(root) : null;
  }

  document.addEventListener("live", ({ detail }) => {
    if (detail.t === "job.progress") current?.made(detail);
  });
  const carriesFile = (event) => current && [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault(); // anywhere on the page: who misses the box does not lose the page to the file
    current.root.classList.add("dragged");
  });
  for (const kind of ["dragleave", "drop"]) document.addEventListener(kind, () => current?.root.classList.remove("dragged"));
  document.addEventListener("drop", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    current.choose(event.dataTransfer.files[0]);
  });
  const stay = (event) => { if (current?.sent) event.preventDefault(); };
  addEventListener("beforeunload", stay); // the browser asks, in its own words
  document.addEventListener("leaving", stay);
  bindUpload();
  document.addEventListener("walked", bindUpload);
})();
