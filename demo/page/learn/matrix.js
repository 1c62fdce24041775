// learn/matrix.js - who meets whom: the 81 pairs of NATs, each a link to the run that the cell was read from.
import { code, make } from '../dom.js';
import { t } from '../i18n.js';
import { ask } from './ask.js';
import { queryOf } from './link.js';

/** @typedef {{ a: string, b: string, outcome: 'direct' | 'relay' | 'fail', run: Record<string, string> }} Cell */
/** @typedef {{ seed: string, kinds: string[], cells: Cell[], ms: number }} Matrix */

const LETTERS = { direct: 'D', relay: 'R', fail: '–' };
const SEED = '1';

/** @type {Matrix | null} */
let matrix = null;

/** @param {HTMLElement} box */
export function makeMatrix(box) {
  const note = make('p', { class: 'notice', role: 'status', 'data-testid': 'matrix-note' });
  const turn = make('input', { type: 'checkbox', 'data-testid': 'matrix-turn' });
  const table = make('div', { class: 'matrix-box', tabindex: '0', role: 'group', 'aria-label': t('matrix.title') });
  const compute = make('button', { type: 'button', class: 'primary', 'data-testid': 'matrix-run', onclick: async () => {
    const began = performance.now();
    try {
      matrix = { ...await ask('/api/matrix', `seed=${SEED}&turn=${turn.checked ? 1 : 0}`), ms: 0 };
      if (matrix) matrix.ms = Math.round(performance.now() - began);
      draw(table, note);
    } catch (error) {
      note.textContent = /** @type {Error} */ (error).message;
    }
  } }, t('matrix.run'));
  box.replaceChildren(
    make('p', { class: 'quiet' }, t('matrix.lead')),
    make('div', { class: 'settings' }, make('label', { class: 'check' }, turn, ' ', t('matrix.turn')), compute),
    note, table);
  if (matrix) draw(table, note);
}

/** @param {HTMLElement} box @param {HTMLElement} note */
function draw(box, note) {
  if (!matrix) return;
  const { cells, kinds } = matrix;
  const count = (/** @type {string} */ outcome) => cells.filter((cell) => cell.outcome === outcome).length;
  note.textContent = t('matrix.counts', { direct: count('direct'), relay: count('relay'), fail: count('fail'), ms: matrix.ms, seed: matrix.seed });
  const byPair = new Map(cells.map((cell) => [`${cell.a} ${cell.b}`, cell]));
  box.replaceChildren(make('table', { class: 'matrix', 'data-testid': 'matrix' },
    make('caption', {}, t('matrix.caption')),
    make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, t('matrix.corner')), ...kinds.map((kind) => make('th', { scope: 'col' }, code(kind))))),
    make('tbody', {}, ...kinds.map((a) => make('tr', {}, make('th', { scope: 'row' }, code(a)), ...kinds.map((b) => cellOf(byPair.get(`${a} ${b}`))))))),
    make('p', { class: 'quiet' }, t('matrix.legend')));
}

/** @param {Cell | undefined} cell */
function cellOf(cell) {
  if (!cell) return make('td', {});
  const words = t('matrix.cell', { a: cell.a, b: cell.b, outcome: t(`matrix.${cell.outcome}`) });
  return make('td', { class: `cell ${cell.outcome}` },
    make('a', { href: `#${queryOf(cell.run)}`, title: words, 'aria-label': words, 'data-testid': `cell-${cell.a}-${cell.b}`.replaceAll('/', '.'), 'data-outcome': cell.outcome }, LETTERS[cell.outcome]));
}
