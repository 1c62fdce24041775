// learn/trace.js - from the lines of a trace to something that can be drawn. Pure: the same text gives
// the same model, and nothing here knows a time but those of the trace. Format: explain/README.md.

/**
 * @typedef {[depth: number, offset: number, size: number, name: string, value: string, meaning: string, format: string]} Field
 * @typedef {[line: number, text: string, meaning: string, detail: string, section: string]} SdpLine
 * @typedef {{ i: number, t: number, event: string, node: number, layer: string, direction?: string, id?: number,
 *   summary?: string, text?: string, hex?: string, format?: string, fields?: Field[], lines?: SdpLine[], size?: number,
 *   local?: string, remote?: string, transport?: string, why?: string, rule?: string, facts?: Record<string, string | number>,
 *   machine?: string, from?: string, to?: string, timer?: string, deadline?: number | null, table?: any[],
 *   metric?: string, value?: number, behaviour?: string }} Event
 * @typedef {{ from: number, to: number | null, sent: number, received: number | null, lost: string, signaling: boolean }} Leg
 * @typedef {{ level: string, title: string, text: string }} Note
 * @typedef {{ scenario: string, seed: string, names: string[], events: Event[], moments: number[], legs: Leg[],
 *   notes: Map<string, Note>, legOf: Map<number, Leg>, rulesOf: Map<number, number[]>, carrierOf: Map<number, number>,
 *   insideOf: Map<number, number[]>, opened: Map<number, Event>, end: number, leftOut: number }} Model
 */

const NANOSECONDS = 1e6;  // in a millisecond
/** The lane of what is carried by signaling: no node of the simulated network. */
export const SIGNALING = -1;

export class TraceError extends Error {
  /** @param {string} key the sentence in the catalogue @param {Record<string, string | number>} [values] */
  constructor(key, values = {}) {
    super(key);
    this.key = key;
    this.values = values;
  }
}

/** @param {string} text @returns {Model} */
export function parseTrace(text) {
  const rows = text.split('\n').filter((line) => line !== '').map(parseLine);
  const header = rows.shift();
  if (!header || header.format !== 'glass-trace') throw new TraceError('trace.foreign');
  if (header.version !== 1) throw new TraceError('trace.version', { version: String(header.version) });
  if (rows.at(-1)?.event !== 'end') throw new TraceError('trace.cut', { line: rows.length + 1 });
  rows.pop();
  const notes = new Map(rows.filter((row) => row.event === 'note').map((row) => [row.rule, row]));
  /** @type {Event[]} */
  const events = rows.filter((row) => row.event !== 'note').map((row, i) => ({
    ...row, i, t: row.t / NANOSECONDS, deadline: typeof row.deadline === 'number' ? row.deadline / NANOSECONDS : row.deadline,
  }));
  const moments = events.filter(isMoment).map((event) => event.i);
  return {
    scenario: header.scenario, seed: header.seed, names: header.names, leftOut: header.left_out ?? 0, events, moments, notes,
    ...findLegs(events), ...findInsides(events), rulesOf: attachRules(events), opened: findOpened(events), end: events.at(-1)?.t ?? 0,
  };
}

/** @param {string} line @param {number} index @returns {any} */
function parseLine(line, index) {
  try {
    return JSON.parse(line);
  } catch {
    throw new TraceError(index === 0 ? 'trace.foreign' : 'trace.cut', { line: index + 1 });
  }
}

/** Is this something to stop at? Rules, timers and figures belong to what happened around them. @param {Event} event */
function isMoment(event) {
  return event.event === 'packet' || event.event === 'state' || event.event === 'drop' || event.event === 'table';
}

/** Each flight from one lane to the next: what was sent, and what became of it. @param {Event[]} events */
function findLegs(events) {
  /** @type {Leg[]} */
  const legs = [];
  /** @type {Map<number, Leg>} */
  const legOf = new Map();
  /** @type {Map<string, Leg[]>} */
  const flying = new Map();
  for (const event of events) {
    const key = keyOf(event);
    if (key === '') continue;
    if (event.event === 'packet' && event.direction === 'sent') {
      const leg = { from: event.node, to: null, sent: event.i, received: null, lost: '', signaling: event.layer !== 'net' };
      legs.push(leg);
      legOf.set(event.i, leg);
      flying.set(key, [...(flying.get(key) ?? []), leg]);
      continue;
    }
    const mine = flying.get(key) ?? [];
    const leg = event.layer === 'net' ? mine.at(-1) : mine.find((one) => one.received === null);
    if (!leg) continue;
    legOf.set(event.i, leg);
    if (event.event === 'drop') {
      leg.lost = event.why ?? '?';
    } else if (leg.received === null) {
      leg.received = event.i;
      leg.to = event.node;
    }
  }
  return { legs, legOf };
}

