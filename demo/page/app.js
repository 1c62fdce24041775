// app.js - puts the parts together: one attempt at a time to connect with one other peer.
//
// An attempt has its own room, signaling, trace and session. Whoever is in the room first makes the
// offer to the one who comes; with glass the user chooses.
import { CALL_LABEL } from './call/call.js';
import { CallPanel } from './call/panel.js';
import { byId } from './dom.js';
import { language, setLanguage, startLanguage, t } from './i18n.js';
import { addMessage, drawMap, drawPath, endText, FileList, pathWords } from './panels.js';
import { configurationFor, readIceServers } from './ice_servers.js';
import { Session } from './session.js';
import { hmacSha256, Sha256, toHex } from './sha256.js';
import { commandSignaling, readStatus, Signaling } from './signaling.js';
import { STEPS, Story, StoryView } from './story.js';
import { TraceStream } from './trace.js';
import { Transfers } from './transfer.js';

/** @typedef {'idle' | 'waiting' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed'} ConnectionState */
/** @typedef {'idle' | 'connecting' | 'running' | 'stopped' | 'unreachable'} ServerState */

const TICK_MS = 500;
const STATUS_EVERY_MS = 2000;
const GLASS_JOINS_WITHIN_MS = 8000;
const SLOW_AFTER_MS = 12000;
const PROOF_WITHIN_MS = 10000;
const SECRET_BYTES = 16;
const SAMPLE_UNIT = 1e6;

const story = new Story();
const files = new FileList(onTransferAction);
/** @type {StoryView} */
let storyView;
/** @type {CallPanel} */
let calls;

/**
 * One attempt. `secret` is '' with glass, which is reached through its own server.
 * @typedef {object} Attempt
 * @property {'glass' | 'browser'} with
 * @property {'offer' | 'answer'} role what glass is to do
 * @property {string} room
 * @property {string} secret
 * @property {Signaling} signaling
 * @property {TraceStream | null} trace
 * @property {Session | null} session
 * @property {Transfers | null} transfers
 * @property {boolean} offerer whether this page made the offer
 * @property {boolean} peerInRoom
 * @property {boolean} verified
 * @property {boolean} opened
 * @property {number} openMs
 * @property {number} notes how many signaling messages passed
 * @property {number} beganAt
 * @property {number} progressAt
 */
/** @type {Attempt | null} */
let attempt = null;
/** @type {ConnectionState} */
let connection = 'idle';
/** @type {ServerState} */
let server = 'idle';
/** @type {import('./session.js').PathInfo | null} */
let path = null;
/** @type {RTCIceServer[]} */
let iceServers = [];
let samplesAsked = 0;
let statusAt = 0;

// ---- An attempt begins and ends

/** @param {'glass' | 'browser'} peer @param {'offer' | 'answer'} role @param {string} secret */
function begin(peer, role, secret) {
  endAttempt();
  hideProblem();
  if (typeof RTCPeerConnection === 'undefined') return showProblem('no-webrtc', '');
  const room = secret ? roomOf(secret) : toHex(crypto.getRandomValues(new Uint8Array(8)));
  story.reset();
  path = null;
  samplesAsked = 0;
  storyView.descriptions = null;
  story.move('signaling', 'active');
  const now = performance.now();
  attempt = {
    with: peer, role, room, secret,
    signaling: new Signaling(room, { state: onSignalingState, message: onMessage, log: onSignalingLog }),
    trace: peer === 'glass' ? new TraceStream(room, (event) => story.trace(event)) : null,
    session: null, transfers: null, offerer: false, peerInRoom: false, verified: peer === 'glass',
    opened: false, openMs: 0, notes: 0, beganAt: now, progressAt: now,
  };
  server = 'connecting';
  move('waiting');
}

function endAttempt() {
  calls.detach();
  attempt?.session?.close();
  attempt?.signaling.leave();
  attempt?.trace?.close();
  attempt = null;
}

