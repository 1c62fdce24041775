// call/call.js - a call between two pages over a connection that is open: who takes part, and which
// tracks flow. RFC 8829 §4.1.8 (descriptions may be exchanged again and again).
//
// What has to be agreed (offers, answers, who is in the call) travels over the data channel "call", so a
// call can begin, change and end when the signaling server is gone. One side makes all offers; the other
// says what it wishes for and is asked. Offers that cross would have to be taken back, and a track that
// Chromium knows from an offer it took back stays mute for ever. Nothing is sent before both have joined.
import { KINDS } from './media.js';

export const CALL_LABEL = 'call';
const MAX_MESSAGE = 256 * 1024;
const STALE_MS = 1000;

/**
 * @typedef {{ joined: boolean, mic: boolean, camera: boolean }} Presence
 * @typedef {object} CallEvents
 * @property {() => void} changed
 * @property {(direction: 'sent' | 'received', kind: string, bytes: number) => void} described
 * @property {(text: string) => void} refused the other side wanted something that is not done
 */

export class Call {
  joined = false;
  /** What the other side says of itself; null until it says something. @type {Presence | null} */
  peer = null;
  /** What comes from the other side. */
  remote = new MediaStream();
  #pc;
  #channel;
  #offers;
  #media;
  #events;
  /** Whether to offer once more, when the answer to the offer on its way is there. */
  #again = false;
  #closed = false;
  #told = '';
  #heard = { stamp: NaN, at: 0 };
  #remoteFingerprint;
  /** @type {Promise<void>} messages are handled one after another */
  #queue = Promise.resolve();

