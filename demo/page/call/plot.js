// call/plot.js - the last minute of a figure as a line, or two: solid for what comes, dashed for what goes.
import { t } from '../i18n.js';
import { draw } from '../learn/svg.js';

/** @typedef {import('./figures.js').Figures} Figures @typedef {import('./figures.js').FigureName} FigureName */

const WIDTH = 320;
const HEIGHT = 96;
const START = 46;
const TOP = 12;
const BOTTOM = 80;

/** The lines of each figure: class and value. @type {Record<FigureName, [string, (one: Figures) => number][]>} */
const LINES = {
  rate: [['comes', (one) => one.receiving], ['goes', (one) => one.sending]],
  loss: [['comes', (one) => one.loss]],
  rtt: [['comes', (one) => one.rtt]],
  jitter: [['comes', (one) => one.jitter]],
};
/** @type {Record<FigureName, string>} */
const UNITS = { rate: 'kbit/s', loss: '%', rtt: 'ms', jitter: 'ms' };

/** @param {SVGElement} svg @param {Figures[]} figures @param {FigureName} name @param {number} kept how many fit */
export function drawPlot(svg, figures, name, kept) {
  const lines = LINES[name].map(([kind, value]) => ({ kind, values: figures.map(value) }));
  const known = lines.flatMap((line) => line.values).filter(Number.isFinite);
  const top = roundUp(Math.max(1, ...known));
  /** @param {number} index */
  const x = (index) => START + ((kept - figures.length + index) * (WIDTH - START - 4)) / (kept - 1);
  /** @param {number} value */
  const y = (value) => BOTTOM - (value / top) * (BOTTOM - TOP);
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('aria-label', t('call.plot', { figure: t(`call.figure.${name}`), low: low(known), high: low(known.map((one) => -one), -1), unit: UNITS[name] }));
  svg.replaceChildren(
    ...[0, top].map((value) => draw('line', { class: 'grid', x1: START, x2: WIDTH - 4, y1: y(value), y2: y(value) })),
    draw('text', { x: START - 4, y: TOP + 4, class: 'end' }, String(top)), draw('text', { x: START - 4, y: BOTTOM + 3, class: 'end' }, '0'),
    draw('text', { x: START - 4, y: (TOP + BOTTOM) / 2 + 3, class: 'end' }, UNITS[name]),
    draw('text', { x: START, y: HEIGHT - 3 }, `−${kept} s`), draw('text', { x: WIDTH - 4, y: HEIGHT - 3, class: 'end' }, '0 s'),
    ...lines.flatMap(({ kind, values }) => {
      const points = values.map((value, index) => [x(index), y(value)]).filter(([, at]) => Number.isFinite(at));
      return points.length < 2 ? [] : [draw('polyline', { class: `line ${kind}`, points: points.map((point) => point.map((one) => one.toFixed(1)).join(',')).join(' ') })];
    }));
}

/** @param {number[]} values @param {1 | -1} [sign] */
function low(values, sign = 1) {
  return values.length === 0 ? '–' : (sign * Math.min(...values)).toFixed(1);
}

/** To the next 1, 2 or 5 of a power of ten. @param {number} value */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return (([1, 2, 5, 10].find((step) => step * power >= value)) ?? 10) * power;
}
