// What the studio's page asks of Yjs, and nothing else: build.py makes one file of it.
export { Doc, Map as SharedMap, UndoManager, applyUpdate, encodeStateAsUpdate, encodeStateVector, diffUpdate, mergeUpdates } from "yjs";
export { UpdateEncoderV1, decodeUpdate } from "yjs";
export { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness";
export * as decoding from "lib0/decoding";
export * as encoding from "lib0/encoding";
