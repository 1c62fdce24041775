// trace.js - the glass peer's own account of what it does, as it comes.
import { socketUrl } from './signaling.js';

/**
 * One event. Everything in it came over the network and is shown as text only.
 * @typedef {object} TraceEvent
 * @property {number} t_ms
 * @property {string} node
 * @property {string} kind
 * @property {string} layer
 * @property {string} rule
 * @property {string} note
 * @property {string} text
 * @property {Record<string, unknown>} facts
 */

const RETRY_MS = 500;
const MAX_RETRIES = 20;

export class TraceStream {
  #room;
  #onEvent;
  #retries = 0;
  #closed = false;
  /** @type {WebSocket | null} */
  #socket = null;

  /** @param {string} room @param {(event: TraceEvent) => void} onEvent */
  constructor(room, onEvent) {
    this.#room = room;
    this.#onEvent = onEvent;
    this.#connect();
  }

  close() {
    this.#closed = true;
    this.#socket?.close();
  }

  #connect() {
    if (this.#closed) return;
    const socket = new WebSocket(socketUrl(`/trace?room=${encodeURIComponent(this.#room)}`));
    this.#socket = socket;
    socket.onmessage = (message) => this.#receive(message.data);
    socket.onclose = () => {
      if (this.#retries++ < MAX_RETRIES) setTimeout(() => this.#connect(), RETRY_MS);
    };
  }

  /** @param {unknown} data */
  #receive(data) {
    if (this.#closed || typeof data !== 'string') return;
    try {
      this.#onEvent(toEvent(JSON.parse(data)));
      this.#retries = 0;
    } catch {
      // A line that is no event is left out; the stream goes on.
    }
  }
}

/** @param {any} raw @returns {TraceEvent} */
function toEvent(raw) {
  if (typeof raw !== 'object' || raw === null) throw new TypeError('not an event');
  return {
    t_ms: Number.isFinite(raw.t_ms) ? raw.t_ms : 0,
    node: String(raw.node ?? 'glass'),
    kind: String(raw.kind ?? ''),
    layer: String(raw.layer ?? ''),
    rule: String(raw.rule ?? ''),
    note: String(raw.note ?? ''),
    text: String(raw.text ?? ''),
    facts: typeof raw.facts === 'object' && raw.facts !== null ? raw.facts : {},
  };
}
