// panels.js - what stands beside the story: the map, the path, the messages and the files.
import { byId, code, make, throttled } from './dom.js';
import { has, t } from './i18n.js';
import { isOver } from './transfer.js';

/** @typedef {import('./transfer.js').Transfer} Transfer */

const MEGABYTE = 1e6;

/**
 * The picture of the three parties.
 * @param {{ signaling: string, direct: 'none' | 'trying' | 'open' | 'failed', peer: string, text: string }} view
 */
export function drawMap(view) {
  const map = byId('map');
  map.setAttribute('data-signaling', view.signaling);
  map.setAttribute('data-direct', view.direct);
  byId('map-server').textContent = t('map.server');
  byId('map-page').textContent = t('map.page');
  byId('map-peer').textContent = view.peer;
  byId('map-direct').textContent = view.direct === 'none' ? '' : t(`map.direct.${view.direct}`);
  const text = t(view.text);
  if (byId('map-text').textContent !== text) byId('map-text').textContent = text;
}

/** @param {import('./session.js').PathInfo | null} path */
export function drawPath(path) {
  const list = byId('path');
  if (!path) {
    list.replaceChildren(...row('path.kind', make('span', { class: 'quiet' }, t('path.none'))));
    list.removeAttribute('data-kind');
    return;
  }
  const kind = kindOf(path);
  list.setAttribute('data-kind', kind);
  list.replaceChildren(
    ...row('path.kind', make('span', {}, pathWords(path))),
    ...row('path.local', describe(path.local)),
    ...row('path.remote', describe(path.remote)),
    ...row('path.rtt', code(Number.isNaN(path.rtt) ? '–' : `${path.rtt.toFixed(1)} ms`)),
    ...row('path.bytes', code(`${megabytes(path.sent)} / ${megabytes(path.received)} MB`)));
}

/** What kind of path it is, in words. @param {import('./session.js').PathInfo} path */
export function pathWords(path) {
  return `${t(`path.${kindOf(path)}`)} · ${path.local.protocol.toUpperCase()}`;
}

/** @param {import('./session.js').PathInfo} path */
function kindOf(path) {
  const types = [path.local.type, path.remote.type];
  if (types.includes('relay')) return 'relay';
  return types.includes('srflx') ? 'nat' : 'direct';
}

/** One end of a path, in words that fit a line. @param {import('./session.js').CandidateInfo} end */
export function endText(end) {
  const name = end.address === '' ? t('path.hidden.short') : end.address.includes(':') ? `[${end.address}]` : end.address;
  return `${name}:${end.port}`;
}

/** @param {import('./session.js').CandidateInfo} end */
function describe(end) {
  const type = has(`type.${end.type}`) ? t(`type.${end.type}`) : end.type;
  const hidden = end.address === '' || end.address.endsWith('.local');
  return make('span', {}, hidden ? t('path.hidden') : code(endText(end)), ' ', make('small', {}, type));
}

/** @param {string} key @param {Node} value */
function row(key, value) {
  return [make('dt', {}, t(key)), make('dd', {}, value)];
}

/** @param {number} bytes */
function megabytes(bytes) {
  return (bytes / MEGABYTE).toFixed(bytes < 10 * MEGABYTE ? 2 : 1);
}

const CHAT_KEPT = 200;

/** @param {string} who @param {string} text @param {boolean} own */
export function addMessage(who, text, own) {
  const list = byId('chat');
  list.append(make(
    'li', { class: 'message', 'data-own': String(own), 'data-testid': own ? 'message-own' : 'message-peer' },
    make('span', { class: 'message-who' }, who),
    make('bdi', { class: 'message-text' }, text)));
  while (list.children.length > CHAT_KEPT) list.firstElementChild.remove();
  list.scrollTop = list.scrollHeight;
}

/** Draws transfers; one FileList for the life of the page. */
export class FileList {
  /** @type {Map<Transfer, any>} */
  #rows = new Map();
  /** @type {Set<Transfer>} */
  #dirty = new Set();
  #flush = throttled(() => this.#drawDirty(), 80);
  #actions;

  /** @param {(transfer: Transfer, action: 'accept' | 'refuse' | 'cancel' | 'back') => void} actions */
  constructor(actions) {
    this.#actions = actions;
  }

  /** @param {Transfer} transfer @param {boolean} canAskBack @param {number} buffered bytes not yet on the wire */
  changed(transfer, canAskBack, buffered) {
    const row = this.#rows.get(transfer) ?? this.#add(transfer);
    row.canAskBack = canAskBack;
    row.buffered = buffered;
    this.#dirty.add(transfer);
    this.#flush();
  }

