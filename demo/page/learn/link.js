// learn/link.js - a place in a lesson as the fragment of a link, and back.
//
//   #c=ice&s=3                          a step of a chapter
//   #scenario=first-light&seed=7&loss=5&e=120&f=0.4   an instant of a run, and a field of its packet

const RUN_KEYS = ['scenario', 'seed', 'loss', 'delay', 'jitter', 'a_nat', 'b_nat', 'turn', 'a_udp', 'b_udp', 'fork', 'fork_loss', 'fork_delay', 'fork_jitter'];
/** @typedef {Record<string, string>} Run */

/** A slash may stand in a query as it is, and the server reads queries as they stand. @param {Run} run */
export function queryOf(run) {
  return RUN_KEYS.filter((key) => run[key] !== undefined && run[key] !== '').map((key) => `${key}=${encodeURIComponent(run[key]).replaceAll('%2F', '/')}`).join('&');
}

/** @param {{ chapter: string, step: number, run: Run, at: number, field: string, free: boolean }} place */
export function hashOf(place) {
  const parts = place.free ? [queryOf(place.run), `e=${place.at}`] : [`c=${place.chapter}`, `s=${place.step + 1}`, `e=${place.at}`];
  if (place.field) parts.push(`f=${place.field}`);
  return `#${parts.join('&')}`;
}

/** @param {string} hash */
export function parseHash(hash) {
  const given = new Map(hash.replace(/^#/, '').split('&').filter((part) => part.includes('=')).map((part) => {
    const [key, ...value] = part.split('=');
    return [key, decode(value.join('='))];
  }));
  /** @type {Run} */
  const run = {};
  for (const key of RUN_KEYS) if (given.has(key)) run[key] = given.get(key) ?? '';
  const number = (/** @type {string} */ key) => (/^\d{1,9}$/.test(given.get(key) ?? '') ? Number(given.get(key)) : null);
  const step = number('s');
  return {
    chapter: given.get('c') ?? '', step: step === null ? 0 : step - 1, run: 'scenario' in run ? run : null, at: number('e'),
    t: Number.parseFloat(given.get('t') ?? '') , field: /^\d+\.\d+$/.test(given.get('f') ?? '') ? (given.get('f') ?? '') : '',
  };
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