/** The user ends it. */
function disconnect() {
  const wasInvitation = attempt?.secret !== '';
  endAttempt();
  path = null;
  if (wasInvitation) history.replaceState(null, '', location.pathname);
  hideProblem();
  move('idle');
}

/** @param {ConnectionState} state */
function move(state) {
  connection = state;
  refresh();
}

// ---- Signaling

/** @param {import('./signaling.js').SignalingState} state */
async function onSignalingState(state) {
  if (!attempt) return;
  if (state === 'joined') {
    server = 'running';
    story.note('signaling', 'event.signal.open', { room: attempt.room, id: attempt.signaling.ownId });
    if (attempt.with === 'glass') attempt.signaling.send({ type: 'invite-glass', role: attempt.role });
  }
  if (state === 'stopped') {
    server = 'stopped';
    story.note('signaling', 'event.signal.stopped');
  }
  if (state === 'unreachable') {
    server = (await readStatus()).signaling;
    story.note('signaling', server === 'stopped' ? 'event.signal.stopped' : 'event.signal.gone');
  }
  if ((state === 'stopped' || state === 'unreachable') && attempt && !attempt.opened && connection !== 'failed') {
    fail(server === 'stopped' ? 'signaling-stopped' : 'signaling', '');
  }
  refresh();
}

/** @param {'sent' | 'received'} direction @param {import('./signaling.js').Message} message @param {number} bytes */
function onSignalingLog(direction, message, bytes) {
  story.note('signaling', `event.signal.${direction}`, { type: message.type, bytes });
  if (!attempt) return;
  if (['description', 'candidate'].includes(message.type)) attempt.notes += 1;
  if (attempt.session) story.happened('signaling', 'step.signaling.done', { count: attempt.notes });
}

/** @param {import('./signaling.js').Message} message */
function onMessage(message) {
  if (!attempt) return;
  switch (message.type) {
    case 'joined':
      iceServers = readIceServers(message.ice_servers);
      return onJoined(Array.isArray(message.peers) ? message.peers : []);
    case 'peer-joined':
      return onPeerJoined(String(message.id));
    case 'peer-left':
      return onPeerLeft(String(message.id));
    case 'description':
    case 'candidate':
      return onPeerMessage(message);
    case 'error':
      return onServerError(String(message.code ?? ''), String(message.text ?? ''));
  }
}

/** A late note for somebody who has left the room harms nothing. @param {string} code @param {string} text */
function onServerError(code, text) {
  story.note('signaling', 'event.signal.error', { text: `${code}: ${text}` });
  if (attempt && !attempt.opened && code !== 'no-such-peer') fail('server', `${code}: ${text}`);
}

/** @param {import('./signaling.js').PeerInfo[]} peers */
function onJoined(peers) {
  if (!attempt || attempt.with === 'glass') return;
  if (peers.length > 1) return fail('full', '');
  attempt.peerInRoom = peers.length === 1;
}

/** @param {string} id */
function onPeerJoined(id) {
  if (!attempt) return;
  const { session, peerInRoom, opened } = attempt;
  if (session && !session.ended && (peerInRoom || !opened)) return;
  if (session) restart();
  attempt.peerInRoom = true;
  if (attempt.with === 'glass' && attempt.role === 'offer') return;
  attempt.offerer = true;
  makeSession(id).offer(attempt.with === 'browser').catch((error) => fail('description', String(error)));
}

/** The other browser came back after its session ended. */
function restart() {
  if (!attempt) return;
  calls.detach();
  attempt.session?.close();
  Object.assign(attempt, { session: null, transfers: null, opened: false, verified: false, notes: 0 });
  attempt.beganAt = performance.now();
  story.reset();
  hideProblem();
  move('waiting');
}

/** @param {string} id */
function onPeerLeft(id) {
  if (!attempt?.session || attempt.session.peerId !== id) return;
  attempt.peerInRoom = false;
  if (!attempt.opened && !attempt.session.ended) fail('left', '');
}

