// SHA-256 (FIPS 180-4) of an ArrayBuffer, in hex: the browser's own where it lends it, which is only on https and on this machine.
"use strict";

const SHA256 = (() => {
  const isPrime = (n) => { for (let d = 2; d * d <= n; d++) if (n % d === 0) return false; return true; };
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (isPrime(n)) primes.push(n);
  const fraction = (x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
  const ROUNDS = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
  const START = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
  const turned = (word, by) => (word >>> by) | (word << (32 - by));

  function add(state, words) {
    for (let i = 16; i < 64; i++) {
      const [w2, w15] = [words[i - 2], words[i - 15]];
      const low = turned(w15, 7) ^ turned(w15, 18) ^ (w15 >>> 3);
      const high = turned(w2, 17) ^ turned(w2, 19) ^ (w2 >>> 10);
      words[i] = (words[i - 16] + low + words[i - 7] + high) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i] + words[i]) | 0;
      const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
    }
    [a, b, c, d, e, f, g, h].forEach((each, i) => { state[i] = (state[i] + each) | 0; });
  }

  function digest(buffer) {
    const size = buffer.byteLength;
    const whole = size - (size % 64);
    const rest = new Uint8Array(size % 64 < 56 ? 64 : 128);
    rest.set(new Uint8Array(buffer, whole));
    rest[size % 64] = 0x80;
    new DataView(rest.buffer).setBigUint64(rest.length - 8, BigInt(size) * 8n);
    const [state, words] = [START.slice(), new Int32Array(64)];
    for (const [bytes, end] of [[buffer, whole], [rest.buffer, rest.length]]) {
      const view = new DataView(bytes);
      for (let at = 0; at < end; at += 64) {
        for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i);
        add(state, words);
      }
    }
    return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  async function of(buffer) {
    if (!crypto.subtle) return digest(buffer);
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", buffer));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  return { of, digest };
})();
