// transfer.js - files over the channel "files": offer, accept, pieces, and both hashes compared.
//
// The sender never has more than HIGH_WATER bytes waiting in the browser; it goes on when the browser
// says that they fell to LOW_WATER. Both sides hash while the bytes pass.
import { Sha256 } from './sha256.js';

const ID_BYTES = 4;
const PIECE_BYTES = 65532;
const LOW_WATER = 256 * 1024;
const HIGH_WATER = 1024 * 1024;
const READ_BYTES = 16 * PIECE_BYTES;
const BLOB_BYTES = 16 * 1024 * 1024;  // pieces in memory until they are handed to a Blob
export const MEMORY_LIMIT = 1024 * 1024 * 1024;

/**
 * @typedef {'asked' | 'offered' | 'waiting' | 'active' | 'checking' | 'done' | 'failed' | 'refused' | 'cancelled'} TransferState
 *
 * @typedef {object} Transfer
 * @property {number} id
 * @property {'in' | 'out'} direction
 * @property {string} name
 * @property {number} size
 * @property {number} done
 * @property {TransferState} state
 * @property {string} reason a key of the catalogue, or the other side's own words
 * @property {number} startedAt
 * @property {number} endedAt
 * @property {string} localHash
 * @property {string} remoteHash
 * @property {string} url where a received file can be saved from
 * @property {string} storedName the name that the receiver gave to it
 *
 * @typedef {object} TransferEvents
 * @property {(transfer: Transfer) => void} changed
 * @property {(text: string) => void} refused an answer to a request that asked for nothing there is
 * @property {(name: string, size: number) => boolean} wanted whether an offered file was asked for
 * @property {(mac: string) => void} verify the other side's proof, see app.js
 */

/** @typedef {{ transfer: Transfer, hash: Sha256, pieces: BlobPart[], waiting: number, writer: any, writes: Promise<void> }} Incoming */

export class Transfers {
  #channel;
  #events;
  #pieceBytes;
  /** @type {Map<number, { transfer: Transfer, file: File }>} */
  #outgoing = new Map();
  /** @type {Map<number, Incoming>} */
  #incoming = new Map();
  /** @type {Promise<void>} files are sent one after another */
  #sending = Promise.resolve();
  // A random start keeps the ids of both sides apart, so that "cancel" can only mean one of them.
  #nextId = 1 + Math.floor(Math.random() * 2 ** 30);

