// learn/load.js - a trace from the server, or from this very file where it was exported with one inside.
import { queryOf } from './link.js';
import { parseTrace, TraceError } from './trace.js';

const KEPT = 6;
/** @type {Map<string, import('./trace.js').Model>} */
const cache = new Map();

/** @param {Record<string, string>} run @returns {Promise<import('./trace.js').Model>} */
export async function loadTrace(run) {
  const query = queryOf(run);
  const known = cache.get(query);
  if (known) return known;
  const model = parseTrace(inlined(query) ?? await fetchTrace(query));
  cache.set(query, model);
  if (cache.size > KEPT) cache.delete(cache.keys().next().value ?? '');
  return model;
}

/** @param {string} query */
function inlined(query) {
  for (const node of document.querySelectorAll('script[type="application/x-ndjson"]')) {
    if (node.getAttribute('data-run') === query) return (node.textContent ?? '').replaceAll('<\\/', '</').trim();
  }
  if (document.querySelector('script[type="application/x-ndjson"]')) throw new TraceError('trace.offline');
  return null;
}

/** @param {string} query */
async function fetchTrace(query) {
  const answer = await fetch(`/api/run?${query}`, { method: 'POST' });
  const text = await answer.text();
  if (!answer.ok) throw new TraceError('trace.refused', { text: text.trim() });
  return text;
}