  /** All rows anew, in another language. */
  rebuild() {
    for (const transfer of this.#rows.keys()) this.#dirty.add(transfer);
    this.#drawDirty();
  }

  /** @param {Transfer} transfer */
  #add(transfer) {
    const item = make('li', { class: 'transfer', 'data-testid': 'transfer' });
    const row = { item, canAskBack: false, buffered: 0, drawn: '' };
    this.#rows.set(transfer, row);
    byId('transfers').prepend(item);
    return row;
  }

  #drawDirty() {
    for (const transfer of this.#dirty) this.#draw(transfer, this.#rows.get(transfer));
    this.#dirty.clear();
  }

  /** @param {Transfer} transfer @param {any} row */
  #draw(transfer, row) {
    const { item } = row;
    const shape = `${transfer.state} ${document.documentElement.lang}`;
    if (row.drawn !== shape) {
      row.drawn = shape;
      this.#build(transfer, row);
    }
    const sent = transfer.direction === 'out' && !isOver(transfer) ? Math.max(0, transfer.done - row.buffered) : transfer.done;
    row.bar.value = transfer.size === 0 ? Number(isOver(transfer)) : sent / transfer.size;
    const end = transfer.endedAt || performance.now();
    const seconds = transfer.startedAt ? Math.max(0.001, (end - transfer.startedAt) / 1000) : 0;
    const rate = seconds ? (sent / MEGABYTE / seconds).toFixed(1) : '0.0';
    row.numbers.textContent = t('transfer.progress', { done: megabytes(sent), size: megabytes(transfer.size), rate });
    item.setAttribute('data-done', String(transfer.done));
  }

  /** @param {Transfer} transfer @param {any} row */
  #build(transfer, row) {
    row.bar = make('progress', { max: '1', 'aria-label': t('transfer.of', { name: transfer.name }) });
    row.numbers = make('span', { class: 'numbers', dir: 'ltr' });
    const equal = transfer.localHash !== '' && transfer.localHash === transfer.remoteHash;
    row.item.setAttribute('data-state', transfer.state);
    row.item.setAttribute('data-direction', transfer.direction);
    row.item.setAttribute('data-name', transfer.name);
    row.item.setAttribute('data-equal', String(equal));
    const parts = [
      make('div', { class: 'transfer-head' },
        make('span', { class: 'transfer-way' }, t(`transfer.${transfer.direction}`)),
        make('bdi', { class: 'transfer-name' }, transfer.name),
        make('span', { class: 'transfer-state' }, t(`transfer.${transfer.state}`))),
      row.bar, row.numbers,
      reasonOf(transfer), hashesOf(transfer, equal), this.#buttons(transfer, row.canAskBack),
    ];
    row.item.replaceChildren(...parts.filter((part) => part !== null));
  }

  /** @param {Transfer} transfer @param {boolean} canAskBack */
  #buttons(transfer, canAskBack) {
    const bar = make('div', { class: 'buttons' });
    /** @param {'accept' | 'refuse' | 'cancel' | 'back'} action @param {string} [kind] */
    const button = (action, kind) => make(
      'button',
      { type: 'button', class: kind, 'data-testid': `transfer-${action}`, onclick: () => this.#actions(transfer, action) },
      t(`transfer.${action}`));
    if (transfer.state === 'offered') bar.append(button('accept', 'primary'), button('refuse'));
    if (['waiting', 'active'].includes(transfer.state)) bar.append(button('cancel'));
    if (transfer.url) {
      bar.append(make(
        'a', { class: 'button primary', href: transfer.url, download: transfer.name, 'data-testid': 'transfer-save' },
        t('transfer.save')));
    }
    if (transfer.state === 'done' && transfer.direction === 'out' && canAskBack) bar.append(button('back'));
    return bar.children.length > 0 ? bar : null;
  }
}

/** @param {Transfer} transfer */
function reasonOf(transfer) {
  if (transfer.reason === '') return null;
  return make('p', { class: 'transfer-reason' }, has(transfer.reason) ? t(transfer.reason) : transfer.reason);
}

/** @param {Transfer} transfer @param {boolean} equal */
function hashesOf(transfer, equal) {
  if (transfer.localHash === '') return null;
  return make(
    'div', { class: 'hashes' },
    make('dl', {},
      make('dt', {}, t('transfer.hash.local')), make('dd', { 'data-testid': 'hash-local' }, code(transfer.localHash)),
      make('dt', {}, t('transfer.hash.remote')),
      make('dd', { 'data-testid': 'hash-remote' }, transfer.remoteHash ? code(transfer.remoteHash) : '…')),
    transfer.remoteHash
      ? make('p', { class: equal ? 'equal' : 'unequal', 'data-testid': 'hash-mark' }, t(equal ? 'transfer.equal' : 'transfer.unequal'))
      : null);
}