  /** @param {RTCDataChannel} channel @param {number} maxMessage @param {TransferEvents} events */
  constructor(channel, maxMessage, events) {
    this.#channel = channel;
    this.#events = events;
    this.#pieceBytes = Math.min(PIECE_BYTES, Math.max(1024, maxMessage - ID_BYTES));
    channel.bufferedAmountLowThreshold = LOW_WATER;
    channel.addEventListener('message', (event) => this.#receive(event.data));
    channel.addEventListener('close', () => this.#lost());
  }

  isBusy() {
    const busy = ['waiting', 'active', 'checking'];
    return [...this.#outgoing.values(), ...this.#incoming.values()].some((x) => busy.includes(x.transfer.state));
  }

  /** Bytes that the browser holds and has not yet sent. */
  buffered() {
    return this.#channel.bufferedAmount;
  }

  /** @param {File} file */
  offer(file) {
    const transfer = this.#make(this.#nextId++, 'out', file.name, file.size, 'waiting');
    this.#outgoing.set(transfer.id, { transfer, file });
    this.#say({ type: 'offer', id: transfer.id, name: file.name, size: file.size });
    this.#events.changed(transfer);
  }

  /** Asks the other side to offer a file. @param {string} name @param {number} size */
  request(name, size) {
    this.#say({ type: 'request', name, size });
  }

  /** @param {string} mac */
  sendVerify(mac) {
    this.#say({ type: 'verify', mac });
  }

  /** @param {number} id */
  async accept(id) {
    const incoming = this.#incoming.get(id);
    if (!incoming || incoming.transfer.state !== 'offered') return;
    const { transfer } = incoming;
    if (transfer.size > MEMORY_LIMIT) {
      incoming.writer = await openOnDisk(transfer.name);
      if (!incoming.writer) return this.refuse(id, 'transfer.reason.memory');
    }
    this.#move(transfer, 'active');
    this.#say({ type: 'accept', id });
  }

  /** @param {number} id @param {string} [reason] */
  refuse(id, reason = '') {
    const incoming = this.#incoming.get(id);
    if (!incoming) return;
    incoming.transfer.reason = reason;
    this.#move(incoming.transfer, 'refused');
    this.#say({ type: 'refuse', id, reason: 'refused by the receiver' });
  }

  /** @param {number} id @param {string} [reason] */
  cancel(id, reason = 'cancelled by the other side') {
    const transfer = this.#find(id);
    if (!transfer || isOver(transfer)) return;
    this.#say({ type: 'cancel', id, reason });
    this.#move(transfer, 'cancelled');
  }

  /** @param {unknown} data */
  #receive(data) {
    if (data instanceof ArrayBuffer) return this.#onPiece(new Uint8Array(data));
    if (typeof data !== 'string') return;
    /** @type {any} */
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    this.#onControl(message);
  }

  /** @param {any} message */
  #onControl(message) {
    const id = Number(message?.id);
    switch (message?.type) {
      case 'offer':
        return this.#onOffer(id, message);
      case 'accept':
        return this.#onAccept(id);
      case 'end':
        return this.#onEnd(id, String(message.sha256));
      case 'received':
        return this.#onReceived(id, message);
      case 'verify':
        return this.#events.verify(String(message.mac));
      case 'refuse':
      case 'cancel':
        return this.#onOver(id, message);
      case 'request':
        return this.#say({ type: 'refuse', reason: 'this page gives only what its user picks' });
    }
  }

  /** @param {number} id @param {any} message */
  #onOffer(id, message) {
    const size = Number(message.size);
    if (!Number.isSafeInteger(id) || id < 0 || id >= 2 ** 32 || !Number.isSafeInteger(size) || size < 0) return;
    if (this.#incoming.has(id)) return;
    const transfer = this.#make(id, 'in', cleanName(String(message.name)), size, 'offered');
    const writes = Promise.resolve();
    this.#incoming.set(id, { transfer, hash: new Sha256(), pieces: [], waiting: 0, writer: null, writes });
    this.#events.changed(transfer);
    if (this.#events.wanted(transfer.name, size)) this.accept(id);
  }

  /** @param {number} id */
  #onAccept(id) {
    const entry = this.#outgoing.get(id);
    if (!entry || entry.transfer.state !== 'waiting') return;
    this.#sending = this.#sending.then(() => this.#send(entry.transfer, entry.file));
  }

  /** @param {Transfer} transfer @param {File} file */
  async #send(transfer, file) {
    if (transfer.state !== 'waiting') return;
    this.#move(transfer, 'active');
    const hash = new Sha256();
    try {
      for (let at = 0; at < file.size; at += READ_BYTES) {
        const block = new Uint8Array(await file.slice(at, at + READ_BYTES).arrayBuffer());
        hash.update(block);
        if (!(await this.#sendBlock(transfer, block))) return;
      }
    } catch {
      // The file went away or changed under the hand, or the channel closed.
      if (isOver(transfer)) return;
      transfer.reason = 'transfer.reason.read';
      this.#say({ type: 'cancel', id: transfer.id, reason: 'the file cannot be read any more' });
      return this.#move(transfer, 'failed');
    }
    transfer.localHash = hash.hex();
    this.#say({ type: 'end', id: transfer.id, sha256: transfer.localHash });
    this.#move(transfer, 'checking');
  }

  /** @param {Transfer} transfer @param {Uint8Array} block @returns {Promise<boolean>} */
  async #sendBlock(transfer, block) {
    for (let at = 0; at < block.length; at += this.#pieceBytes) {
      const piece = block.subarray(at, at + this.#pieceBytes);
      while (this.#channel.bufferedAmount > HIGH_WATER - this.#pieceBytes) await this.#drained();
      if (transfer.state !== 'active') return false;
      const frame = new Uint8Array(ID_BYTES + piece.length);
      new DataView(frame.buffer).setUint32(0, transfer.id);
      frame.set(piece, ID_BYTES);
      this.#channel.send(frame);
      transfer.done += piece.length;
    }
    this.#events.changed(transfer);
    return true;
  }

  /** Resolves when the browser has room again, and fails when it never will have. */
  #drained() {
    const channel = this.#channel;
    return new Promise((resolve, reject) => {
      const over = new AbortController();
      const settle = (/** @type {(x?: any) => void} */ how) => () => {
        over.abort();
        how();
      };
      channel.addEventListener('bufferedamountlow', settle(resolve), { signal: over.signal });
      channel.addEventListener('close', settle(reject), { signal: over.signal });
      if (channel.readyState !== 'open') settle(reject)();
    });
  }

  /** @param {Uint8Array} frame */
  #onPiece(frame) {
    if (frame.length < ID_BYTES) return;
    const id = new DataView(frame.buffer, frame.byteOffset).getUint32(0);
    const incoming = this.#incoming.get(id);
    if (!incoming || incoming.transfer.state !== 'active') return;
    const { transfer } = incoming;
    const piece = frame.subarray(ID_BYTES);
    if (transfer.done + piece.length > transfer.size) {
      transfer.reason = 'transfer.reason.tooMuch';
      this.#say({ type: 'cancel', id, reason: 'more bytes than offered' });
      return this.#move(transfer, 'failed');
    }
    incoming.hash.update(piece);
    transfer.done += piece.length;
    keep(incoming, piece);
    this.#events.changed(transfer);
  }

  /** @param {number} id @param {string} sha256 */
  async #onEnd(id, sha256) {
    const incoming = this.#incoming.get(id);
    if (!incoming || incoming.transfer.state !== 'active') return;
    const { transfer } = incoming;
    transfer.localHash = incoming.hash.hex();
    transfer.remoteHash = sha256.toLowerCase();
    const ok = transfer.localHash === transfer.remoteHash && transfer.done === transfer.size;
    this.#say({ type: 'received', id, size: transfer.done, sha256: transfer.localHash, ok });
    if (!ok) {
      transfer.reason = transfer.done === transfer.size ? 'transfer.reason.hash' : 'transfer.reason.short';
      return this.#move(transfer, 'failed');
    }
    if (incoming.writer) {
      await incoming.writes;
      await incoming.writer.close();
    } else {
      transfer.url = URL.createObjectURL(new Blob(incoming.pieces));
    }
    incoming.pieces = [];
    this.#move(transfer, 'done');
  }

