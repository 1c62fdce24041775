// learn/delivery.js - one input, one pattern of losses, three channels: when each message arrives.
import { make } from '../dom.js';
import { t } from '../i18n.js';
import { ask } from './ask.js';
import { queryOf } from './link.js';
import { draw } from './svg.js';

/** @typedef {{ delivery: string, first_ms: number, stall_ms: number, longest_ms: number, missing: number, late: number, duplicates: number,
 *   messages: [number, number | null][], dark: [number, number][], run: Record<string, string> }} Lane */
/** @typedef {{ interval_ms: number, late_ms: number, lanes: Lane[] }} Delivery */

const WIDTH = 720;
const START = 64;
const HEIGHT = 92;
const TOP = 20;
const BOTTOM = 72;
/** @type {[name: string, low: number, high: number, step: number, usual: string][]} */
const NUMBERS = [['loss', 0, 40, 1, '10'], ['delay', 0, 500, 5, '25'], ['seed', 1, 999_999_999, 1, '1']];

/** @type {Delivery | null} */
let delivery = null;
/** @type {Record<string, string>} */
let given = {};

/** @param {HTMLElement} box */
export function makeDelivery(box) {
  const lanes = make('div', { class: 'lanes', 'data-testid': 'lanes' });
  const note = make('p', { class: 'notice', role: 'status' });
  const form = make('form', { class: 'settings', onsubmit: async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    try {
      delivery = await ask('/api/delivery', queryOf(given));
      note.textContent = '';
      drawLanes(lanes);
    } catch (error) {
      note.textContent = /** @type {Error} */ (error).message;
    }
  } },
  ...NUMBERS.map(([name, min, max, step, usual]) => make('label', {}, make('span', {}, t(`try.${name}`)),
    make('input', { type: 'number', name, min, max, step, value: given[name] ?? usual, required: true, 'data-testid': `lanes-${name}` }))),
  make('button', { class: 'primary', 'data-testid': 'lanes-run' }, t('lanes.run')));
  box.replaceChildren(make('p', { class: 'quiet' }, t('lanes.lead')), form, note, lanes);
  if (delivery) drawLanes(lanes);
}

/** @param {HTMLElement} box */
function drawLanes(box) {
  if (!delivery) return;
  const { lanes, late_ms: lateMs, interval_ms: interval } = delivery;
  const end = Math.max(...lanes.flatMap((lane) => lane.messages.map(([sent, arrived]) => arrived ?? sent))) * 1.02;
  box.replaceChildren(
    ...lanes.map((lane) => make('figure', { class: 'lane-figure', 'data-testid': `lane-${lane.delivery}` },
      make('figcaption', {}, t(`lanes.${lane.delivery}`)), picture(lane, end, lateMs))),
    tableOf(lanes), make('p', { class: 'quiet' }, t('lanes.late.what', { ms: lateMs, interval })));
}

/** @param {Lane} lane @param {number} end @param {number} lateMs */
function picture(lane, end, lateMs) {
  const x = (/** @type {number} */ ms) => START + (ms / end) * (WIDTH - START - 8);
  const words = t('lanes.picture', { lane: t(`lanes.${lane.delivery}`), missing: lane.missing, late: lane.late, stall: Math.round(lane.stall_ms) });
  return draw('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'lane-picture', role: 'img', 'aria-label': words },
    ...lane.dark.filter(([from]) => from < end).map(([from, until]) => draw('rect', { class: 'dark', x: x(Math.max(0, from)), y: TOP - 8, width: Math.max(1, x(Math.min(end, until)) - x(Math.max(0, from))), height: BOTTOM - TOP + 16 })),
    draw('text', { x: 2, y: TOP + 4 }, t('lanes.sent')), draw('text', { x: 2, y: BOTTOM + 4 }, t('lanes.arrived')),
    ...[TOP, BOTTOM].map((y) => draw('line', { class: 'rail', x1: START, x2: WIDTH - 8, y1: y, y2: y })),
    ...lane.messages.map(([sent, arrived]) => flight(x, sent, arrived, lateMs)),
    ...ticks(end).map((ms) => draw('text', { class: 'tick', x: x(ms), y: HEIGHT - 2 }, `${ms} ms`)));
}

/** @param {(ms: number) => number} x @param {number} sent @param {number | null} arrived @param {number} lateMs */
function flight(x, sent, arrived, lateMs) {
  const from = x(sent);
  if (arrived === null) return draw('path', { class: 'gone', d: `M${from} ${TOP} v14 m-4 0 l8 8 m0 -8 l-8 8` });
  return draw('line', { class: arrived - sent > lateMs ? 'late' : 'there', x1: from, y1: TOP, x2: x(arrived), y2: BOTTOM });
}

/** @param {number} end */
function ticks(end) {
  const step = end > 3000 ? 1000 : end > 1500 ? 500 : 250;
  return Array.from({ length: Math.floor(end / step) }, (_, n) => (n + 1) * step);
}

/** @param {Lane[]} lanes */
function tableOf(lanes) {
  const ms = (/** @type {number} */ value) => make('td', { dir: 'ltr' }, `${value.toFixed(1)} ms`);
  return make('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': t('lanes.caption') }, make('table', { 'data-testid': 'lanes-table' },
    make('caption', {}, t('lanes.caption')),
    make('thead', {}, make('tr', {}, make('td', {}), ...['first', 'stall', 'longest', 'missing', 'late', 'trace'].map((key) => make('th', { scope: 'col' }, t(`lanes.${key}`))))),
    make('tbody', {}, ...lanes.map((lane) => make('tr', { 'data-lane': lane.delivery, 'data-missing': lane.missing, 'data-late': lane.late, 'data-stall': lane.stall_ms },
      make('th', { scope: 'row' }, t(`lanes.${lane.delivery}`)), ms(lane.first_ms), ms(lane.stall_ms), ms(lane.longest_ms),
      make('td', {}, String(lane.missing)), make('td', {}, String(lane.late)),
      make('td', {}, make('a', { href: `#${queryOf(lane.run)}`, 'data-testid': `lane-run-${lane.delivery}` }, t('lanes.open'))))))));
}
