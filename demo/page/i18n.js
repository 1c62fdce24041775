// i18n.js - one catalogue per language, keys in the code, sentences in the catalogues.
import en from './en.js';
import { disguise, isPseudo } from './pseudo.js';
import urLatn from './ur-latn.js';

/** @type {Record<string, Record<string, string>>} */
const CATALOGUES = { en: { ...en }, 'ur-Latn': { ...urLatn } };
const STORAGE_KEY = 'glass-language';

export const LANGUAGES = Object.keys(CATALOGUES);

let current = 'en';

/** The sentence of a key, with {name} places filled. @param {string} key @param {Record<string, string | number>} [values] */
export function t(key, values = {}) {
  const sentence = isPseudo(current) ? disguise(current, CATALOGUES.en[key] ?? key) : CATALOGUES[current][key] ?? CATALOGUES.en[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** More sentences for a language: those of another page. @param {string} name @param {Record<string, string>} sentences */
export function extend(name, sentences) {
  Object.assign(CATALOGUES[name], sentences);
}

/** @param {string} key */
export function has(key) {
  return key in CATALOGUES.en;
}

export function language() {
  return current;
}

/** The language chosen before, or the browser's first one that there is. */
export function startLanguage() {
  let wanted = null;
  try {
    wanted = localStorage.getItem(STORAGE_KEY);
  } catch {
    // Storage can be switched off; the choice then lasts until the page is closed.
  }
  setLanguage(wanted ?? 'en');
}

/** @param {string} name */
export function setLanguage(name) {
  current = name in CATALOGUES || isPseudo(name) ? name : 'en';
  document.documentElement.lang = isPseudo(current) ? 'en' : current;
  document.documentElement.dir = current === 'x-rtl' ? 'rtl' : 'ltr';  // both catalogues of today are in Latin letters
  try {
    localStorage.setItem(STORAGE_KEY, current);
  } catch {
    // See startLanguage.
  }
  translate(document.documentElement);
}

/**
 * Fills every element that names its sentence: data-i18n for the text, and data-i18n-attr as
 * "aria-label:key" for an attribute.
 * @param {Element} root
 */
export function translate(root) {
  for (const node of root.querySelectorAll('[data-i18n]')) {
    node.textContent = t(node.getAttribute('data-i18n') ?? '');
  }
  for (const node of root.querySelectorAll('[data-i18n-attr]')) {
    for (const part of (node.getAttribute('data-i18n-attr') ?? '').split(' ')) {
      const [name, key] = part.split(':');
      node.setAttribute(name, t(key));
    }
  }
}