/** @param {import('./signaling.js').Message} message */
function onPeerMessage(message) {
  if (!attempt) return;
  const from = String(message.from);
  if (message.type === 'description' && message.kind === 'offer' && (!attempt.session || attempt.session.ended)) {
    if (attempt.session) restart();
    attempt.offerer = false;
    attempt.peerInRoom = true;
    makeSession(from);
  }
  const { session } = attempt;
  if (session && session.peerId === from) session.receive(message);
}

// ---- The session

/** Which way the packets may take. @returns {import('./ice_servers.js').Route} */
function chosenRoute() {
  return /** @type {any} */ (byId('route')).value;
}

/** @param {string} peerId @returns {Session} */
function makeSession(peerId) {
  const mine = /** @type {Attempt} */ (attempt);
  const session = new Session(peerId, configurationFor(iceServers, chosenRoute()), {
    send: (message) => {
      if (mine.opened && message.type === 'candidate' && calls.relay({ candidate: message.candidate, sdpMid: message.mid })) return;
      mine.signaling.send({ ...message, to: peerId });
    },
    note: (step, key, values) => {
      if (attempt === mine) story.note(step, key, values);
    },
    changed: () => {
      if (attempt === mine && mine.session === session) onSessionChanged(mine, session);
    },
    channel: (channel) => {
      if (attempt === mine) onChannel(mine, channel);
    },
    ended: (why, detail) => {
      if (attempt === mine && mine.session === session) onEnded(mine, session, why, detail);
    },
  });
  mine.session = session;
  progress('signaling', 'done');
  story.happened('signaling', 'step.signaling.done', { count: mine.notes });
  move('connecting');
  onSessionChanged(mine, session);
  return session;
}

/** Moves a step on, and remembers that something moved. @param {import('./story.js').StepId} id @param {import('./story.js').StepState} state */
function progress(id, state) {
  if (attempt && story.step(id).state !== state) attempt.progressAt = performance.now();
  story.move(id, state);
}

/** @param {Attempt} mine @param {Session} session */
function onSessionChanged(mine, session) {
  if (session.ended) return;
  const { pc } = session;
  const reached = ['connected', 'completed'].includes(pc.iceConnectionState);
  const described = pc.localDescription !== null && pc.remoteDescription !== null;
  const keyed = session.dtlsState() === 'connected';
  const associated = session.sctpState() === 'connected' || session.isOpen();
  progress('candidates', pc.iceGatheringState === 'complete' || reached ? 'done' : 'active');
  progress('sdp', described ? 'done' : 'active');
  if (described) progress('checks', reached ? 'done' : 'active');
  if (reached) progress('pair', 'active');
  if (reached) progress('dtls', keyed || associated ? 'done' : 'active');
  if (keyed || associated) progress('sctp', associated ? 'done' : 'active');
  if (associated) progress('channel', session.isOpen() ? 'done' : 'active');
  tellWhatHappened(mine, session);
  if (session.isOpen() && !mine.opened) onOpen(mine);
  if (mine.opened) {
    const state = pc.connectionState === 'disconnected' ? 'disconnected' : 'connected';
    if (connection !== state) move(state);
  }
}

/** @param {Attempt} mine @param {Session} session */
async function tellWhatHappened(mine, session) {
  const { pc } = session;
  if (session.localCandidates + session.remoteCandidates > 0) {
    story.happened('candidates', 'step.candidates.done', { local: session.localCandidates, remote: session.remoteCandidates });
  }
  if (pc.localDescription && pc.remoteDescription) {
    story.happened('sdp', 'step.sdp.done', { offerer: mine.offerer ? t('who.page') : peerName() });
    if (storyView.descriptions?.remote !== pc.remoteDescription.sdp || storyView.descriptions.local !== pc.localDescription.sdp) {
      storyView.descriptions = {
        local: pc.localDescription.sdp, localKind: pc.localDescription.type,
        remote: pc.remoteDescription.sdp, remoteKind: pc.remoteDescription.type,
      };
      storyView.refreshDescriptions();
    }
  }
  if (!['connected', 'completed'].includes(pc.iceConnectionState)) return;
  if (associatedSize(session)) story.happened('sctp', 'step.sctp.done', { size: associatedSize(session) });
  if (session.isOpen()) story.happened('channel', 'step.channel.done');
  await readPath(mine, session);
}

