// learn/experiment.js - choose the network and the seed, and run it.
import { make } from '../dom.js';
import { t } from '../i18n.js';

/** @type {[name: string, low: number, high: number, step: number, usual: string][]} */
const NUMBERS = [['loss', 0, 40, 1, '0'], ['delay', 0, 2000, 5, '25'], ['jitter', 0, 1000, 5, '0'], ['seed', 0, 999_999_999, 1, '1']];
/** @type {[key: string, run: Record<string, string>][]} */
const CARDS = [
  ['card.calm', { scenario: 'first-light', seed: '1' }],
  ['card.far', { scenario: 'first-light', seed: '2', delay: '300' }],
  ['card.lossy', { scenario: 'first-light', seed: '7', loss: '20' }],
  ['card.jitter', { scenario: 'first-light', seed: '3', jitter: '60' }],
  ['card.homes', { scenario: 'nat', seed: '1', a_nat: 'ei/apd', b_nat: 'ei/apd' }],
  ['card.hard', { scenario: 'nat', seed: '1', a_nat: 'apd/apd', b_nat: 'apd/apd' }],
  ['card.prflx', { scenario: 'one-symmetric', seed: '1' }],
  ['card.move', { scenario: 'rebinding', seed: '1' }],
  ['card.blocked', { scenario: 'udp-blocked', seed: '1' }],
  ['card.relay', { scenario: 'symmetric', seed: '1' }],
  ['card.liar', { scenario: 'attack-fingerprint', seed: '1' }],
];
/** Scenarios that take NATs. */
const FREE_NATS = 'nat';
const DEPENDENCES = ['ei', 'ad', 'apd'];

/** @param {HTMLFormElement} form @param {Record<string, string>} run what is shown now @param {(run: Record<string, string>) => void} onRun */
export function makeExperiment(form, run, onRun) {
  const inputs = NUMBERS.map(([name, low, high, step, usual]) => make('label', {},
    make('span', {}, t(`try.${name}`)),
    make('input', { type: 'number', name, min: low, max: high, step, value: run[name] ?? usual, required: true, 'data-testid': `try-${name}` })));
  const cards = CARDS.map(([key, settings]) => make('button', { type: 'button', class: 'card-button', 'data-testid': key, onclick: () => onRun(settings) },
    make('b', {}, t(key)), make('small', {}, t(`${key}.text`))));
  const nats = /** @type {const} */ (['a_nat', 'b_nat']).map((side) => natChoice(side, run));
  form.replaceChildren(
    make('div', { class: 'cards' }, ...cards),
    make('div', { class: 'settings' }, ...nats, choice('udp', ['both', 'a', 'b', 'none'], udpOf(run)), choice('turn', ['1', '0'], run.turn ?? '1'), ...inputs, make('button', { class: 'primary', 'data-testid': 'try-run' }, t('try.run'))));
  form.onsubmit = (event) => {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    onRun(runOf(given));
  };
}

/** What the form says as a run: where nothing stands in the way it is the quiet scenario with a file. @param {Record<string, string>} given */
export function runOf({ a_map, a_filter, b_map, b_filter, udp, turn, ...numbers }) {
  const [a, b] = [a_map === 'none' ? 'none' : `${a_map}/${a_filter}`, b_map === 'none' ? 'none' : `${b_map}/${b_filter}`];
  if (a === 'none' && b === 'none' && (udp ?? 'both') === 'both') return { scenario: 'first-light', ...numbers };
  /** @type {Record<string, string>} */
  const blocked = { ...(udp === 'a' || udp === 'none' ? { a_udp: '0' } : {}), ...(udp === 'b' || udp === 'none' ? { b_udp: '0' } : {}) };
  return { scenario: FREE_NATS, a_nat: a, b_nat: b, ...(turn === '0' ? { turn } : {}), ...blocked, ...numbers };
}

/** Whose network lets no UDP out. @param {Record<string, string>} run */
function udpOf(run) {
  const [a, b] = [run.a_udp === '0', run.b_udp === '0'];
  return a && b ? 'none' : a ? 'a' : b ? 'b' : 'both';
}

/** @param {string} name @param {string[]} values @param {string} chosen */
function choice(name, values, chosen) {
  return make('label', {}, make('span', {}, t(`try.${name}`)),
    make('select', { name, 'data-testid': `try-${name}` }, ...values.map((value) => make('option', { value, selected: value === chosen }, t(`try.${name}.${value}`)))));
}

/** Mapping and filtering of one side's NAT, apart. @param {'a_nat' | 'b_nat'} side @param {Record<string, string>} run */
function natChoice(side, run) {
  const [mapping, filtering] = (run[side] ?? 'none').includes('/') ? run[side].split('/') : ['none', 'apd'];
  const name = side === 'a_nat' ? 'a' : 'b';
  const select = (/** @type {string} */ field, /** @type {string[]} */ values, /** @type {string} */ chosen) => make('label', {},
    make('span', {}, t(`try.${name}.${field}`)),
    make('select', { name: `${name}_${field}`, 'data-testid': `try-${name}-${field}` }, ...values.map((value) => make('option', { value, selected: value === chosen }, t(value === 'none' ? 'nat.without' : `nat.${value}`)))));
  return make('div', { class: 'nat-choice' }, select('map', ['none', ...DEPENDENCES], mapping), select('filter', DEPENDENCES, filtering));
}
