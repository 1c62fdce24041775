// learn/state.js - what is true at an instant of a trace: a pure function of trace and position.

/**
 * @typedef {import('./trace.js').Model} Model
 * @typedef {import('./trace.js').Event} Event
 * @typedef {{ name: string, local: string, remote: string, state: string, localType: string, remoteType: string, nominated: boolean,
 *   fate: number[] }} Pair
 * @typedef {{ machines: Map<string, { state: string, since: number }>, timers: Map<string, number>, pairs: Map<string, Pair>,
 *   candidates: { text: string, type: string, address: string }[],
 *   mappings: { inside: string, outside: string, remote: string, transport: string, since: number }[] }} Side
 */

/** Everything until the moment after `at` begins, by node. @param {Model} model @param {number} at @returns {Map<number, Side>} */
export function stateAt(model, at) {
  /** @type {Map<number, Side>} */
  const sides = new Map();
  const until = model.moments.find((moment) => moment > at) ?? model.events.length;
  for (const event of model.events.slice(0, until)) {
    let side = sides.get(event.node);
    if (!side) sides.set(event.node, side = { machines: new Map(), timers: new Map(), pairs: new Map(), candidates: [], mappings: [] });
    if (event.event === 'state') onState(side, event);
    else if (event.event === 'timer') onTimer(side, event);
    else if (event.event === 'rule') onRule(side, event);
  }
  return sides;
}

/** @param {Side} side @param {Event} event */
function onState(side, event) {
  const machine = event.machine ?? '';
  if (machine.includes(' -> ')) {
    const pair = pairOf(side, machine);
    pair.state = event.to ?? '';
    pair.fate.push(event.i);
  } else {
    side.machines.set(machine, { state: event.to ?? '', since: event.t });
  }
}

/** @param {Side} side @param {Event} event */
function onTimer(side, event) {
  if (typeof event.deadline === 'number') side.timers.set(event.timer ?? '', event.deadline);
  else side.timers.delete(event.timer ?? '');
}

/** Rules tell what their facts are about: candidates and pairs are read from there. @param {Side} side @param {Event} event */
function onRule(side, event) {
  const facts = event.facts ?? {};
  if (event.rule === '4787:4.1#0' && facts.outside !== undefined) {
    const [inside, outside, remote, transport] = [facts.inside, facts.outside, facts.remote, facts.transport].map(String);
    side.mappings.push({ inside, outside, remote, transport, since: event.t });
  } else if (event.rule === '4787:4.3#0') {
    side.mappings = side.mappings.filter((one) => one.outside !== String(facts.expired));
  }
  if (event.layer !== 'ice') return;
  if (facts.candidate !== undefined && event.rule === '8445:5.1.2.1#0') {
    side.candidates.push({ text: String(facts.candidate), type: String(facts.type ?? ''), address: String(facts.address ?? '') });
  }
  if (facts.pair === undefined) return;
  const pair = pairOf(side, String(facts.pair));
  if (facts.local_type !== undefined) {
    pair.localType = String(facts.local_type);
    pair.remoteType = String(facts.remote_type ?? '');
    pair.state = String(facts.state ?? pair.state);
  }
  if (Number(facts.nominated) === 1) pair.nominated = true;
  pair.fate.push(event.i);
}

/** @param {Side} side @param {string} name @returns {Pair} */
function pairOf(side, name) {
  let pair = side.pairs.get(name);
  if (!pair) {
    const [local, remote] = name.split(' -> ');
    pair = { name, local, remote, state: 'Frozen', localType: '', remoteType: '', nominated: false, fate: [] };
    side.pairs.set(name, pair);
  }
  return pair;
}

/** The moment at or before `at`; the first one before any. @param {Model} model @param {number} at */
export function momentIndex(model, at) {
  let found = 0;
  for (const [k, moment] of model.moments.entries()) if (moment <= at) found = k;
  return found;
}

/** The last moment that is not after `t` milliseconds. @param {Model} model @param {number} t */
export function momentAt(model, t) {
  let found = model.moments[0] ?? 0;
  for (const moment of model.moments) if (model.events[moment].t <= t) found = moment;
  return found;
}