/** What joins a departure with its arrival. @param {Event} event */
function keyOf(event) {
  if (event.layer === 'net' && event.id && (event.event === 'packet' || event.event === 'drop')) return `net ${event.id}`;
  if (event.event !== 'packet') return '';
  if (event.layer === 'signaling') return `text ${event.text}`;
  return event.layer === 'sdp' ? `sdp ${event.hex}` : '';
}

/**
 * What DTLS carries is told before the datagram that takes it along, and after the one that brought it.
 * @param {Event[]} events
 */
function findInsides(events) {
  /** @type {Map<number, number>} */
  const carrierOf = new Map();
  /** @type {Map<number, number[]>} */
  const insideOf = new Map();
  /** @type {Map<number, number[]>} */
  const waiting = new Map();
  /** @type {Map<number, number>} */
  const arrived = new Map();
  const join = (/** @type {number} */ inner, /** @type {number} */ outer) => {
    carrierOf.set(inner, outer);
    insideOf.set(outer, [...(insideOf.get(outer) ?? []), inner]);
  };
  for (const event of events) {
    if (event.event !== 'packet') continue;
    if (event.layer === 'sctp' && event.direction === 'sent') {
      waiting.set(event.node, [...(waiting.get(event.node) ?? []), event.i]);
    } else if (event.layer === 'sctp') {
      const outer = arrived.get(event.node);
      if (outer !== undefined) join(event.i, outer);
    } else if (event.layer === 'net' && event.direction === 'received') {
      arrived.set(event.node, event.i);
    } else if (event.layer === 'net' && /application data|encrypted record/.test(event.summary ?? '')) {
      const inner = waiting.get(event.node)?.shift();
      if (inner !== undefined) join(inner, event.i);
    }
  }
  return { carrierOf, insideOf };
}

/** A rule goes with what just happened at its node at that instant, else with what comes next there. @param {Event[]} events */
function attachRules(events) {
  /** @type {Map<number, number[]>} */
  const rulesOf = new Map();
  /** @type {Map<number, Event>} */
  const last = new Map();
  /** @type {Map<number, number[]>} */
  const early = new Map();
  const add = (/** @type {number} */ moment, /** @type {number[]} */ rules) =>
    rules.length > 0 && rulesOf.set(moment, [...(rulesOf.get(moment) ?? []), ...rules]);
  for (const event of events) {
    const before = last.get(event.node);
    if (event.event === 'rule') {
      if (before && before.t === event.t) add(before.i, [event.i]);
      else early.set(event.node, [...(early.get(event.node) ?? []), event.i]);
    } else if (isMoment(event)) {
      add(event.i, early.get(event.node) ?? []);
      early.delete(event.node);
      last.set(event.node, event);
    }
  }
  return rulesOf;
}

/** By the id of a datagram: the event that has its bytes. @param {Event[]} events */
function findOpened(events) {
  /** @type {Map<number, Event>} */
  const opened = new Map();
  for (const event of events) if (event.id && event.fields && !opened.has(event.id)) opened.set(event.id, event);
  return opened;
}

/** @param {Model} model @param {number} node */
export function nameOf(model, node) {
  return node === SIGNALING ? 'signaling' : (model.names[node] ?? `node ${node}`);
}

/** Is this a NAT or a firewall? @param {Model} model @param {number} node */
export function isRouter(model, node) {
  return /router|provider|cgnat|wall/.test(model.names[node] ?? '');
}

/** The lanes of the diagram: Alice's side, what is between, Bob's side. @param {Model} model @returns {number[]} */
export function lanesOf(model) {
  const seen = new Set(model.legs.filter((leg) => !leg.signaling).flatMap((leg) => (leg.to === null ? [leg.from] : [leg.from, leg.to])));
  for (const event of model.events) if (isRouter(model, event.node)) seen.add(event.node);
  const lanes = [...seen, ...(model.legs.some((leg) => leg.signaling) ? [SIGNALING] : [])];
  const rank = (/** @type {number} */ node) => {
    const name = nameOf(model, node);
    if (name === 'alice') return 0;
    if (name === 'bob') return 9;
    if (name.startsWith('alice')) return name.includes('provider') || name.includes('cgnat') ? 2 : 1;
    if (name.startsWith('bob')) return name.includes('provider') || name.includes('cgnat') ? 7 : 8;
    return node === SIGNALING ? 4 : name === 'provider' ? 3 : 5;
  };
  return lanes.sort((a, b) => rank(a) - rank(b) || a - b);
}

/** The bytes and fields of a packet, wherever they were told. @param {Model} model @param {Event} event */
export function openedOf(model, event) {
  return event.fields ? event : (model.opened.get(event.id ?? 0) ?? event);
}
