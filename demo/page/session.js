// session.js - one RTCPeerConnection with one other peer, from the first description to the end.
//
// Turns what the browser does into a few words that the story understands, and knows the stage that
// the connection has reached. It neither draws nor speaks to the server itself. Once the line is open, what
// is to be agreed about voice and video is the business of call/call.js.
import { CALL_LABEL } from './call/call.js';

/**
 * @typedef {'sdp' | 'checks' | 'pair' | 'dtls' | 'sctp' | 'channel'} Stage
 *
 * @typedef {object} SessionEvents
 * @property {(message: { type: string, [key: string]: any }) => void} send to the other peer, by signaling
 * @property {(step: string, key: string, values?: Record<string, string | number>) => void} note
 *   something happened that belongs to a step of the story
 * @property {() => void} changed a state worth showing has changed
 * @property {(channel: RTCDataChannel) => void} channel a channel is open
 * @property {(why: 'ice' | 'dtls' | 'description' | 'closed', detail: string) => void} ended
 *
 * @typedef {object} CandidateInfo
 * @property {string} address
 * @property {number} port
 * @property {string} type
 * @property {string} protocol
 *
 * @typedef {object} PathInfo
 * @property {CandidateInfo} local
 * @property {CandidateInfo} remote
 * @property {number} rtt in milliseconds, or NaN
 * @property {number} sent bytes
 * @property {number} received bytes
 */

const CHANNEL_LABELS = ['chat', 'files'];
/** Opened when there is somebody to call; a session works without it. */
const OPTIONAL_LABELS = [CALL_LABEL];

export class Session {
  /** @type {RTCPeerConnection} */
  pc;
  /** @type {Map<string, RTCDataChannel>} */
  channels = new Map();
  localCandidates = 0;
  remoteCandidates = 0;
  sawHiddenAddress = false;
  ended = false;
  peerId;
  #events;
  #transportsWatched = false;
  /** @type {RTCIceCandidateInit[]} candidates that came before the description */
  #early = [];
  /** @type {Promise<void>} descriptions and candidates are applied one after another */
  #queue = Promise.resolve();

  /** @param {string} peerId @param {RTCConfiguration} configuration @param {SessionEvents} events */
  constructor(peerId, configuration, events) {
    this.peerId = peerId;
    this.#events = events;
    this.pc = new RTCPeerConnection(configuration);
    this.pc.onicecandidate = (event) => this.#onLocalCandidate(event.candidate);
    this.pc.onicegatheringstatechange = () => this.#onGathering();
    this.pc.oniceconnectionstatechange = () => this.#onIceState();
    this.pc.onconnectionstatechange = () => this.#onConnectionState();
    this.pc.onsignalingstatechange = () => this.#events.changed();
    this.pc.ondatachannel = (event) => this.#adopt(event.channel);
  }

  /** Creates the channels and sends the offer. @param {boolean} withCall whether the other side may be a page */
  async offer(withCall) {
    for (const label of withCall ? [...CHANNEL_LABELS, ...OPTIONAL_LABELS] : CHANNEL_LABELS) this.#adopt(this.pc.createDataChannel(label));
    await this.pc.setLocalDescription();
    this.#describe();
  }

  /** A description or candidate of the other side. @param {any} message */
  receive(message) {
    this.#queue = this.#queue.then(() =>
      message.type === 'description' ? this.#onDescription(message) : this.#onRemoteCandidate(message));
    return this.#queue;
  }

  /** Ends the session from this side. */
  close() {
    this.ended = true;
    this.pc.close();
  }

  /** Whether every channel of the lab is open. */
  isOpen() {
    return CHANNEL_LABELS.every((label) => this.channels.get(label)?.readyState === 'open');
  }

  dtlsState() {
    return this.pc.sctp?.transport?.state ?? 'new';
  }

  sctpState() {
    return this.pc.sctp?.state ?? 'connecting';
  }

  /** The fingerprint lines of both descriptions, ours first. @returns {[string, string]} */
  fingerprints() {
    return [fingerprintOf(this.pc.localDescription), fingerprintOf(this.pc.remoteDescription)];
  }