/** @param {Session} session */
function associatedSize(session) {
  return session.sctpState() === 'connected' ? Math.min(session.pc.sctp?.maxMessageSize ?? 0, 2 ** 31) : 0;
}

/** @param {Attempt} mine @param {Session} session */
async function readPath(mine, session) {
  if (session.ended) return;
  const [found, counts, version] = await Promise.all([session.path(), session.pairCounts(), dtlsVersion(session)]);
  if (attempt !== mine || session.ended || !found) return;
  path = found;
  progress('pair', 'done');
  story.happened('checks', 'step.checks.done', { tried: counts.tried, answered: Math.max(1, counts.answered) });
  story.happened('pair', 'step.pair.done', { local: endText(found.local), remote: endText(found.remote) });
  if (session.dtlsState() === 'connected') story.happened('dtls', 'step.dtls.done', { version });
  drawPath(path);
  calls.allow(isOpen(), t('call.path', { kind: pathWords(path) }));
}

/** @param {Session} session */
async function dtlsVersion(session) {
  /** @type {Record<string, string>} */
  const names = { FEFD: 'DTLS 1.2', FEFC: 'DTLS 1.3' };
  let version = '';
  (await session.stats()).forEach((entry) => {
    if (entry.type === 'transport' && entry.tlsVersion) version = String(entry.tlsVersion).toUpperCase();
  });
  return names[version] ?? 'DTLS';
}

/** @param {Attempt} mine */
function onOpen(mine) {
  mine.opened = true;
  mine.openMs = Math.round(performance.now() - mine.beganAt);
  hideProblem();
  move('connected');
  if (mine.secret) setTimeout(() => proofIsDue(mine), PROOF_WITHIN_MS);
}

/** @param {Attempt} mine @param {RTCDataChannel} channel */
function onChannel(mine, channel) {
  if (channel.label === CALL_LABEL) {
    if (mine.session) calls.attach(mine.session.pc, channel, mine.offerer);
    return;
  }
  if (channel.label === 'chat') {
    channel.addEventListener('message', (event) => {
      if (attempt === mine && typeof event.data === 'string') addMessage(peerName(), event.data, false);
    });
    return;
  }
  const transfers = new Transfers(channel, mine.session?.pc.sctp?.maxMessageSize ?? 65536, {
    changed: (transfer) => files.changed(transfer, mine.with === 'glass', transfers.buffered()),
    refused: (reason) => showNotice(t('files.refused', { reason })),
    wanted: () => samplesAsked > 0 && samplesAsked-- > 0,
    verify: (mac) => onProof(mine, mac),
  });
  mine.transfers = transfers;
  if (mine.secret) transfers.sendVerify(proofOf(mine, mine.offerer));
}

/**
 * @param {Attempt} mine @param {Session} session
 * @param {'ice' | 'dtls' | 'description' | 'closed'} why @param {string} detail
 */
async function onEnded(mine, session, why, detail) {
  calls.detach();
  if (why === 'closed' && mine.opened) {
    session.pc.close();
    showProblem('closed', '');
    return move('closed');
  }
  const counts = await session.pairCounts();
  const values = { ...counts, local: session.localCandidates, remote: session.remoteCandidates };
  const hidden = why === 'ice' && session.localCandidates === 0;
  if (attempt === mine) fail(hidden ? 'no-candidates' : why === 'closed' ? 'left' : why, detail, values);
  session.pc.close();
}

// ---- The proof that nobody sits in between
//
// Both sides know the secret of the link; the server does not. Each sends a keyed hash over both
// fingerprints as it sees them. Somebody in between would have to show other fingerprints.

/** @param {Attempt} mine @param {boolean} byOfferer whose proof */
function proofOf(mine, byOfferer) {
  const [own, other] = mine.session?.fingerprints() ?? ['', ''];
  const ordered = mine.offerer ? [own, other] : [other, own];
  const text = [mine.room, ...ordered, byOfferer ? 'offerer' : 'answerer'].join('\n');
  const encoder = new TextEncoder();
  return hmacSha256(encoder.encode(mine.secret), encoder.encode(text));
}

