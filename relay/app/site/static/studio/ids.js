// Names for what is new. (crypto.randomUUID is not lent to pages that came by http from another machine.)
export const freshId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