  /** What the browser counts; nothing any more once the connection is closed. @returns {Promise<Map<string, any>>} */
  async stats() {
    try {
      return /** @type {any} */ (await this.pc.getStats());
    } catch {
      return new Map();
    }
  }

  /** The pair that carries the data now. @returns {Promise<PathInfo | null>} */
  async path() {
    const report = await this.stats();
    /** @type {any} */
    let pair = null;
    report.forEach((entry) => {
      if (entry.type === 'transport' && entry.selectedCandidatePairId) pair = report.get(entry.selectedCandidatePairId);
    });
    report.forEach((entry) => {
      if (!pair && entry.type === 'candidate-pair' && entry.selected) pair = entry;
    });
    report.forEach((entry) => {
      if (!pair && entry.type === 'candidate-pair' && entry.nominated && entry.state === 'succeeded') pair = entry;
    });
    if (!pair) return null;
    return {
      local: toCandidateInfo(report.get(pair.localCandidateId)),
      remote: toCandidateInfo(report.get(pair.remoteCandidateId)),
      rtt: Number.isFinite(pair.currentRoundTripTime) ? pair.currentRoundTripTime * 1000 : NaN,
      sent: pair.bytesSent ?? 0,
      received: pair.bytesReceived ?? 0,
    };
  }

  /** How many pairs were tried and how many answered, for the message of a failure. */
  async pairCounts() {
    let tried = 0;
    let answered = 0;
    (await this.stats()).forEach((entry) => {
      if (entry.type !== 'candidate-pair') return;
      tried += 1;
      if (entry.responsesReceived > 0 || entry.state === 'succeeded') answered += 1;
    });
    return { tried, answered };
  }

