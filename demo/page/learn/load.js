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

/** The runs inside this file; null: it was served, and any run may be asked for. */
function inside() {
  const nodes = [...document.querySelectorAll('script[type="application/x-ndjson"]')];
  return nodes.length === 0 ? null : new Map(nodes.map((node) => [node.getAttribute('data-run') ?? '', node]));
}

/** Can this run be had here? @param {Record<string, string>} run */
export function isAvailable(run) {
  return inside()?.has(queryOf(run)) ?? true;
}

/** The first run of an exported file, which knows no other. @returns {Record<string, string> | null} */
export function firstRun() {
  const query = inside()?.keys().next().value;
  return query === undefined ? null : Object.fromEntries(new URLSearchParams(query));
}

/** @param {string} query */
function inlined(query) {
  const runs = inside();
  if (runs === null) return null;
  const text = runs.get(query)?.textContent?.trim();
  if (text === undefined) throw new TraceError('trace.offline');
  return `${text}\n`;
}

/** @param {string} query */
async function fetchTrace(query) {
  const answer = await fetch(`/api/run?${query}`, { method: 'POST' });
  const text = await answer.text();
  if (!answer.ok) throw new TraceError('trace.refused', { text: text.trim() });
  return text;
}