  /**
   * @param {RTCPeerConnection} pc @param {RTCDataChannel} channel
   * @param {{ offers: boolean, media: import('./media.js').LocalMedia, events: CallEvents }} options
   */
  constructor(pc, channel, { offers, media, events }) {
    this.#pc = pc;
    this.#channel = channel;
    this.#offers = offers;
    this.#media = media;
    this.#events = events;
    this.#remoteFingerprint = fingerprintsOf(pc.remoteDescription?.sdp ?? '')[0] ?? '';
    channel.addEventListener('message', (event) => this.#receive(event.data));
    channel.addEventListener('close', () => this.close());
    pc.onnegotiationneeded = () => (offers ? this.#offer() : this.#wish());
    pc.ontrack = () => this.#collect();
    this.tell();
  }

  join() {
    this.joined = true;
    this.update();
  }

  leave() {
    this.joined = false;
    this.update();
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.joined = false;
    this.peer = null;
    this.#pc.onnegotiationneeded = this.#pc.ontrack = null;
    this.#events.changed();
  }

  /** Whether both take part. */
  isOn() {
    return this.joined && this.peer?.joined === true;
  }

  /** The devices or the company have changed. */
  update() {
    if (this.#closed) return;
    this.tell();
    this.#apply();
    this.#events.changed();
  }

  /** How loud the last packet of the other side was, as the browser knows it; 0 where it does not. */
  level() {
    const sources = this.#pc.getReceivers().filter((one) => one.track.kind === 'audio').flatMap((one) => one.getSynchronizationSources());
    const last = sources.sort((a, b) => b.timestamp - a.timestamp)[0];
    if (!this.isOn() || !last) return 0;
    const now = performance.now();
    // Browsers disagree about where these timestamps begin: only that they move is used.
    if (last.timestamp !== this.#heard.stamp) this.#heard = { stamp: last.timestamp, at: now };
    return now - this.#heard.at < STALE_MS ? last.audioLevel ?? 0 : 0;
  }

  /** A candidate that signaling can no longer carry. @param {any} candidate */
  relay(candidate) {
    this.#say({ type: 'candidate', candidate });
  }

  /** Says who we are in this call, when that has changed. */
  tell() {
    const { tracks, muted } = this.#media;
    const presence = { joined: this.joined, mic: tracks.audio !== null && !muted, camera: tracks.video !== null };
    const text = JSON.stringify(presence);
    if (text === this.#told) return;
    this.#told = text;
    this.#say({ type: 'presence', ...presence });
  }

  // ---- Tracks

  /** Makes the connection carry what should flow. The browser asks for an offer where that changes it. */
  #apply() {
    const flowing = this.isOn();
    for (const kind of KINDS) {
      const track = flowing ? this.#media.tracks[kind] : null;
      const transceiver = this.#pc.getTransceivers().find((one) => one.receiver.track.kind === kind && one.currentDirection !== 'stopped');
      if (!transceiver) {
        if (track) this.#pc.addTrack(track, new MediaStream([track]));
        continue;
      }
      if (transceiver.sender.track !== track) transceiver.sender.replaceTrack(track).catch(() => {});
      const direction = track ? 'sendrecv' : flowing ? 'recvonly' : 'inactive';
      if (transceiver.direction !== direction) transceiver.direction = direction;
    }
    this.#collect();
  }

  /** Puts into `remote` what the other side sends now. */
  #collect() {
    const wanted = this.isOn()
      ? this.#pc.getTransceivers().filter((one) => /send|recv/.test(one.currentDirection ?? '') && one.currentDirection !== 'sendonly').map((one) => one.receiver.track)
      : [];
    for (const track of this.remote.getTracks()) if (!wanted.includes(track)) this.remote.removeTrack(track);
    for (const track of wanted) this.remote.addTrack(track);
    this.#events.changed();
  }

  // ---- Negotiation

  async #offer() {
    if (this.#closed || this.#pc.signalingState !== 'stable') return;  // the browser asks again
    try {
      await this.#pc.setLocalDescription();
      this.#describe();
    } catch (error) {
      if (!this.#closed) this.#events.refused(String(error));
    }
  }

  /** The side that makes no offers has something to send, or no longer. */
  #wish() {
    this.#say({ type: 'wish', kinds: this.#pc.getTransceivers().map((one) => one.receiver.track.kind) });
  }

  /** @param {any} message */
  #onWish(message) {
    if (!this.#offers) return;
    const wanted = KINDS.filter((kind) => Array.isArray(message.kinds) && message.kinds.includes(kind));
    const missing = wanted.filter((kind) => !this.#pc.getTransceivers().some((one) => one.receiver.track.kind === kind));
    for (const kind of missing) this.#pc.addTransceiver(kind, { direction: this.isOn() ? 'recvonly' : 'inactive' });
    if (missing.length > 0) return;  // the browser asks for the offer
    this.#again = this.#pc.signalingState !== 'stable';
    return this.#offer();
  }

  /** @param {any} message */
  async #onDescription(message) {
    const description = { type: message.kind, sdp: String(message.sdp ?? '') };
    if (description.type !== (this.#offers ? 'answer' : 'offer')) return this.#events.refused(`${description.type}`);
    if (fingerprintsOf(description.sdp).some((one) => one !== this.#remoteFingerprint)) return this.#events.refused('fingerprint');
    this.#events.described('received', description.type, description.sdp.length);
    await this.#pc.setRemoteDescription(description);
    if (description.type === 'offer') {
      this.#apply();
      await this.#pc.setLocalDescription();
      this.#describe();
    } else if (this.#again) {
      this.#again = false;
      await this.#offer();
    }
    this.#collect();
  }

  #describe() {
    const { localDescription } = this.#pc;
    if (!localDescription) return;
    this.#say({ type: 'description', kind: localDescription.type, sdp: localDescription.sdp });
    this.#events.described('sent', localDescription.type, localDescription.sdp.length);
  }

  // ---- Messages

  /** @param {any} message */
  #say(message) {
    if (this.#channel.readyState === 'open') this.#channel.send(JSON.stringify(message));
  }

  /** @param {unknown} data */
  #receive(data) {
    if (this.#closed || typeof data !== 'string' || data.length > MAX_MESSAGE) return;
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    this.#queue = this.#queue.then(() => this.#handle(message)).catch((error) => {
      if (!this.#closed) this.#events.refused(String(error));
    });
  }

  /** @param {any} message */
  async #handle(message) {
    if (this.#closed || typeof message !== 'object' || message === null) return;
    if (message.type === 'description') return this.#onDescription(message);
    if (message.type === 'wish') return this.#onWish(message);
    if (message.type === 'candidate') return this.#pc.addIceCandidate(message.candidate);
    if (message.type !== 'presence') return;
    this.peer = { joined: message.joined === true, mic: message.mic === true, camera: message.camera === true };
    this.#apply();
    this.#events.changed();
  }
}

/** The certificates that a description names. @param {string} sdp */
export function fingerprintsOf(sdp) {
  return [...sdp.matchAll(/^a=fingerprint:(.*?)\s*$/gm)].map((found) => found[1].toLowerCase());
}
