// Elements, made short.
export function made(name, attributes = {}, ...inside) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...inside);
  return element;
}

// The flag of somebody else at a place in a grid, a lane or a timeline (company.js).
export const flag = ({ name, hue, mark }) => made("i", { class: `peer hue-${hue}`, "aria-hidden": "true", title: name }, made("b", {}, mark));

const SVG = "http://www.w3.org/2000/svg";
export function icon(name) {
  const [picture, use] = [document.createElementNS(SVG, "svg"), document.createElementNS(SVG, "use")];
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#${name}`);
  picture.append(use);
  return picture;
}

// The picture of a sound: its own, or that of its family.
export function soundIcon(name, sound) {
  const own = document.getElementById(`s-${name}`);
  return icon(own ? `s-${name}` : sound?.is_pitched ? "s-keys" : "s-drum");
}

export const options = (pairs, chosen) => pairs.map(([value, label]) => made("option", { value, selected: value === chosen }, label));

// Of the eight colours (tokens.css), which a sound has: families look alike.
const HUES = {
  "drum-kick": 0, "drum-snare": 7, "drum-clap": 7, "drum-rim": 7, "hat-closed": 1, "hat-open": 1, "tom-low": 0, "tom-high": 0,
  cymbal: 1, shaker: 2, cowbell: 2, bass: 4, keys: 5, "synth-lead": 6, "synth-pluck": 3, pad: 5, piano: 5, brass: 6,
};
export const soundHue = (name) => HUES[name] ?? [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 8;
