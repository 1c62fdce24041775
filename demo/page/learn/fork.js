// learn/fork.js - the same run with another network from some instant on, side by side with what was.
//
// Both are runs of the server. What is the same in both is told by comparing the events one by one.
import { code, make } from '../dom.js';
import { t } from '../i18n.js';
import { clock, sentenceOf } from './events.js';
import { queryOf } from './link.js';
import { loadTrace } from './load.js';
import { makeDiagram, markDiagram } from './diagram.js';

/** @typedef {import('./trace.js').Model} Model @typedef {import('./trace.js').Event} Event */

const BEFORE = 4;   // events shown before the two part
const AFTER = 14;
const MICROSECONDS = 1000;
/** @type {[name: string, high: number, step: number][]} */
const NUMBERS = [['loss', 40, 1], ['delay', 2000, 5], ['jitter', 1000, 5]];

/** Scenarios that the server can fork. @param {Record<string, string>} run */
export function canFork(run) {
  return !/^(bug|delivery|attack)/.test(run.scenario ?? '');
}

/** The run again, with another network from an instant on. @param {Record<string, string>} run @param {number} ms @param {Record<string, string>} other */
export function forkedRun(run, ms, other) {
  return { ...run, fork: String(Math.round(ms * MICROSECONDS)), fork_loss: other.loss, fork_delay: other.delay, fork_jitter: other.jitter };
}

/** How many moments are the same from the start on. @param {Model} a @param {Model} b */
export function commonMoments(a, b) {
  const limit = Math.min(a.moments.length, b.moments.length);
  for (let n = 0; n < limit; n += 1) if (shapeOf(a, a.moments[n]) !== shapeOf(b, b.moments[n])) return n;
  return limit;
}

/** All that an event says but its place in the list. @param {Model} model @param {number} at */
function shapeOf(model, at) {
  const { i: _, ...event } = model.events[at];
  return JSON.stringify(event);
}

/** @param {HTMLElement} box @param {Record<string, string>} run @param {Event} event where to fork @param {Model} model */
export function makeFork(box, run, event, model) {
  const note = make('p', { class: 'notice', role: 'status', 'data-testid': 'fork-note' });
  const result = make('div', { class: 'fork-result', 'data-testid': 'fork-result' });
  const { fork: _a, fork_loss: _b, fork_delay: _c, fork_jitter: _d, ...base } = run;
  const form = make('form', { class: 'settings', 'data-testid': 'fork-form', onsubmit: async (/** @type {SubmitEvent} */ submit) => {
    submit.preventDefault();
    const other = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    const forked = forkedRun(base, event.t, other);
    try {
      const after = await loadTrace(forked);
      compare(result, note, model, after, forked);
    } catch (error) {
      note.textContent = t('ask.failed', { text: String(/** @type {any} */ (error)?.values?.text ?? error) });
    }
  } },
  ...NUMBERS.map(([name, high, step]) => make('label', {}, make('span', {}, t(`try.${name}`)),
    make('input', { type: 'number', name, min: 0, max: high, step, value: run[name] ?? (name === 'delay' ? '25' : name === 'loss' ? '20' : '0'), required: true, 'data-testid': `fork-${name}` }))),
  make('button', { class: 'primary', 'data-testid': 'fork-run' }, t('fork.run')));
  box.replaceChildren(
    make('h2', { id: 'fork-title' }, t('fork.title')),
    make('p', { class: 'quiet' }, canFork(run) ? t('fork.lead', { t: clock(event.t) }) : t('fork.none')),
    ...(canFork(run) ? [form, note, result] : []),
    make('button', { type: 'button', 'data-testid': 'fork-close', onclick: () => { box.hidden = true; } }, t('fork.close')));
  box.hidden = false;
  /** @type {HTMLElement | null} */ (box.querySelector('input, button'))?.focus();
}

/** @param {HTMLElement} box @param {HTMLElement} note @param {Model} before @param {Model} after @param {Record<string, string>} forked */
function compare(box, note, before, after, forked) {
  const same = commonMoments(before, after);
  const parted = same < Math.max(before.moments.length, after.moments.length);
  const first = parted ? [before, after].flatMap((model) => (same < model.moments.length ? [model.events[model.moments[same]].t] : [])).sort((a, b) => a - b)[0] : 0;
  note.textContent = parted ? t('fork.at', { n: same, t: clock(first) }) : t('fork.same');
  box.dataset.same = String(same);
  const rows = Array.from({ length: BEFORE + AFTER }, (_, k) => same - BEFORE + k).filter((n) => n >= 0 && n < Math.max(before.moments.length, after.moments.length));
  box.replaceChildren(
    make('div', { class: 'fork-pictures' }, ...[before, after].map((model, k) => pictureOf(model, same, t(k === 0 ? 'fork.before' : 'fork.after')))),
    make('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': t('fork.table') }, make('table', { class: 'fork-table', 'data-testid': 'fork-table' },
      make('caption', {}, t('fork.table')),
      make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, t('fork.before')), make('th', { scope: 'col' }, t('fork.after')))),
      make('tbody', {}, ...rows.map((n) => make('tr', { class: n < same ? 'same' : 'parted' },
        ...[before, after].map((model) => make('td', {}, n === same ? make('span', { class: 'mark' }, `⑂ ${t('fork.mark')}`) : null, n === same ? ' ' : null, ...momentOf(model, n)))))))),
    make('p', {}, make('a', { href: `#${queryOf(forked)}`, 'data-testid': 'fork-open' }, t('fork.open'))));
  for (const picture of box.querySelectorAll('.fork-picture')) {
    const mark = picture.querySelector('[data-when=now]');
    if (mark) picture.scrollTop = Math.max(0, mark.getBoundingClientRect().top - picture.getBoundingClientRect().top - 60);
  }
}

/** @param {Model} model @param {number} same @param {string} title */
function pictureOf(model, same, title) {
  const svg = makeDiagram(model, () => {});
  markDiagram(svg, model.moments[Math.min(same, model.moments.length - 1)] ?? 0);
  return make('figure', {}, make('figcaption', { class: 'quiet' }, title), make('div', { class: 'fork-picture diagram', tabindex: '0', role: 'region', 'aria-label': title }, svg));
}

/** @param {Model} model @param {number} n @returns {any[]} */
function momentOf(model, n) {
  const at = model.moments[n];
  if (at === undefined) return [t('fork.end')];
  return [code(clock(model.events[at].t)), ' ', make('bdi', {}, sentenceOf(model, model.events[at]))];
}
