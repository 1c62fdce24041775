// learn/packet.js - a packet opened: layer within layer, and every byte with the field it belongs to.
import { code, make } from '../dom.js';
import { has, t } from '../i18n.js';
import { nameOf, openedOf } from './trace.js';

/** @typedef {import('./trace.js').Model} Model @typedef {import('./trace.js').Event} Event @typedef {import('./trace.js').Field} Field */

const ROW = 16;
const HALF = 8;         // of a row: a narrow page breaks it here
const SHOWN_BYTES = 512;  // of a long packet; the rest is data like the data before it

/** @param {Field[]} fields @param {number} k */
export function isLeaf(fields, k) {
  return k + 1 >= fields.length || fields[k + 1][0] <= fields[k][0];
}

/** @param {Model} model @param {Event} event the packet, or what happened inside it @returns {Event[]} outermost first */
export function layersOf(model, event) {
  const outer = model.carrierOf.get(event.i) ?? event.i;
  return [outer, ...(model.insideOf.get(outer) ?? [])].map((i) => model.events[i]);
}

/**
 * @param {Model} model @param {Event} event @param {string} selected "layer.field" or nothing
 * @param {(key: string) => void} onSelect
 */
export function packetPanel(model, event, selected, onSelect) {
  if (event.event !== 'packet') return [make('p', { class: 'quiet' }, t('packet.none'))];
  if (event.layer === 'channel' || event.layer === 'signaling') {
    return [make('p', {}, t(event.layer === 'channel' ? 'packet.channel' : 'packet.signaling')), make('pre', { class: 'code', dir: 'ltr' }, event.text ?? '')];
  }
  const layers = layersOf(model, event);
  return [envelope(model, layers[0]), ...layers.map((layer, n) => layerCard(openedOf(model, layer), n, selected, onSelect))];
}

/** From where to where, and what routers have made of it. @param {Model} model @param {Event} event */
function envelope(model, event) {
  const hops = model.events.filter((one) => one.layer === 'net' && one.event === 'packet' && one.id === event.id && event.id);
  const rows = (hops.length > 0 ? hops : [event]).filter((hop) => hop.local !== undefined).map((hop) => {
    const sent = hop.direction === 'sent';
    return make('tr', {},
      make('td', {}, nameOf(model, hop.node)), make('td', {}, t(sent ? 'packet.leaves' : 'packet.arrives')),
      make('td', {}, code((sent ? hop.local : hop.remote) ?? '')), make('td', {}, code((sent ? hop.remote : hop.local) ?? '')));
  });
  if (rows.length === 0) return null;
  return make('table', { class: 'envelope' },
    make('caption', {}, t('packet.envelope', { transport: (event.transport ?? 'udp').toUpperCase() })),
    make('thead', {}, make('tr', {}, ...['packet.where', 'packet.way', 'packet.source', 'packet.target'].map((key) => make('th', { scope: 'col' }, t(key))))),
    make('tbody', {}, ...rows));
}

/** @param {Event} event @param {number} n @param {string} selected @param {(key: string) => void} onSelect */
function layerCard(event, n, selected, onSelect) {
  const fields = event.fields ?? [];
  const format = event.format ?? event.layer;
  const key = `layer.${format}`;
  return make('section', { class: `layer ${format}`, 'data-layer': n },
    make('h3', {}, `${format.toUpperCase()} · ${t('packet.bytes', { n: event.size ?? 0 })}`),
    has(key) ? make('p', { class: 'quiet' }, t(key)) : null,
    make('p', { class: 'summary' }, make('bdi', {}, event.summary ?? '')),
    make('div', { class: 'opened' }, bytesOf(event, n, selected, onSelect), fieldTree(fields, n, selected, onSelect)));
}

/** The bytes in rows; each knows its field. @param {Event} event @param {number} n @param {string} selected @param {(key: string) => void} onSelect */
function bytesOf(event, n, selected, onSelect) {
  const hex = event.hex ?? '';
  const fields = event.fields ?? [];
  const owner = ownersOf(fields, hex.length / 2);
  const [first, last] = spanOf(fields, n, selected);
  const box = make('div', { class: 'bytes', 'aria-hidden': 'true', dir: 'ltr' });
  for (let row = 0; row < Math.min(hex.length / 2, SHOWN_BYTES); row += ROW) {
    const line = make('span', {});
    for (let at = row; at < Math.min(row + ROW, hex.length / 2, SHOWN_BYTES); at += 1) {
      const k = owner[at];
      const on = at >= first && at < last;
      if (at % HALF === 0) line.append(make('span', { class: 'half-row' }));
      line.lastElementChild?.append(make('span', { class: `byte tone${(k ?? 0) % 4}${on ? ' on' : ''}`, 'data-byte': at, onclick: () => onSelect(`${n}.${k}`) }, hex.slice(at * 2, at * 2 + 2)));
    }
    box.append(make('div', { class: 'row-bytes' }, make('span', { class: 'offset' }, row.toString(16).padStart(4, '0')), line));
  }
  if (hex.length / 2 > SHOWN_BYTES) box.append(make('p', { class: 'quiet' }, t('packet.more', { n: hex.length / 2 - SHOWN_BYTES })));
  return box;
}

/** For each byte the leaf that it belongs to. @param {Field[]} fields @param {number} size @returns {number[]} */
export function ownersOf(fields, size) {
  const owner = new Array(size);
  for (const [k, field] of fields.entries()) if (isLeaf(fields, k)) owner.fill(k, field[1], field[1] + field[2]);
  return owner;
}

/** @param {Field[]} fields @param {number} n @param {string} selected */
function spanOf(fields, n, selected) {
  const [layer, k] = selected.split('.').map(Number);
  const field = layer === n ? fields[k] : undefined;
  return field ? [field[1], field[1] + field[2]] : [-1, -1];
}

/** @param {Field[]} fields @param {number} n @param {string} selected @param {(key: string) => void} onSelect */
function fieldTree(fields, n, selected, onSelect) {
  const list = make('ol', { class: 'fields' });
  for (const [k, [depth, offset, size, name, value, meaning]] of fields.entries()) {
    const key = `${n}.${k}`;
    const leaf = isLeaf(fields, k);
    list.append(make('li', { class: leaf ? 'leaf' : 'branch', 'data-depth': Math.min(depth, 6) },
      make('button', { type: 'button', 'data-key': `f${key}`, 'aria-pressed': String(key === selected), onclick: () => onSelect(key) },
        make('span', { class: `swatch tone${leaf ? k % 4 : 'x'}` }),
        make('bdi', { class: 'name', dir: 'ltr' }, name),
        leaf ? make('bdi', { class: 'value code', dir: 'ltr' }, value) : null,
        meaning ? make('bdi', { class: 'meaning', dir: 'ltr' }, meaning) : null,
        make('span', { class: 'where' }, t('packet.at', { offset, size })))));
  }
  return list;
}
