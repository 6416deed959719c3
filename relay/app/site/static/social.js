// Liking, reacting, following, and what arrives while the page is open. All of it needs a signed-in session.
"use strict";

const csrf = document.querySelector('meta[name="csrf"]')?.content;
const API = "/api/v1";

async function call(path, body) {
  const headers = { "content-type": "application/json", "x-csrf-token": csrf };
  const answer = await fetch(API + path, { method: "POST", headers, body: JSON.stringify(body ?? {}) });
  if (!answer.ok) throw new Error((await answer.json()).detail);
  return answer.json();
}

function pressed(button) { return button.getAttribute("aria-pressed") === "true"; }

async function act(button, work) {
  button.disabled = true;
  try {
    await work(!pressed(button));
    button.title = "";
  } catch (error) {
    button.title = error.message;
  }
  button.disabled = false;
}

function drawn(emoji) {
  const symbol = [...document.querySelectorAll("symbol[data-emoji]")].find((each) => each.dataset.emoji === emoji);
  if (!symbol) return document.createTextNode(emoji);
  const [picture, shape] = ["svg", "use"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
  picture.setAttribute("class", "emoji");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", emoji);
  shape.setAttribute("href", `#${symbol.id}`);
  picture.append(shape);
  return picture;
}

function showCount(button, count, none) {
  const shown = button.querySelector("[data-count]");
  button.classList.remove("rises");
  if (count > Number(shown.textContent)) {
    void button.offsetWidth; // so that it moves again
    button.classList.add("rises");
  }
  shown.textContent = count || none;
}

function showLike(button, post) {
  button.setAttribute("aria-pressed", String(post.liked));
  showCount(button, post.like_count, "0");
  const likedWith = Object.entries(post.liked_with);
  const shown = button.querySelector("[data-with]");
  shown.replaceChildren(...likedWith.flatMap(([emoji, count]) => [drawn(emoji), ` ${count} `]));
  shown.title = likedWith.map((each) => each.join(" ")).join(" ");
}

function showReactions(group, post) {
  for (const button of group.querySelectorAll("[data-react]")) {
    const count = post.reactions[button.dataset.react] ?? 0;
    button.setAttribute("aria-pressed", String(post.reacted.includes(button.dataset.react)));
    button.classList.toggle("none", count === 0);
    showCount(button, count, "");
  }
}

function bindLike(button) {
  button.addEventListener("click", () => act(button, async (on) => {
    showLike(button, await call(on ? "/social/like" : "/social/unlike", { post_id: button.dataset.like }));
  }));
}

function bindReactions(group) {
  group.querySelectorAll("[data-react]").forEach((button) => button.addEventListener("click", () => act(button, async (on) => {
    const body = { post_id: group.dataset.post, emoji: button.dataset.react };
    showReactions(group, on ? (await call("/social/react", body)).post : await call("/social/unreact", body));
  })));
}

function bindFollow(button) {
  const follow = () => act(button, async (on) => {
    const answer = await call(on ? "/social/follow" : "/social/unfollow", { user_id: button.dataset.follow });
    if (answer.requested) location.reload();
    button.setAttribute("aria-pressed", String(answer.following));
    const count = answer.user.follower_count;
    const number = document.createElement("b");
    number.textContent = count;
    document.querySelector("[data-followers]")?.replaceChildren(number, count === 1 ? " follower" : " followers");
  });
  button.addEventListener("click", (event) => { event.preventDefault(); follow(); });
}

function decibel(value) { return ((Math.round(value * 10) || 0) / 10).toFixed(1).replace("-", "\u2212"); }

const HEARD = {
  "presence.update": (live, each) => live.show(each),
  "feed.new_post": (live, { post }) => live.arrived(post, post.user_id, `New from ${post.username}`),
  "feed.post_changed": (live, { post }) => live.changed(post),
  "feed.post_removed": (live, { post_id }) => live.removed(post_id),
  "feed.reposted": (live, { post }) => live.reposted(post),
  "feed.repost_removed": (live, { post_id, user_id }) => live.unshown(post_id, user_id),
  "feed.author_removed": (live, { user_id }) => live.parted(user_id),
  "social.new_reaction": (live, { reaction }) => live.reacted(reaction.post_id),
};

const WORDS = { producing: "producing", recording: "recording", idle: "idle" };

class Live {
  constructor() {
    this.fresh = document.querySelector("[data-fresh]");
    this.people = document.querySelector("[data-presence]");
    this.looksAt = document.querySelector("[data-watch]")?.dataset.watch;
    this.seen = new Map(); // what is announced, by id
    this.wait = 1000;
    this.open();
  }

  async open() {
    let ticket;
    try {
      ({ ticket } = await call("/auth/ws-ticket"));
    } catch {
      this.again();
      return;
    }
    const address = `${location.origin.replace(/^http/, "ws")}${API}/ws?ticket=${ticket}`;
    const socket = this.socket = new WebSocket(address, "sidechain.v1.json");
    socket.onopen = () => socket.send(JSON.stringify([{ t: "connect", global_feed: this.fresh?.dataset.fresh !== "following" }]));
    socket.onmessage = (event) => JSON.parse(event.data).slice(1).forEach((message) => this.take(message));
    socket.onclose = (event) => { if (event.code < 3500 && !this.ended) this.again(); };
    if (this.ended) socket.close();
  }

  end() {
    this.ended = true;
    this.socket?.close();
  }

  again() {
    if (this.ended) return;
    setTimeout(() => this.open(), this.wait * (0.5 + Math.random()));
    this.wait = Math.min(this.wait * 2, 30000);
  }

  take(message) {
    if (message.t === "connected") {
      this.wait = 1000;
      if (this.looksAt) this.socket.send(JSON.stringify([{ t: "watch", post_id: this.looksAt }]));
      message.presence.forEach((each) => this.show(each));
      document.querySelector("[data-live]")?.setAttribute("data-live", "connected");
    } else if (message.t === "event") {
      document.dispatchEvent(new CustomEvent("live", { detail: message.d }));
      HEARD[message.d.t]?.(this, message.d);
    }
  }

  // What is new, but for what stands here already. by: whose id makes it stand here.
  arrived(post, by, words) {
    const wanted = { everybody: true, following: true, [post.user_id]: by === post.user_id };
    if (!this.fresh || !wanted[this.fresh.dataset.fresh] || this.card(post.id)) return;
    this.seen.set(post.id, { by, words });
    this.showFresh();
  }

  showFresh() {
    const [only] = this.seen.values();
    this.fresh.textContent = this.seen.size === 1 ? only.words : `${this.seen.size} new posts`;
    this.fresh.href = location.pathname;
    this.fresh.hidden = this.seen.size === 0;
  }

  forget(id) {
    if (this.seen.delete(id)) this.showFresh();
  }

  reposted(post) {
    const line = this.card(post.id)?.querySelector(`.repost-by[data-shown-by="${post.reposted_by_id}"]`);
    if (line) {
      line.querySelector("[data-word]").textContent = post.repost_text ? `: “${post.repost_text}”` : "";
      this.changed(post);
    } else if (this.fresh?.dataset.fresh === "following") {
      this.arrived(post, post.reposted_by_id, `${post.reposted_by} shows a post by ${post.username}`);
    }
  }

  unshown(id, by) {
    if (this.seen.get(id)?.by === by) this.forget(id);
    const card = this.card(id);
    if (card?.querySelector(`.repost-by[data-shown-by="${by}"]`)) this.asItStands(card, id);
  }

  async asItStands(card, id) { // somebody else may show it, too
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const now = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(`[data-like="${id}"]`)?.closest(".card");
    const [was, line] = [card.querySelector(".repost-by"), now?.querySelector(".repost-by")];
    if (!now) card.remove();
    else if (line) was.replaceWith(line);
    else was.remove();
  }

  parted(userId) {
    document.querySelectorAll(`.card[data-author="${userId}"]`).forEach((card) => card.remove());
    document.querySelectorAll(`.repost-by[data-shown-by="${userId}"]`).forEach((line) => {
      const card = line.closest(".card");
      this.asItStands(card, card.querySelector("[data-like]").dataset.like);
    });
    for (const [id, { by }] of this.seen) if (by === userId) this.forget(id);
  }

  async changed(post) {
    const card = this.card(post.id);
    if (!card) return;
    const title = card.querySelector(".title a, h1");
    if (title) title.textContent = post.title || "Untitled";
    const [player, { pathname, search }] = [card.querySelector("[data-player]"), new URL(post.audio_url)];
    if (player && player.dataset.src !== pathname + search) await this.swapped(card, player, post);
  }

  async swapped(card, player, post) { // it has another sound, and so other figures; the page of the post has them
    const answer = await fetch(`/p/${post.id}`, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const meter = card.querySelector(".meter");
    if (meter) meter.textContent = post.lufs === null ? "too quiet to measure" : `${decibel(post.lufs)} LUFS · ${decibel(post.dbtp)} dBTP`;
    for (const part of [".facts", ".figures", ".terms", ".marks"]) {
      const [was, now] = [card.querySelector(part), page.querySelector(part)];
      if (was && now) was.replaceWith(now);
    }
    swapPlayer(player, page.querySelector("[data-player]"));
  }

  async reacted(id) { // to a post of one's own
    const card = this.card(id);
    const answer = card && await fetch(`${API}/audio/${id}`);
    if (!answer?.ok) return;
    const post = await answer.json();
    showLike(card.querySelector("[data-like]"), post);
    showReactions(card.querySelector(".reactions"), post);
  }

  removed(id) {
    this.forget(id);
    const card = this.card(id);
    if (card?.classList.contains("single")) location.reload();
    else card?.remove();
  }

  card(id) { return document.querySelector(`[data-like="${id}"]`)?.closest(".card, .single"); }

  show(each) {
    if (!this.people) return;
    this.people.querySelector(`[data-user="${each.user_id}"]`)?.remove();
    const word = WORDS[each.status];
    if (!word) return;
    const row = document.createElement("li");
    row.dataset.user = each.user_id;
    const link = document.createElement("a");
    link.href = `/u/${each.username}`;
    link.textContent = each.username;
    const doing = document.createElement("span");
    doing.className = "dim";
    doing.textContent = each.bpm ? `${word} · ${Math.round(each.bpm)}` : word;
    row.append(link, doing);
    this.people.append(row);
  }
}

let live = null;

function bindPage() {
  for (const each of document.querySelectorAll("nav [aria-current]")) each.scrollIntoView({ block: "nearest", inline: "center" });
  document.querySelectorAll("[data-like]").forEach(bindLike);
  document.querySelectorAll(".reactions").forEach(bindReactions);
  document.querySelectorAll("[data-follow]").forEach(bindFollow);
  live?.end(); // it shows on the page that was left
  live = document.querySelector("[data-live]") ? new Live() : null;
}

if (csrf) {
  bindPage();
  document.addEventListener("walked", bindPage);
}
