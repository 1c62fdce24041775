// pseudo.js - two languages that nobody speaks, for tests of the layout: one with long words, one that is
// written from right to left. Chosen by localStorage alone ("glass-language": "x-long" or "x-rtl").

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const RIGHT_TO_LEFT = 'ابثدهفقحيجكلمنوپرستعطڤظخىز';
const LONGER_BY = 0.45;

/** @type {Record<string, (words: string) => string>} */
const DISGUISES = {
  'x-long': (words) => words + ' ẃøřđš'.repeat(Math.ceil((words.length * LONGER_BY) / 6)).slice(0, Math.ceil(words.length * LONGER_BY)),
  'x-rtl': (words) => [...words].map((letter) => [...RIGHT_TO_LEFT][LETTERS.indexOf(letter.toLowerCase())] ?? letter).join(''),
};

/** @param {string} language */
export function isPseudo(language) {
  return language in DISGUISES;
}

/** An English sentence in a pseudo-language; the {places} in it stay. @param {string} language @param {string} sentence */
export function disguise(language, sentence) {
  const change = DISGUISES[language];
  return change ? sentence.split(/(\{\w+\})/).map((part) => (part.startsWith('{') || part.trim() === '' ? part : change(part))).join('') : sentence;
}
