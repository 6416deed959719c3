// For pages of others: <div data-sidechain="ID"></div> becomes a player of that loop, pattern, song or post.
// Its element has a handle, which Sidechain.get(element) gives: play, pause, setBPM, destroy, and state, bpm, trouble as they are.
// Every change is told by an event "sidechain" at the element. Other attributes: data-width, data-theme (light, dark), data-bpm.
(() => {
  "use strict";
  const RELAY = new URL(document.currentScript.src).origin;
  const HEIGHT = 148;
  const handles = new Map(); // by element

  function frameOf(element) {
    const { sidechain: id, width = "100%", theme, bpm } = element.dataset;
    if (!/^[0-9a-f-]{32,36}$/.test(id)) throw new Error(`Sidechain: "${id}" is no id of a creation. Its page has the line to copy, under Share.`);
    const frame = document.createElement("iframe");
    const query = new URLSearchParams(Object.entries({ bpm, theme }).filter(([, value]) => value)).toString();
    frame.src = `${RELAY}/embed/${id.replaceAll("-", "")}${query && `?${query}`}`;
    frame.width = width;
    frame.height = HEIGHT;
    frame.allow = "autoplay";
    frame.title = "A loop on Sidechain";
    frame.style.border = "0";
    frame.style.maxWidth = "100%";
    return frame;
  }

  class Handle {
    #frame;
    #waiting = []; // what was asked before the frame could be
    state = "loading";
    bpm = null;
    trouble = "";

    constructor(element) {
      this.element = element;
      this.#frame = frameOf(element);
      element.replaceChildren(this.#frame);
    }

    play() { this.#ask({ sidechain: "play" }); }
    pause() { this.#ask({ sidechain: "pause" }); }
    setBPM(bpm) { this.#ask({ sidechain: "bpm", bpm: Number(bpm) }); }

    destroy() {
      handles.delete(this.element);
      this.#frame.remove();
      this.state = "destroyed";
      this.#waiting = [];
    }

    isOf(source) { return source === this.#frame.contentWindow; }

    told({ state, bpm, trouble }) {
      [this.state, this.bpm, this.trouble] = [state, bpm, trouble];
      const waiting = this.#waiting;
      this.#waiting = null;
      waiting?.forEach((each) => this.#ask(each));
      this.element.dispatchEvent(new CustomEvent("sidechain", { bubbles: true, detail: { state, bpm, trouble } }));
    }

    #ask(message) {
      if (this.state === "destroyed") return;
      if (this.#waiting) this.#waiting.push(message);
      else this.#frame.contentWindow.postMessage(message, RELAY);
    }
  }

  addEventListener("message", ({ origin, source, data }) => {
    if (origin !== RELAY || data?.sidechain !== "state") return;
    for (const handle of handles.values()) if (handle.isOf(source)) handle.told(data);
  });

  // The handle of an element, or of what a selector finds; made if it has none yet. null: there is no such element.
  function get(which) {
    const element = typeof which === "string" ? document.querySelector(which) : which;
    if (!element) return null;
    if (!handles.has(element)) handles.set(element, new Handle(element));
    return handles.get(element);
  }

  // All that the page has by now; call it again after more was added.
  function scan() {
    for (const element of document.querySelectorAll("[data-sidechain]")) {
      try {
        get(element);
      } catch (error) {
        console.warn(error.message);
      }
    }
  }

  window.Sidechain = { get, scan };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", scan);
  else scan();
})();
