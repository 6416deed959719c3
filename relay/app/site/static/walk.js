// What plays stays while one walks through the pages: its bar at the bottom, and links that change the page around it.
// Without anything in the bar, links are links.
"use strict";

(() => {
  const LEFT = /^\/(?:api|sign-in|sign-up|session|join|reset-password|device|claim|oauth|embed|studio|static|metrics|health)(?:\/|$)/; // pages of their own
  const OWN_KEYS = "input, textarea, select, button, a, summary, [role=slider]";
  const ICONS = {
    previous: "M6 5h3v14H6zM20 5v14L9.500 12z",
    next: "M15 5h3v14h-3zM4 5v14l10.500-7z",
  };
  let bar = null;

  function icon(path) {
    return `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
  }

  function made() {
    const root = document.createElement("section");
    root.className = "bar";
    root.setAttribute("aria-label", "What is playing");
    root.innerHTML = `
      <button type="button" data-step="-1" aria-label="Previous">${icon(ICONS.previous)}</button>
      <button type="button" class="play" data-bar-play aria-label="Play"><svg viewBox="0 0 24 24" aria-hidden="true"><path class="icon-play" d="M8 5.2v13.6L19 12z"/><path class="icon-pause" d="M7 5h3.6v14H7zM13.4 5H17v14h-3.6z"/></svg></button>
      <button type="button" data-step="1" aria-label="Next">${icon(ICONS.next)}</button>
      <p class="bar-what"><a data-bar-title></a> <span class="dim">by <a data-bar-by></a></span></p>
      <input class="bar-seek" type="range" min="0" max="1" step="0.001" value="0" aria-label="Position">
      <span class="clock" data-bar-clock>0:00</span>
      <input class="bar-volume" type="range" min="0" max="1" step="0.01" aria-label="Volume">`;
    root.querySelector("[data-bar-play]").addEventListener("click", () => playing.toggle());
    root.querySelectorAll("[data-step]").forEach((button) => button.addEventListener("click", () => step(Number(button.dataset.step))));
    root.querySelector(".bar-seek").addEventListener("input", (event) => playing.move(Number(event.target.value) * playing.length));
    const loudness = root.querySelector(".bar-volume");
    loudness.value = String(volume);
    loudness.addEventListener("input", () => setVolume(Number(loudness.value)));
    document.body.append(root);
    document.body.classList.add("has-bar");
    return root;
  }

  function step(by) {
    const next = queue[(queue.indexOf(playing) + by + queue.length) % queue.length];
    if (!next) return;
    if (next === playing) next.move(0);
    else next.offset = 0;
    if (next.state !== "playing") next.play();
  }

  function showState() {
    bar ??= made();
    const { title, by, post } = playing.root.dataset;
    bar.dataset.state = playing.state;
    const link = bar.querySelector("[data-bar-title]");
    link.textContent = title;
    link.href = `/p/${post}`;
    const person = bar.querySelector("[data-bar-by]");
    person.textContent = by;
    person.href = `/u/${by}`;
    bar.querySelector("[data-bar-play]").setAttribute("aria-label", playing.state === "playing" ? "Pause" : "Play");
    bar.querySelectorAll("[data-step]").forEach((button) => { button.disabled = queue.length < 2; });
  }

  function showPosition() {
    if (!bar) return;
    const at = playing.position();
    bar.querySelector(".bar-seek").value = String(at / playing.length);
    const said = minutes(at);
    const clock = bar.querySelector("[data-bar-clock]");
    if (clock.textContent !== said) {
      clock.textContent = said;
      bar.querySelector(".bar-seek").setAttribute("aria-valuetext", said);
    }
  }

  async function walk(address, { push }) {
    let page;
    try {
      const answer = await fetch(address, { headers: { accept: "text/html" } });
      if (!answer.ok || !answer.headers.get("content-type").startsWith("text/html")) throw new Error(String(answer.status));
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      location.assign(address);
      return;
    }
    if (push) history.pushState(null, "", address);
    document.title = page.title;
    for (const each of [".tabs", ".find", "main"]) document.querySelector(each).replaceWith(page.querySelector(each));
    for (const part of page.head.querySelectorAll('link[rel="stylesheet"], script[src]')) load(part);
    scrollTo(0, 0);
    document.dispatchEvent(new Event("walked"));
    document.getElementById("main").focus({ preventScroll: true });
  }

  function load(part) {
    const name = part.localName === "link" ? "href" : "src";
    const address = part.getAttribute(name);
    if (document.head.querySelector(`${part.localName}[${name}="${address}"]`)) return;
    const own = document.createElement(part.localName);
    own[name] = address;
    own.async = false; // one stands on another
    if (name === "href") own.rel = "stylesheet";
    document.head.append(own);
  }

  function isWalked(address) { // what would be lost by it says so, and then the browser leaves the page and asks
    const leaving = new Event("leaving", { cancelable: true });
    return playing && address.origin === location.origin && !LEFT.test(address.pathname) && document.dispatchEvent(leaving);
  }

  window.goTo = (path) => {
    if (isWalked(new URL(path, location))) walk(path, { push: true });
    else location.assign(path);
  };

  function bindHero() { // the landing's loop is the first of the page, shown large
    const hero = document.querySelector("[data-hear]");
    if (!hero || !onPage.length) return;
    hero.hidden = false;
    const button = hero.querySelector("[data-hear-first]");
    button.addEventListener("click", () => onPage[0].toggle());
    for (const kind of ["pointerenter", "focus"]) button.addEventListener(kind, () => onPage[0].prepare());
  }

  function showHero() {
    const hero = document.querySelector("[data-hear]");
    if (!hero || playing !== onPage[0]) return;
    hero.dataset.state = playing.state;
    hero.querySelector("[data-heard]").setAttribute("width", String((640 * playing.position()) / playing.length));
    const button = hero.querySelector("[data-hear-first]");
    button.setAttribute("aria-label", button.getAttribute("aria-label").replace(/^\w+/, playing.state === "playing" ? "Pause" : "Play"));
  }

  function bindSharing() {
    const said = document.querySelector("[data-copied]");
    document.querySelectorAll("[data-copied-from]").forEach((field) => field.addEventListener("focus", async () => {
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
        said.textContent = "Copied.";
      } catch { /* it is selected: a key copies it */ }
    }));
  }

  function closeMenus(but) {
    document.querySelectorAll(".menu[open], .more-deeds[open], .deed[open]").forEach((each) => { if (!each.contains(but)) each.open = false; });
  }

  bindHero();
  bindSharing();
  document.addEventListener("walked", () => { bindSharing(); closeMenus(null); });
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.activeElement.closest?.("details[open]")?.querySelector("summary").focus();
    closeMenus(null);
  });
  document.addEventListener("walked", bindHero);
  document.addEventListener("player", () => { showState(); showHero(); });
  document.addEventListener("position", () => { showPosition(); showHero(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute("download")) return;
    const address = new URL(link.href);
    const isHere = address.pathname === location.pathname && address.search === location.search && address.hash;
    if (isHere || !isWalked(address)) return;
    event.preventDefault();
    walk(address.href, { push: true });
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "get" || event.defaultPrevented) return;
    const address = new URL(form.action);
    address.search = new URLSearchParams(new FormData(form)).toString();
    if (!isWalked(address)) return;
    event.preventDefault();
    walk(address.href, { push: true });
  });
  addEventListener("popstate", () => {
    if (playing) walk(location.href, { push: false });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || !playing || event.target.closest?.(OWN_KEYS)) return;
    event.preventDefault();
    playing.toggle();
  });
})();