/** @param {Attempt} mine @param {string} mac */
function onProof(mine, mac) {
  if (attempt !== mine || !mine.secret || mine.verified || mine.session?.ended) return;
  if (mac !== proofOf(mine, !mine.offerer)) return proofFailed(mine);
  mine.verified = true;
  refresh();
}

/** @param {Attempt} mine */
function proofIsDue(mine) {
  if (attempt === mine && mine.opened && !mine.verified && connection === 'connected') proofFailed(mine);
}

/** @param {Attempt} mine */
function proofFailed(mine) {
  mine.session?.close();
  story.move('dtls', 'failed');
  fail('verify', '');
}

/** @param {string} secret */
function roomOf(secret) {
  const hash = new Sha256();
  hash.update(new TextEncoder().encode(`glass room ${secret}`));
  return hash.hex().slice(0, 16);
}

// ---- Problems

/** @param {string} key @param {string} detail @param {Record<string, string | number>} [values] */
function fail(key, detail, values = {}) {
  if (!attempt) return;
  const step = story.current();
  story.move(step, 'failed');
  showProblem(key, detail, values, step);
  calls.detach();
  attempt.session?.close();
  attempt.signaling.leave();
  move('failed');  // the trace stays: its last events tell most
}

/** What is shown of the last problem, so that it can be said in another language. @type {(() => void) | null} */
let problemShown = null;

/** @param {string} key @param {string} detail @param {Record<string, string | number>} [values] @param {string} [step] */
function showProblem(key, detail, values = {}, step = '') {
  problemShown = () => {
    byId('problem').setAttribute('data-problem', key);
    byId('problem-title').textContent = t(`problem.${key}`, values);
    byId('problem-text').textContent = step
      ? t('problem.stage', { number: STEPS.indexOf(/** @type {any} */ (step)) + 1, step: t(`step.${step}.title`) })
      : '';
    byId('problem-do').textContent = t(`problem.${key}.do`);
    byId('problem-detail').textContent = detail.trim();
  };
  problemShown();
  byId('problem').hidden = false;
}

function hideProblem() {
  problemShown = null;
  byId('problem').hidden = true;
}

/** @param {string} text */
function showNotice(text) {
  byId('files-notice').textContent = text;
  byId('files-notice').hidden = text === '';
}

// ---- Drawing

function peerName() {
  return attempt?.with === 'browser' ? t('peer.browser') : t('peer.glass');
}

function isOpen() {
  return attempt !== null && attempt.opened && attempt.verified && ['connected', 'disconnected'].includes(connection);
}

function refresh() {
  badge('signaling', server);
  badge('connection', connection);
  drawMap({ signaling: server, direct: directState(), peer: peerName(), text: mapText() });
  drawPath(path);
  refreshConnect();
  refreshServer();
  const open = isOpen();
  calls.allow(open, path ? t('call.path', { kind: pathWords(path) }) : '');
  byId('files-hint').textContent = t(open ? 'files.open' : 'files.closed');
  byId('file').disabled = !open;
  byId('drop').toggleAttribute('data-open', open);
  byId('sample').hidden = !(open && attempt?.with === 'glass');
  byId('words').disabled = !open;
  byId('say-send').disabled = !open;
}

/** @param {'signaling' | 'connection'} which @param {string} state */
function badge(which, state) {
  const node = byId(`badge-${which}`);
  node.setAttribute('data-state', state);
  node.textContent = t(`badge.${which}.${state}`);
}

/** @returns {'none' | 'trying' | 'open' | 'failed'} */
function directState() {
  if (connection === 'connected' || connection === 'disconnected') return 'open';
  if (connection === 'connecting') return 'trying';
  return connection === 'failed' && attempt?.session ? 'failed' : 'none';
}

