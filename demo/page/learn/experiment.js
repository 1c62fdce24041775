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
];

/** @param {HTMLFormElement} form @param {Record<string, string>} run what is shown now @param {(run: Record<string, string>) => void} onRun */
export function makeExperiment(form, run, onRun) {
  const inputs = NUMBERS.map(([name, low, high, step, usual]) => make('label', {},
    make('span', {}, t(`try.${name}`)),
    make('input', { type: 'number', name, min: low, max: high, step, value: run[name] ?? usual, required: true, 'data-testid': `try-${name}` })));
  const cards = CARDS.map(([key, settings]) => make('button', { type: 'button', class: 'card-button', 'data-testid': key, onclick: () => onRun(settings) },
    make('b', {}, t(key)), make('small', {}, t(`${key}.text`))));
  form.replaceChildren(
    make('div', { class: 'cards' }, ...cards),
    make('div', { class: 'settings' }, ...inputs, make('button', { class: 'primary', 'data-testid': 'try-run' }, t('try.run'))));
  form.onsubmit = (event) => {
    event.preventDefault();
    const wanted = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    onRun({ scenario: run.scenario ?? 'first-light', ...wanted });
  };
}
