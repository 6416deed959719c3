// One work that several edit, at this page: its score, the line to the others, and who they are. Loaded when something is first opened together.
import { Company } from "./company.js";
import { Line, SIGNED_OUT } from "./line.js";
import { People } from "./people.js";
import { SharedScore } from "./shared_score.js";

export class Together {
  state = "coming"; // and "here", "looks", "away", "over"
  words = "";
  arrived; // a promise: all is here that the relay has; it is broken where that cannot be
  #arrive;
  #frame = 0;
  #isNews = false;

  // library: of packaging/crdt. work: what was kept of it, or { }. asked: { remote, link, headers }, or null: who is signed in is not `account`.
  // page: { root, account, name (of who is here), isPlayable, changed(isOwn), moved(), told(), where(at), copy() }.
  constructor(library, work, asked, page) {
    this.page = page;
    this.arrived = new Promise((resolve, reject) => { this.#arrive = { resolve, reject }; });
    this.arrived.catch(() => {}); // whoever waits for it is told
    this.score = new SharedScore(library, {
      update: work.doc, isPlayable: page.isPlayable,
      told: (isOwn) => { if (this.isShown && this.score.body) page.changed(isOwn); },
    });
    this.company = new Company(library, this.score.doc, page.name, (isNews) => { if (this.isShown) this.#showPeople(isNews); });
    if (!asked) [this.state, this.words] = ["away", `It waits until ${page.account} signs in here.`];
    this.line = asked ? new Line(library, this.score.doc, this.company.awareness, asked, (state, words) => this.#heard(state, words)) : null;
    this.merge = (updates) => library.mergeUpdates(updates);
  }

  get body() { return this.score.body; }
  get people() { return this.company.people; }

  // Whether somebody at this page may change it; the reason if not.
  get refusal() { return this.state === "looks" || (this.state === "over" && this.words !== SIGNED_OUT) ? this.words : null; }

  // What is kept of it: as it is here and as another tab has put it there.
  kept(work) { return { ...work, doc: this.score.update }; }
  joined(there, work) { return there.doc ? { ...work, doc: this.merge([there.doc, work.doc]) } : work; }

  shown() {
    this.isShown = true;
    this.peopleHere = new People(this.page.root, { say: (words) => this.company.say(words), copy: this.page.copy });
    this.#showPeople(false);
  }

  end() {
    this.line?.end();
    this.company.end();
    this.peopleHere?.end();
    this.isShown = false;
  }

  #heard(state, words) {
    if (state === "here" && this.state === "looks") this.#arrive.resolve();
    else [this.state, this.words] = [state, words];
    if (state === "here") this.#arrive.resolve();
    else if (state !== "looks") this.#arrive.reject(new Error(words || "There is no line to the relay."));
    if (!this.isShown) return;
    this.page.told();
    this.#showPeople(false);
  }

  // At most once for each picture that the screen shows.
  #showPeople(isNews) {
    this.#isNews ||= isNews;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.isShown) this.#draw();
    });
  }

  #draw() {
    const isNews = this.#isNews;
    this.#isNews = false;
    this.peopleHere.show({ state: this.state, words: this.words, isRight: this.score.isRight, people: this.people, heard: this.company.heard, isNews, where: this.page.where });
    this.page.moved();
  }
}