function mapText() {
  if (directState() === 'open') return server === 'stopped' ? 'map.alone' : 'map.open';
  if (connection === 'connecting') return attempt?.session?.pc.remoteDescription ? 'map.trying' : 'map.signaling';
  if (connection === 'waiting') return 'map.signaling';
  if (connection === 'failed') return 'map.failed';
  if (connection === 'closed') return 'map.closed';
  return server === 'stopped' ? 'map.stopped' : 'map.idle';
}

function refreshConnect() {
  const busy = ['waiting', 'connecting', 'connected', 'disconnected'].includes(connection);
  const invited = secretOfLink() !== '';
  byId('connect-idle').hidden = busy;
  byId('connect-busy').hidden = !busy;
  byId('invited').hidden = !invited;
  byId('join').hidden = !invited;
  byId('roles').hidden = invited;
  byId('start').hidden = invited;
  byId('invite').hidden = invited;
  byId('link-box').hidden = !(attempt?.secret && connection === 'waiting');
  byId('stop-session').textContent = t(attempt?.opened ? 'connect.stop' : 'connect.cancel');
  byId('connect-status').textContent = busy ? statusText() : '';
}

function statusText() {
  const values = { peer: peerName(), ms: attempt?.openMs ?? 0 };
  if (connection === 'disconnected') return t('connect.status.disconnected');
  if (connection === 'connecting') return t('connect.status.building', values);
  if (connection === 'connected') {
    if (!attempt?.secret) return t('connect.status.open', values);
    return t(attempt.verified ? 'connect.status.verified' : 'connect.status.verifying', values);
  }
  if (server === 'connecting') return t('connect.status.signaling');
  return t(attempt?.with === 'glass' ? 'connect.status.glass' : 'connect.status.waiting');
}

function refreshServer() {
  const open = directState() === 'open';
  const key = {
    idle: 'running.idle', connecting: 'running.idle', running: open ? 'running' : 'running.idle',
    stopped: open ? 'stopped.open' : 'stopped', unreachable: 'unreachable',
  }[server];
  byId('server-text').textContent = t(`server.${key}`);
  const toggle = byId('server-toggle');
  toggle.textContent = t(server === 'stopped' ? 'server.start' : 'server.stop');
  toggle.disabled = server === 'unreachable';
  toggle.classList.toggle('danger', server !== 'stopped');
  toggle.classList.toggle('primary', server === 'stopped');
}

// ---- Time

async function tick() {
  const now = performance.now();
  if (attempt?.session && attempt.opened) readPath(attempt, attempt.session);
  if (attempt && connection === 'waiting' && attempt.with === 'glass' && server === 'running'
      && now - attempt.beganAt > GLASS_JOINS_WITHIN_MS) fail('glass', '');
  if (attempt && connection === 'connecting' && now - attempt.progressAt > SLOW_AFTER_MS) tellSlow(attempt);
  if (attempt?.signaling.state !== 'joined' && now - statusAt > STATUS_EVERY_MS) await updateStatus();
}

/** @param {Attempt} mine */
function tellSlow(mine) {
  if (problemShown) return;
  const none = mine.session?.localCandidates === 0 && mine.session.pc.iceGatheringState === 'complete';
  showProblem(none ? 'no-candidates' : 'slow', '', { seconds: Math.round(SLOW_AFTER_MS / 1000) }, story.current());
}

async function updateStatus() {
  statusAt = performance.now();
  const status = await readStatus();
  if (attempt?.signaling.state === 'connecting' || attempt?.signaling.state === 'joined') return;
  takeStatus(status);
}

/** @param {import('./signaling.js').Status} status */
function takeStatus(status) {
  if (status.version) byId('version').textContent = status.version;
  if (server === status.signaling) return;
  server = status.signaling;
  refresh();
}

// ---- What the user does

/** @param {import('./transfer.js').Transfer} transfer @param {'accept' | 'refuse' | 'cancel' | 'back'} action */
function onTransferAction(transfer, action) {
  const transfers = attempt?.transfers;
  if (!transfers) return;
  if (action === 'accept') transfers.accept(transfer.id);
  if (action === 'refuse') transfers.refuse(transfer.id);
  if (action === 'cancel') transfers.cancel(transfer.id);
  if (action === 'back') askFor(transfer.storedName, transfer.size);
}

