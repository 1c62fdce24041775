// learn/diagram.js - the sequence diagram: a lane per host and NAT, time downwards, arrows as long as
// their packets took. It is decoration for who can see it; the list of events says the same in words.
import { make } from '../dom.js';
import { t } from '../i18n.js';
import { draw } from './svg.js';
import { isRouter, lanesOf, nameOf, SIGNALING } from './trace.js';

/** @typedef {import('./trace.js').Model} Model @typedef {import('./trace.js').Leg} Leg */

const TOP = 44;
const WIDE = 190;      // from lane to lane, where there are few
const NARROW = 100;
const USUAL_WIDTH = 500;
const MARGIN = 70;
const STEP = 20;       // between two instants that follow each other at once
const MAX_GAP = 62;    // for a silence, however long
const PER_MS = 1.1;
const KIND = /^(STUN|DTLS|TURN|ChannelData)/;

/** Where each instant is drawn: silences are cut short, so that something happens on every screen. @param {Model} model */
export function timeScale(model) {
  /** @type {Map<number, number>} */
  const places = new Map();
  let y = TOP + 24;
  let before = null;
  const seen = new Map();
  for (const leg of model.legs) {
    const t0 = model.events[leg.sent].t;
    seen.set(t0, (seen.get(t0) ?? 0) + 1);
    if (leg.received !== null) seen.set(model.events[leg.received].t, seen.get(model.events[leg.received].t) ?? 0);
  }
  for (const instant of [...seen.keys()].sort((a, b) => a - b)) {
    if (before !== null) y += Math.max(STEP, Math.min(MAX_GAP, (instant - before) * PER_MS)) + Math.max(0, seen.get(before) - 1) * STEP;
    places.set(instant, y);
    before = instant;
  }
  const last = before === null ? 0 : seen.get(before) ?? 0;
  return { places, height: y + 40 + last * STEP };
}

/** From lane to lane. @param {number} lanes */
function laneWidth(lanes) {
  return Math.max(NARROW, Math.min(WIDE, USUAL_WIDTH / Math.max(1, lanes - 1)));
}

/** @param {Leg} leg @param {Model} model */
function kindOf(leg, model) {
  if (leg.signaling) return 'signaling';
  return (KIND.exec(model.events[leg.sent].summary ?? '')?.[1] ?? 'other').toLowerCase();
}

/** @param {string} summary */
function labelOf(summary) {
  const short = summary.replace(/^STUN Binding /, 'STUN ').replace(/ (user|mapped|priority)=.*/, '').replace(/^DTLS (application data|encrypted record)/, 'DTLS data');
  return short.length > 34 ? `${short.slice(0, 33)}…` : short;
}

/** The whole picture, once per trace: the names of the lanes stay where they are, the rest scrolls under them. @param {Model} model @param {(event: number) => void} onPick */
export function makeDiagram(model, onPick) {
  const lanes = lanesOf(model);
  const lane = laneWidth(lanes.length);
  const x = new Map(lanes.map((id, k) => [id, MARGIN + k * lane]));
  const { places, height } = timeScale(model);
  const width = MARGIN * 2 + Math.max(0, lanes.length - 1) * lane;
  const heads = draw('svg', { viewBox: `0 0 ${width} ${TOP}`, width, height: TOP, 'aria-hidden': 'true', class: 'sequence heads' });
  const svg = draw('svg', { viewBox: `0 ${TOP} ${width} ${height - TOP}`, width, height: height - TOP, 'aria-hidden': 'true', class: 'sequence' });
  svg.append(marker());
  for (const node of lanes) {
    const at = x.get(node) ?? 0;
    svg.append(draw('line', { x1: at, y1: TOP, x2: at, y2: height - 10, class: node === SIGNALING ? 'lane signaling' : 'lane' }));
    heads.append(
      draw('rect', { x: at - Math.min(66, lane / 2 - 3), y: 8, width: Math.min(132, lane - 6), height: 28, rx: 8, class: 'lane-head' }),
      draw('text', { x: at, y: 27, class: 'lane-name' }, node === SIGNALING ? t('lane.signaling') : nameOf(model, node)));
  }
  /** @type {Map<number, number>} */
  const used = new Map();
  let shownTime = -1;
  const sorted = [...model.legs].sort((a, b) => a.sent - b.sent);
  for (const leg of sorted) {
    const start = model.events[leg.sent].t;
    const nth = used.get(start) ?? 0;
    used.set(start, nth + 1);
    const y1 = (places.get(start) ?? 0) + nth * STEP;
    if (start !== shownTime) {
      svg.append(draw('text', { x: 4, y: y1 + 4, class: 'tick' }, `${start.toFixed(start < 100 ? 1 : 0)}`));
      shownTime = start;
    }
    svg.append(arrow(model, leg, x, y1, places, nth, onPick));
  }
  return make('div', { class: 'sequences' }, heads, svg);
}

