// learn/bugs.js - find the bug: a run in which one peer has a fault, and the question which packet shows it.
//
// The answer is in the trace: a metric "fault sent" stands before each packet that the fault changed, a
// "fault heard" after each that was not heard.
import { make } from '../dom.js';
import { t } from '../i18n.js';

/** @typedef {import('./trace.js').Model} Model */

export const BUGS = 14;

/** @param {number} n @returns {Record<string, string>} */
export const runOfBug = (n) => ({ scenario: `bug-${n}`, seed: '1' });

/** Which one this run is, or 0. @param {Record<string, string>} run */
export function bugOf(run) {
  return Number(/^bug-(\d{1,2})$/.exec(run.scenario ?? '')?.[1] ?? 0);
}

/** What was found, by bug. @type {Map<number, boolean>} */
const verdicts = new Map();

/** The events that the fault touched, arrivals with departures. @param {Model} model @returns {Set<number>} */
export function faultyOf(model) {
  /** @type {Set<number>} */
  const faulty = new Set();
  for (const [at, event] of model.events.entries()) {
    if (event.event !== 'metric') continue;
    const here = (/** @type {import('./trace.js').Event} */ one, /** @type {string} */ direction) =>
      one.event === 'packet' && one.node === event.node && one.direction === direction && one.layer !== 'sctp' && one.t === event.t;
    const touched = event.metric === 'fault sent' ? model.events.slice(at).find((one) => here(one, 'sent'))
      : event.metric === 'fault heard' ? model.events.slice(0, at).findLast((one) => here(one, 'received')) : undefined;
    const leg = touched && model.legOf.get(touched.i);
    for (const i of [touched?.i, leg?.sent, leg?.received]) if (i !== undefined && i !== null) faulty.add(i);
  }
  return faulty;
}

/** The cards. @param {HTMLElement} box @param {(run: Record<string, string>) => void} onRun */
export function makeBugs(box, onRun) {
  box.replaceChildren(
    make('p', { class: 'quiet' }, t('bugs.lead')),
    make('div', { class: 'bug-cards' }, ...Array.from({ length: BUGS }, (_, k) => make('button', {
      type: 'button', 'data-testid': `bug-${k + 1}`, onclick: () => onRun(runOfBug(k + 1)),
    }, t('bugs.number', { n: k + 1 }), verdicts.get(k + 1) ? ` ✓ ${t('bugs.found')}` : ''))));
}

/** The question in the place of a lesson. @param {HTMLFormElement} form @param {number} n @param {Model} model @param {number} at @param {(at: number) => void} goTo @param {() => void} changed */
export function makeBugQuestion(form, n, model, at, goTo, changed) {
  const faulty = faultyOf(model);
  const verdict = verdicts.get(n);
  const judge = () => {
    verdicts.set(n, verdicts.get(n) === true || faulty.has(at));
    changed();
  };
  const show = () => {
    verdicts.set(n, true);
    goTo(model.moments.find((moment) => faulty.has(moment)) ?? at);
    changed();
  };
  form.replaceChildren(
    make('p', {}, t('bugs.task')),
    make('div', { class: 'buttons' },
      make('button', { type: 'button', class: 'primary', 'data-testid': 'bug-this', 'data-key': 'bug-this', onclick: judge }, t('bugs.this')),
      make('button', { type: 'button', 'data-testid': 'bug-show', 'data-key': 'bug-show', onclick: show }, t('bugs.show'))),
    make('p', { role: 'status', 'data-testid': 'bug-verdict', class: verdict ? 'equal' : 'quiet' },
      verdict === undefined ? '' : verdict ? `${t('bugs.yes')} ${t(`bug.${n}`)}` : t('bugs.no')));
  form.onsubmit = (event) => event.preventDefault();
  form.hidden = false;
}