/** @param {string} name @param {number} size */
function askFor(name, size) {
  showNotice('');
  samplesAsked += 1;
  attempt?.transfers?.request(name, size);
}

/** @param {Iterable<File>} list */
function sendFiles(list) {
  if (!isOpen()) return;
  showNotice('');
  for (const file of list) attempt?.transfers?.offer(file);
}

/** The secret in the link, or ''. */
function secretOfLink() {
  return /^#r=([\w-]{16,64})$/.exec(location.hash)?.[1] ?? '';
}

function invite() {
  const secret = toHex(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
  history.replaceState(null, '', `#r=${secret}`);
  byId('link').value = location.href;
  begin('browser', 'answer', secret);
}

async function copyLink() {
  const field = byId('link');
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand('copy');  // the only way on plain http outside localhost
  }
  byId('copy').textContent = t('connect.copied');
}

async function toggleServer() {
  const what = server === 'stopped' ? 'start' : 'stop';
  byId('server-toggle').disabled = true;
  await commandSignaling(what);
  if (attempt?.signaling.state !== 'joined') takeStatus(await readStatus());
  refreshServer();
}

/** @param {SubmitEvent} event */
function say(event) {
  event.preventDefault();
  const field = byId('words');
  const text = field.value.trim();
  const channel = attempt?.session?.channels.get('chat');
  if (text === '' || channel?.readyState !== 'open' || !isOpen()) return;
  channel.send(text);
  addMessage(t('chat.me'), text, true);
  field.value = '';
}

/** @param {string} name */
function changeLanguage(name) {
  setLanguage(name);
  storyView.rebuild();
  files.rebuild();
  problemShown?.();
  refresh();
  calls.draw();
}

function listen() {
  byId('start').onclick = () => {
    const role = document.querySelector('input[name=role]:checked')?.getAttribute('value');
    begin('glass', role === 'offer' ? 'offer' : 'answer', '');
  };
  byId('invite').onclick = invite;
  byId('join').onclick = () => {
    byId('link').value = location.href;
    begin('browser', 'answer', secretOfLink());
  };
  byId('copy').onclick = copyLink;
  byId('stop-session').onclick = disconnect;
  byId('problem-close').onclick = hideProblem;
  byId('server-toggle').onclick = toggleServer;
  byId('say').onsubmit = say;
  byId('language').onchange = () => changeLanguage(byId('language').value);
  byId('file').onchange = () => {
    sendFiles(byId('file').files);
    byId('file').value = '';
  };
  byId('sample').onsubmit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    askFor('sample', Number(byId('sample-size').value) * SAMPLE_UNIT);
  };
  listenToDrops();
  listenToPage();
}

function listenToDrops() {
  const drop = byId('drop');
  addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.toggleAttribute('data-over', isOpen());
  });
  addEventListener('dragleave', () => drop.removeAttribute('data-over'));
  addEventListener('drop', (event) => {
    event.preventDefault();
    drop.removeAttribute('data-over');
    sendFiles(event.dataTransfer?.files ?? []);
  });
}

function listenToPage() {
  addEventListener('hashchange', refresh);
  addEventListener('beforeunload', (event) => {
    if (attempt?.transfers?.isBusy() || calls.isJoined()) event.preventDefault();
  });
  // A closed or reloaded tab says goodbye, so that the other side need not wait for a timeout.
  addEventListener('pagehide', () => {
    endAttempt();
    connection = 'closed';
  });
  addEventListener('pageshow', (event) => {
    if (event.persisted) refresh();
  });
}

startLanguage();
storyView = new StoryView(story, byId('steps'));
calls = new CallPanel((key, values) => story.note('sdp', key, values));
byId('language').value = language();
listen();
refresh();
updateStatus();
setInterval(tick, TICK_MS);
