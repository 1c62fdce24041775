// learn/keys.js - the keyboard: the same keys everywhere, none of them while somebody types.
import { make } from '../dom.js';
import { t } from '../i18n.js';

/** Key, sentence, letter (those can be switched off). @type {[string, string, boolean][]} */
const KEYS = [
  ['→ / ←', 'help.event', false], ['Shift + → / ←', 'help.chapter', false], ['Enter / Backspace', 'help.step', false], ['Space', 'help.play', false],
  ['Home / End', 'help.ends', false], ['[ / ]', 'help.speed', true], ['B', 'tab.packet', true], ['R', 'tab.rules', true], ['S', 'tab.sdp', true],
  ['I', 'tab.ice', true], ['N', 'tab.nat', true], ['M', 'tab.machines', true], ['F', 'help.fork', true], ['?', 'help.open', true],
];
const TABS = { b: 'packet', r: 'rules', s: 'sdp', i: 'ice', n: 'nat', m: 'machines' };
const NAMES = { ArrowRight: 'on', ArrowLeft: 'back', Home: 'start', End: 'end', ' ': 'play' };

/** @param {any} actions @param {HTMLInputElement} lettersOn */
export function bindKeys(actions, lettersOn) {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const target = /** @type {Element | null} */ (event.target);
    if (target?.closest('input:not([type=range]), select, textarea, dialog')) return;
    const action = actionOf(event, actions, target, lettersOn.checked);
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** @param {KeyboardEvent} event @param {any} actions @param {Element | null} target @param {boolean} letters @returns {(() => void) | null} */
function actionOf(event, actions, target, letters) {
  const onButton = target?.closest('button, a, summary, label') !== null && target !== document.body;
  if (event.shiftKey && event.key === 'ArrowRight') return actions.chapterOn;
  if (event.shiftKey && event.key === 'ArrowLeft') return actions.chapterBack;
  if ((event.key === ' ' || event.key === 'Enter') && onButton) return null;
  if (event.key === 'Enter') return actions.next;
  if (event.key === 'Backspace') return actions.previous;
  const name = /** @type {Record<string, string>} */ (NAMES)[event.key];
  if (name) return actions[name];
  if (!letters) return null;
  if (event.key === '?') return actions.help;
  if (event.key.toLowerCase() === 'f') return actions.fork;
  if (event.key === ']') return actions.faster;
  if (event.key === '[') return actions.slower;
  const tab = /** @type {Record<string, string>} */ (TABS)[event.key.toLowerCase()];
  return tab ? () => actions.tab(tab) : null;
}

/** @param {Element} list */
export function fillHelp(list) {
  list.replaceChildren(...KEYS.flatMap(([key, sentence]) => [make('dt', {}, make('kbd', { dir: 'ltr' }, key)), make('dd', {}, t(sentence))]));
}
