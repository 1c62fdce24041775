// signaling.js - the WebSocket that passes descriptions and candidates between peers of one room.
//
// Knows messages and rooms, nothing of WebRTC. One Signaling lives for one room; joining another
// room makes another one.

/**
 * @typedef {{ type: string, [key: string]: any }} Message
 * @typedef {{ id: string, name: string }} PeerInfo
 * @typedef {'connecting' | 'joined' | 'stopped' | 'unreachable' | 'left'} SignalingState
 * @typedef {object} SignalingEvents
 * @property {(state: SignalingState) => void} state
 * @property {(message: Message) => void} message every message of the server, after `state`
 * @property {(direction: 'sent' | 'received', message: Message, bytes: number) => void} log
 */

/** @param {string} path */
export function socketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  return url.href;
}

export class Signaling {
  /** @type {SignalingState} */
  state = 'connecting';
  ownId = '';
  room;
  #socket;
  #events;
  #stopping = false;

  /** @param {string} room @param {SignalingEvents} events */
  constructor(room, events) {
    this.room = room;
    this.#events = events;
    this.#socket = new WebSocket(socketUrl('/signal'));
    this.#socket.onopen = () => this.send({ type: 'join', room, name: 'browser' });
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = () => this.#closed();
  }

  /** @param {Message} message @returns {boolean} whether it could be handed to the server */
  send(message) {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    const text = JSON.stringify(message);
    this.#socket.send(text);
    this.#events.log('sent', message, text.length);
    return true;
  }

  leave() {
    if (this.state === 'left') return;
    this.send({ type: 'leave' });
    this.#move('left');
    this.#socket.close();
  }

  /** @param {unknown} data */
  #receive(data) {
    if (this.state === 'left' || typeof data !== 'string') return;
    /** @type {Message} */
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (typeof message?.type !== 'string') return;
    this.#events.log('received', message, data.length);
    if (message.type === 'joined') {
      this.ownId = String(message.id);
      this.#move('joined');
    }
    if (message.type === 'stopping') this.#stopping = true;
    this.#events.message(message);
  }

  #closed() {
    if (this.state !== 'left') this.#move(this.#stopping ? 'stopped' : 'unreachable');
  }

  /** @param {SignalingState} state */
  #move(state) {
    this.state = state;
    this.#events.state(state);
  }
}

/**
 * @typedef {object} Status
 * @property {string} version
 * @property {'running' | 'stopped' | 'unreachable'} signaling
 * @property {string} stun
 */

/** What the server says about itself. @returns {Promise<Status>} */
export async function readStatus() {
  try {
    const answer = await fetch('/api/status', { cache: 'no-store' });
    const status = await answer.json();
    return {
      version: String(status.version ?? ''),
      signaling: status.signaling === 'stopped' ? 'stopped' : 'running',
      stun: String(status.stun ?? ''),
    };
  } catch {
    return { version: '', signaling: 'unreachable', stun: '' };
  }
}

/** @param {'stop' | 'start'} what @returns {Promise<boolean>} */
export async function commandSignaling(what) {
  try {
    return (await fetch(`/api/signaling/${what}`, { method: 'POST' })).ok;
  } catch {
    return false;
  }
}