function marker() {
  return draw('defs', {}, draw('marker', { id: 'tip', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: 'userSpaceOnUse', orient: 'auto' },
    draw('path', { d: 'M0 0 L8 4 L0 8 z' })));
}

/**
 * @param {Model} model @param {Leg} leg @param {Map<number, number>} x @param {number} y1 @param {Map<number, number>} places
 * @param {number} nth @param {(event: number) => void} onPick
 */
function arrow(model, leg, x, y1, places, nth, onPick) {
  const event = model.events[leg.sent];
  const x1 = x.get(leg.from) ?? 0;
  const arrives = leg.received === null ? null : model.events[leg.received].t;
  const group = draw('g', { class: `leg ${kindOf(leg, model)}`, 'data-sent': leg.sent, 'data-received': leg.received ?? undefined });
  group.addEventListener('click', () => onPick(leg.sent));
  const text = event.summary ?? event.text ?? '';
  if (leg.to === null || arrives === null) {
    const x2 = endOf(model, leg, x, x1);
    group.append(
      draw('path', { d: `M${x1} ${y1} L${x2} ${y1 + 10}`, class: 'flight' }),
      draw('path', { d: `M${x2 - 5} ${y1 + 5} l10 10 m0 -10 l-10 10`, class: 'cross' }),
      draw('text', { x: (x1 + x2) / 2, y: y1 - 4, class: 'label' }, labelOf(text)));
    return group;
  }
  const x2 = x.get(leg.to) ?? 0;
  const y2 = Math.max((places.get(arrives) ?? y1) + (nth > 0 && arrives === event.t ? nth * STEP : 0), y1 + 4);
  if (leg.signaling) {
    const mid = x.get(SIGNALING) ?? (x1 + x2) / 2;
    const half = y1 + (y2 - y1) / 2;
    group.append(draw('path', { d: `M${x1} ${y1} L${mid} ${half}`, class: 'flight' }), draw('path', { d: `M${mid} ${half} L${x2} ${y2}`, class: 'flight', 'marker-end': 'url(#tip)' }));
  } else {
    group.append(draw('path', { d: `M${x1} ${y1} L${x2} ${y2}`, class: 'flight', 'marker-end': 'url(#tip)' }));
  }
  for (const at of routersBetween(model, x, x1, x2)) {
    if (!leg.signaling) group.append(draw('circle', { cx: at, cy: y1 + (y2 - y1) * ((at - x1) / (x2 - x1)), r: 4, class: 'rewrite' }));
  }
  const side = x2 > x1 ? 1 : -1;
  const label = draw('text', { x: x1 + side * 10, y: y1 - 4, class: side > 0 ? 'label start' : 'label end' }, labelOf(text));
  group.append(label);
  return group;
}

/** Where NATs rewrite what passes. @param {Model} model @param {Map<number, number>} x @param {number} x1 @param {number} x2 */
function routersBetween(model, x, x1, x2) {
  return [...x].filter(([lane, at]) => isRouter(model, lane) && (at - x1) * (at - x2) < 0).map(([, at]) => at);
}

/** Where a packet ends that does not arrive: at the far NAT that keeps it out, else on the way. @param {Model} model @param {Leg} leg @param {Map<number, number>} x @param {number} x1 */
function endOf(model, leg, x, x1) {
  const places = [...x.values()];
  const side = x1 < (Math.min(...places) + Math.max(...places)) / 2 ? 1 : -1;
  const routers = routersBetween(model, x, x1, side > 0 ? Infinity : -Infinity).sort((a, b) => (a - b) * side);
  const lane = laneWidth(places.length);
  const own = routers.filter((at) => Math.abs(at - x1) <= lane).at(-1);
  if (/filter|mapping|firewall/.test(leg.lost) && routers.length > 1) return routers.at(-1) ?? x1;
  return (own ?? x1) + side * lane * 0.45;
}

/** Marks what has happened, what is happening and what is still to come. @param {Element} picture @param {number} at */
export function markDiagram(picture, at) {
  /** @type {Element | null} */
  let current = null;
  for (const leg of picture.querySelectorAll('.leg')) {
    const sent = Number(leg.getAttribute('data-sent'));
    const received = leg.hasAttribute('data-received') ? Number(leg.getAttribute('data-received')) : Infinity;
    const when = sent > at ? 'future' : sent === at || received === at ? 'now' : received > at && received !== Infinity ? 'flying' : 'past';
    leg.setAttribute('data-when', when);
    if (when === 'now' || (when !== 'future' && current === null)) current = leg;
    if (when === 'past' || when === 'flying') current = leg;
  }
  for (const leg of picture.querySelectorAll('[data-when=now]')) current = leg;
  return current;
}