  #describe() {
    const description = this.pc.localDescription;
    if (!description) return;
    this.#events.note('sdp', 'event.sdp.local', { kind: description.type, bytes: description.sdp.length });
    this.#events.send({ type: 'description', kind: description.type, sdp: description.sdp });
    this.#events.changed();
  }

  /** @param {any} message */
  async #onDescription(message) {
    if (this.ended) return;
    try {
      await this.pc.setRemoteDescription({ type: message.kind, sdp: String(message.sdp) });
      this.#events.note('sdp', 'event.sdp.remote', { kind: message.kind, bytes: String(message.sdp).length });
      this.#countRemote(String(message.sdp));
      if (message.kind === 'offer') {
        await this.pc.setLocalDescription();
        this.#describe();
      }
      for (const candidate of this.#early.splice(0)) await this.pc.addIceCandidate(candidate);
      this.#watchTransports();
    } catch (error) {
      this.#end('description', String(error));
    }
    this.#events.changed();
  }

  /** Candidates that stand in the description itself. @param {string} sdp */
  #countRemote(sdp) {
    for (const line of sdp.split(/\r?\n/)) {
      if (line.startsWith('a=candidate:')) this.#noteRemote(line.slice(2));
    }
  }

  /** @param {any} message */
  async #onRemoteCandidate(message) {
    if (this.ended) return;
    const line = String(message.candidate ?? '');
    if (line === '') {
      this.#events.note('candidates', 'event.candidate.remoteEnd');
    } else {
      this.#noteRemote(line);
    }
    const init = { candidate: line, sdpMid: String(message.mid ?? '0') };
    if (!this.pc.remoteDescription) {
      this.#early.push(init);
      return;
    }
    try {
      await this.pc.addIceCandidate(init);
    } catch (error) {
      this.#events.note('candidates', 'event.candidate.refused', { text: String(error) });
    }
    this.#events.changed();
  }

  /** @param {string} line */
  #noteRemote(line) {
    this.remoteCandidates += 1;
    if (line.includes('.local ')) this.sawHiddenAddress = true;
    this.#events.note('candidates', 'event.candidate.remote', { line: shortCandidate(line) });
  }

  /** @param {RTCIceCandidate | null} candidate */
  #onLocalCandidate(candidate) {
    if (this.ended) return;
    const line = candidate?.candidate ?? '';
    if (line !== '') {
      this.localCandidates += 1;
      if (line.includes('.local ')) this.sawHiddenAddress = true;
      this.#events.note('candidates', 'event.candidate.local', { line: shortCandidate(line) });
    }
    // Firefox ends with "" and null, Chromium with null alone: the null one is the end that is told.
    if (candidate && line === '') return;
    this.#events.send({ type: 'candidate', candidate: line, mid: candidate?.sdpMid ?? '0' });
    this.#events.changed();
  }

  #onGathering() {
    this.#events.note('candidates', 'event.gathering', { state: this.pc.iceGatheringState });
    this.#events.changed();
  }

  #onIceState() {
    const state = this.pc.iceConnectionState;
    const step = state === 'connected' || state === 'completed' ? 'pair' : 'checks';
    this.#events.note(step, 'event.ice', { state });
    this.#watchTransports();
    this.#events.changed();
    if (state === 'failed') this.#end('ice', '');
  }

  #onConnectionState() {
    this.#watchTransports();
    this.#events.changed();
    if (this.pc.connectionState === 'failed') {
      this.#end(this.dtlsState() === 'failed' ? 'dtls' : 'ice', '');
    }
  }

  /** The DTLS and SCTP transports exist only once descriptions are applied. */
  #watchTransports() {
    const sctp = this.pc.sctp;
    if (this.#transportsWatched || !sctp?.transport) return;
    this.#transportsWatched = true;
    const dtls = sctp.transport;
    const onDtls = () => {
      this.#events.note('dtls', 'event.dtls', { state: dtls.state });
      this.#events.changed();
    };
    const onSctp = () => {
      this.#events.note('sctp', 'event.sctp', { state: sctp.state });
      this.#events.changed();
    };
    dtls.addEventListener('statechange', onDtls);
    sctp.addEventListener('statechange', onSctp);
    if (dtls.state !== 'new') onDtls();
    if (sctp.state === 'connected') onSctp();
  }

  /** @param {RTCDataChannel} channel */
  #adopt(channel) {
    channel.binaryType = 'arraybuffer';
    if (![...CHANNEL_LABELS, ...OPTIONAL_LABELS].includes(channel.label) || this.channels.has(channel.label)) {
      this.#events.note('channel', 'event.channel.other', { label: channel.label });
      return;
    }
    this.channels.set(channel.label, channel);
    const opened = () => {
      if (this.ended) return;  // some browsers still say so of a channel that opened just before
      this.#events.note('channel', 'event.channel.open', { label: channel.label, id: channel.id ?? '?' });
      this.#events.channel(channel);
      this.#events.changed();
    };
    if (channel.readyState === 'open') opened();
    else channel.addEventListener('open', opened);
    if (CHANNEL_LABELS.includes(channel.label)) channel.addEventListener('close', () => this.#end('closed', ''));
  }

  /** @param {'ice' | 'dtls' | 'description' | 'closed'} why @param {string} detail */
  #end(why, detail) {
    if (this.ended) return;
    this.ended = true;
    this.#events.ended(why, detail);
  }
}

/** @param {RTCSessionDescription | null} description */
function fingerprintOf(description) {
  return /^a=fingerprint:(.*?)\s*$/m.exec(description?.sdp ?? '')?.[1].toLowerCase() ?? '';
}

/** @param {any} stats @returns {CandidateInfo} */
function toCandidateInfo(stats) {
  return {
    address: String(stats?.address ?? stats?.ip ?? ''),
    port: Number(stats?.port ?? 0),
    type: String(stats?.candidateType ?? ''),
    protocol: String(stats?.protocol ?? 'udp').toLowerCase(),
  };
}

/** Address, port, transport and type of a candidate line. @param {string} line */
function shortCandidate(line) {
  const words = line.replace(/^candidate:/, '').split(' ');
  return words.length < 8 ? line : `${words[2].toLowerCase()} ${words[4]} port ${words[5]} ${words[7]}`;
}