  /** @param {number} id @param {any} message */
  #onReceived(id, message) {
    const entry = this.#outgoing.get(id);
    if (!entry || entry.transfer.state !== 'checking') return;
    const { transfer } = entry;
    transfer.remoteHash = String(message.sha256).toLowerCase();
    if (typeof message.name === 'string') transfer.storedName = message.name;
    const ok = message.ok === true && transfer.remoteHash === transfer.localHash;
    if (!ok) transfer.reason = 'transfer.reason.hash';
    this.#move(transfer, ok ? 'done' : 'failed');
  }

  /** @param {number} id @param {any} message */
  #onOver(id, message) {
    const transfer = this.#find(id);
    const reason = String(message.reason ?? '');
    if (!transfer) return this.#events.refused(reason);
    if (isOver(transfer)) return;
    transfer.reason = reason;
    this.#move(transfer, message.type === 'refuse' ? 'refused' : 'cancelled');
  }

  #lost() {
    for (const { transfer } of [...this.#outgoing.values(), ...this.#incoming.values()]) {
      if (isOver(transfer)) continue;
      transfer.reason = 'transfer.reason.lost';
      this.#move(transfer, 'failed');
    }
  }

  /** @param {number} id */
  #find(id) {
    return (this.#outgoing.get(id) ?? this.#incoming.get(id))?.transfer;
  }

  /** @param {Record<string, unknown>} message */
  #say(message) {
    if (this.#channel.readyState === 'open') this.#channel.send(JSON.stringify(message));
  }

  /** @param {Transfer} transfer @param {TransferState} state */
  #move(transfer, state) {
    transfer.state = state;
    if (state === 'active') transfer.startedAt = performance.now();
    if (isOver(transfer) || state === 'checking') transfer.endedAt = performance.now();
    this.#events.changed(transfer);
  }

  /**
   * @param {number} id @param {'in' | 'out'} direction @param {string} name @param {number} size
   * @param {TransferState} state @returns {Transfer}
   */
  #make(id, direction, name, size, state) {
    return {
      id, direction, name, size, state,
      done: 0, reason: '', startedAt: 0, endedAt: 0, localHash: '', remoteHash: '', url: '', storedName: name,
    };
  }
}

/** @param {Transfer} transfer */
export function isOver(transfer) {
  return ['done', 'failed', 'refused', 'cancelled'].includes(transfer.state);
}

/** @param {Incoming} incoming @param {Uint8Array} piece */
function keep(incoming, piece) {
  if (incoming.writer) {
    incoming.writes = incoming.writes.then(() => incoming.writer.write(piece));
    return;
  }
  incoming.pieces.push(/** @type {BlobPart} */ (piece));
  incoming.waiting += piece.length;
  if (incoming.waiting < BLOB_BYTES) return;
  // A Blob may live on the browser's disk, an array of pieces never does.
  incoming.pieces = [new Blob(incoming.pieces)];
  incoming.waiting = 0;
}

/** @param {string} name @returns {Promise<any>} a writable file that the user picked, or null */
async function openOnDisk(name) {
  const pick = /** @type {any} */ (window).showSaveFilePicker;
  if (!pick) return null;
  try {
    return await (await pick({ suggestedName: name })).createWritable();
  } catch {
    return null;
  }
}

/** The last part of a path, without characters that hide or reorder others. @param {string} name */
export function cleanName(name) {
  const last = name.split(/[\\/]/).pop() ?? '';
  const clean = last.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '').trim();
  return clean === '' || clean === '.' || clean === '..' ? 'file' : clean.slice(0, 200);
}
