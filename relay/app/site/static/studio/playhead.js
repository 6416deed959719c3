// The line that moves over the grid with the sound; the steps that sound, and the page, which follows.
export class Playhead {
  #root;
  #grid;
  #lit = null;

  constructor(root, grid) { [this.#root, this.#grid] = [root, grid]; }

  // step: where it is; null: nothing plays.
  at(step) {
    this.#find("head").style.setProperty("--at", step ?? 0);
    const whole = step === null ? null : Math.floor(step);
    if (this.#lit === whole) return;
    this.#lit = whole;
    this.#grid.light(whole);
    if (whole !== null) this.#follow();
  }

  #find(name) { return this.#root.querySelector(`[data-${name}]`); }

  #follow() {
    const [roll, head, lane] = [this.#find("roll"), this.#find("head"), this.#find("lane")];
    const [left, room] = [head.offsetLeft - lane.offsetLeft, roll.clientWidth - lane.offsetLeft];
    if (room > 0 && (left < roll.scrollLeft || left > roll.scrollLeft + room)) roll.scrollLeft = left;
  }
}
