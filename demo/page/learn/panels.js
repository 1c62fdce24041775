// learn/panels.js - what each machine knows at this instant: rules, SDP, candidates and pairs, states, NATs.
import { code, make } from '../dom.js';
import { has, t } from '../i18n.js';
import { clock } from './events.js';
import { isRouter, nameOf } from './trace.js';

/** @typedef {import('./trace.js').Model} Model @typedef {import('./trace.js').Event} Event @typedef {import('./state.js').Side} Side */

/** @param {string} rule "9260:6.7#3" */
function ruleName(rule) {
  const [rfc, rest] = rule.split(':');
  const [section, item] = rest.split('#');
  return `RFC ${rfc} §${section}${item === '0' ? '' : ` #${item}`}`;
}

/** @param {Record<string, string | number>} [facts] */
function factsText(facts = {}) {
  return Object.entries(facts).map(([key, value]) => `${key}=${value}`).join(', ');
}

/** @param {Model} model @param {Event} event */
function ruleItem(model, event) {
  const note = model.notes.get(event.rule ?? '');
  return make('li', { class: 'rule-note' },
    make('p', { class: 'rule-head' }, code(ruleName(event.rule ?? '')), ' ', make('b', {}, note?.level ?? '')),
    make('p', {}, make('bdi', { lang: 'en' }, note?.title ?? '')),
    note?.text ? make('p', { class: 'quiet', lang: 'en' }, note.text) : null,
    event.facts && Object.keys(event.facts).length > 0 ? make('p', { class: 'facts' }, code(factsText(event.facts))) : null);
}

/** The rules that were obeyed here. @param {Model} model @param {Event} event */
export function rulesPanel(model, event) {
  const rules = (model.rulesOf.get(event.i) ?? []).map((i) => model.events[i]);
  if (event.event === 'drop' && event.rule) rules.unshift(event);
  if (rules.length === 0) return [make('p', { class: 'quiet' }, t('rules.none'))];
  return [make('p', { class: 'quiet' }, t('rules.lead')), make('ul', { class: 'rule-list' }, ...rules.map((rule) => ruleItem(model, rule)))];
}

/** The offer and the answer as far as they are known by now. @param {Model} model @param {number} at */
export function sdpPanel(model, at) {
  const told = model.events.slice(0, at + 1).filter((event) => event.layer === 'sdp' && event.direction === 'sent');
  if (told.length === 0) return [make('p', { class: 'quiet' }, t('sdp.none'))];
  const kinds = told.map((_, k) => t(k % 2 === 0 ? 'sdp.offer' : 'sdp.answer'));
  const bodies = told.map((event) => new Set((event.lines ?? []).map((line) => line[1])));
  return told.slice(-2).map((event, index, shown) => {
    const n = told.length - shown.length + index;
    const other = bodies[n % 2 === 0 ? n + 1 : n - 1];
    return make('section', { class: 'description' },
      make('h3', {}, `${kinds[n]} · ${nameOf(model, event.node)} · ${clock(event.t)}`),
      make('ol', {}, ...(event.lines ?? []).map(([, text, meaning, detail, section]) => {
        const differs = other !== undefined && !other.has(text);
        return make('li', { class: differs ? 'differs' : 'same' },
          make('p', { class: 'sdp-line' }, differs ? make('span', { class: 'mark' }, t('sdp.differs')) : null, code(text)),
          make('p', { class: 'quiet', lang: 'en' }, `${meaning}${detail ? ` ${detail}` : ''}`, section ? make('span', { class: 'section' }, ` ${section}`) : null));
      })));
  });
}

/** @param {Model} model @param {Map<number, Side>} sides */
export function icePanel(model, sides) {
  const parts = [];
  for (const [node, side] of sides) {
    if (side.candidates.length === 0 && side.pairs.size === 0) continue;
    parts.push(make('section', { class: 'ice' }, make('h3', {}, nameOf(model, node)),
      make('ul', { class: 'candidates' }, ...side.candidates.map((one) =>
        make('li', {}, make('b', {}, one.type), ' ', code(one.address), make('p', { class: 'quiet' }, has(`candidate.${one.type}`) ? t(`candidate.${one.type}`) : '')))),
      ...[...side.pairs.values()].map((pair) => pairCard(model, pair))));
  }
  return parts.length > 0 ? parts : [make('p', { class: 'quiet' }, t('ice.none'))];
}

/** A pair and its fate. @param {Model} model @param {import('./state.js').Pair} pair */
function pairCard(model, pair) {
  const steps = pair.fate.map((i) => model.events[i]).map((event) => {
    const said = event.event === 'state' ? `${event.from} → ${event.to}` : (model.notes.get(event.rule ?? '')?.title ?? ruleName(event.rule ?? ''));
    return make('li', {}, code(clock(event.t)), ' ', make('bdi', { lang: 'en' }, said));
  });
  return make('details', { class: 'pair', 'data-state': pair.state, open: true },
    make('summary', {}, code(`${pair.local} → ${pair.remote}`), ' ',
      make('b', {}, pair.state), pair.nominated ? ` ★ ${t('ice.nominated')}` : '',
      pair.localType ? ` (${pair.localType} → ${pair.remoteType})` : ''),
    make('ol', { class: 'fate' }, ...steps));
}

/** The table of each NAT. @param {Model} model @param {Map<number, Side>} sides */
export function natPanel(model, sides) {
  const routers = [...sides].filter(([node, side]) => side.mappings.length > 0 || isRouter(model, node));
  if (routers.length === 0) return [make('p', { class: 'quiet' }, t(model.events.some((event) => isRouter(model, event.node)) ? 'nat.empty' : 'nat.none'))];
  return [make('p', { class: 'quiet' }, t('nat.lead')), ...routers.map(([node, side]) => table(nameOf(model, node), ['nat.inside', 'nat.outside', 'nat.remote', 'machines.since'],
    side.mappings.map((one) => make('tr', {},
      make('td', {}, code(one.inside)), make('td', {}, code(one.outside)), make('td', {}, one.remote === 'any' ? t('nat.any') : code(one.remote)), make('td', {}, code(clock(one.since)))))))];
}

/** @param {Model} model @param {Map<number, Side>} sides @param {number} now */
export function machinesPanel(model, sides, now) {
  const rows = [];
  for (const [node, side] of sides) {
    for (const [machine, { state, since }] of side.machines) {
      rows.push(make('tr', {}, make('td', {}, nameOf(model, node)), make('td', {}, machine), make('td', {}, code(state)), make('td', {}, code(clock(since)))));
    }
  }
  const timers = [];
  for (const [node, side] of sides) {
    for (const [timer, deadline] of side.timers) {
      timers.push(make('tr', {}, make('td', {}, nameOf(model, node)), make('td', {}, timer), make('td', {}, code(clock(deadline))), make('td', {}, code(clock(Math.max(0, deadline - now))))));
    }
  }
  return [table('machines.states', ['machines.who', 'machines.machine', 'machines.state', 'machines.since'], rows),
    table('machines.timers', ['machines.who', 'machines.timer', 'machines.due', 'machines.left'], timers)];
}

/** @param {string} caption @param {string[]} heads @param {Node[]} rows */
function table(caption, heads, rows) {
  return make('table', { class: 'machines' }, make('caption', {}, has(caption) ? t(caption) : caption),
    make('thead', {}, make('tr', {}, ...heads.map((key) => make('th', { scope: 'col' }, t(key))))),
    make('tbody', {}, ...(rows.length > 0 ? rows : [make('tr', {}, make('td', { colspan: heads.length }, '–'))])));
}
