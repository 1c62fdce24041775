// learn/chapters.js - the chapters: which run each shows, and where in it each step is.
//
// The words are in en.js and ur-latn.js under "c.<chapter>.<step>". A step finds its place in the trace by what
// happened there, never by a number, and a question finds its answer the same way: neither can go stale.
import { nameOf } from './trace.js';

/** @typedef {import('./trace.js').Model} Model @typedef {import('./trace.js').Event} Event */
/** @typedef {'packet' | 'rules' | 'sdp' | 'ice' | 'nat' | 'machines'} Tab */
/** @typedef {{ find: (model: Model) => Event | undefined, tab?: Tab, field?: string }} Step */
/** @typedef {{ options: (model: Model) => string[], right: (model: Model) => string }} Question */
/** @typedef {{ id: string, run: Record<string, string>, steps: Step[], question?: Question }} Chapter */

const CALM = { scenario: 'first-light', seed: '1' };
const NAT = { scenario: 'port-restricted', seed: '1' };
const APART = { scenario: 'no-relay', seed: '1' };
const VOICE = { scenario: 'delivery-once', seed: '1' };
const ATTACKS = { scenario: 'attacks', seed: '1' };
const LOSSY = { scenario: 'first-light', seed: '11', loss: '15' };  // each layer loses one

/** @param {(event: Event, model: Model) => boolean} test */
const first = (test) => (/** @type {Model} */ model) => model.events.find((event) => test(event, model));
/** @param {(event: Event, model: Model) => boolean} test */
const last = (test) => (/** @type {Model} */ model) => model.events.findLast((event) => test(event, model));
/** @param {string} who @param {RegExp} what @param {string} [direction] */
const packet = (who, what, direction = 'sent') => first((event, model) =>
  event.event === 'packet' && event.layer === 'net' && event.direction === direction && nameOf(model, event.node) === who && what.test(event.summary ?? ''));
/** @param {string} who @param {RegExp} what @param {string} [direction] */
const inside = (who, what, direction = 'sent') => first((event, model) =>
  event.event === 'packet' && event.layer === 'sctp' && event.direction === direction && nameOf(model, event.node) === who && what.test(event.summary ?? ''));
/** @param {string} who @param {RegExp} machine @param {RegExp} to */
const state = (who, machine, to) => first((event, model) =>
  event.event === 'state' && nameOf(model, event.node) === who && machine.test(event.machine ?? '') && to.test(event.to ?? ''));
/** @param {string} who @param {string} layer @param {string} direction @param {RegExp} [text] */
const told = (who, layer, direction, text = /./) => first((event, model) =>
  event.event === 'packet' && event.layer === layer && event.direction === direction && nameOf(model, event.node) === who && text.test(event.text ?? event.summary ?? ''));
const start = (/** @type {Model} */ model) => model.events[model.moments[0]];
const lost = first((event, model) => event.event === 'packet' && event.direction === 'sent' && event.layer === 'net' && model.legOf.get(event.i)?.to === null);

/** @param {Model} model @param {(event: Event) => boolean} test */
const count = (model, test) => model.events.filter(test).length;
/** The right number among wrong ones near it. @param {number} n */
const near = (n) => [...new Set([Math.max(0, n - 2), n, n + 1, n + 3])].sort((a, b) => a - b).map(String);
const lostCount = (/** @type {Model} */ model) => model.legs.filter((leg) => leg.to === null).length;

/** @param {Model} model @param {string} router */
const mappingsOf = (model, router) => count(model, (event) => event.rule === '4787:4.1#0' && event.event === 'rule' && nameOf(model, event.node) === router);
/** From which address something arrives there, or at which. @param {Model} model @param {string} who @param {'remote' | 'local'} [end] */
const seenBy = (model, who, end = 'remote') => packet(who, who === 'bob' ? /user=/ : /./, 'received')(model)?.[end] ?? '';
/** @param {Model} model @param {string} who */
const ownAddress = (model, who) => packet(who, /./)(model)?.local ?? '';

/** What the sender of the first lost packet sends next. @param {Model} model */
const goesOn = (model) => after(model, lost(model), (event) => event.event === 'packet' && event.direction === 'sent' && event.layer === 'net');
/** The first of the messages that got lost: its datagram. @param {Model} model */
const lostVoice = (model) => after(model, told('alice', 'channel', 'sent')(model), (event) =>
  event.event === 'packet' && event.layer === 'net' && event.direction === 'sent' && model.legOf.get(event.i)?.to === null);
/** @param {Model} model */
const missingOf = (model) => count(model, (event) => event.layer === 'channel' && event.direction === 'sent') - count(model, (event) => event.layer === 'channel' && event.direction === 'received');
/** What Mallory sent. @param {Model} model */
const attempts = (model) => model.events.filter((event) => event.event === 'packet' && event.layer === 'net' && event.direction === 'sent' && nameOf(model, event.node) === 'mallory');
/** What becomes of her nth attempt: Bob drops it. @param {number} n */
const attempt = (n) => (/** @type {Model} */ model) => {
  const sent = attempts(model)[n - 1];
  const arrived = sent && model.events[model.legOf.get(sent.i)?.received ?? sent.i];
  return arrived && (model.events.find((event) => event.i > arrived.i && event.t === arrived.t && event.node === arrived.node && event.event === 'drop') ?? arrived);
};

/** @type {Chapter[]} */
export const CHAPTERS = [
  {
    id: 'two', run: CALM,
    steps: [
      { find: start, tab: 'machines' },
      { find: packet('alice', /Binding request/), tab: 'packet' },
      { find: told('alice', 'sdp', 'sent'), tab: 'sdp' },
      { find: told('bob', 'sdp', 'received'), tab: 'sdp' },
      { find: packet('alice', /user=/), tab: 'packet' },
      { find: last((event) => event.layer === 'channel' && event.direction === 'received'), tab: 'packet' },
    ],
    question: {
      options: (model) => ['alice', 'bob', 'stun server'].filter((name) => model.names.includes(name)),
      right: (model) => nameOf(model, model.legs.filter((leg) => !leg.signaling)[0]?.from ?? 0),
    },
  },
  {
    id: 'nat', run: NAT,
    steps: [
      { find: start, tab: 'nat' },
      { find: packet('alice', /Binding request/), tab: 'packet' },
      { find: packet('alice', /Binding request/), tab: 'nat' },
      { find: packet('alice', /success/, 'received'), tab: 'packet' },
      { find: lost, tab: 'packet' },
      { find: packet('alice', /user=/, 'received'), tab: 'packet' },
      { find: state('alice', /^peer$/, /connected/), tab: 'nat' },
    ],
    question: {
      options: (model) => [...new Set([seenBy(model, 'bob'), ownAddress(model, 'alice'), seenBy(model, 'stun server', 'local')])].sort(),
      right: (model) => seenBy(model, 'bob'),
    },
  },
  {
    id: 'stun', run: NAT,
    steps: [
      { find: packet('alice', /Binding request/), tab: 'packet' },
      { find: packet('alice', /Binding request/), tab: 'packet', field: '0.3' },
      { find: packet('stun server', /Binding request/, 'received'), tab: 'rules' },
      { find: packet('stun server', /success/), tab: 'packet' },
      { find: packet('alice', /success/, 'received'), tab: 'rules' },
    ],
    question: {
      options: (model) => near(count(model, (event) => event.event === 'packet' && event.direction === 'sent' && nameOf(model, event.node) === 'stun server')),
      right: (model) => String(count(model, (event) => event.event === 'packet' && event.direction === 'sent' && nameOf(model, event.node) === 'stun server')),
    },
  },
  {
    id: 'candidates', run: NAT,
    steps: [
      { find: start, tab: 'ice' },
      { find: packet('alice', /success/, 'received'), tab: 'ice' },
      { find: told('alice', 'signaling', 'sent'), tab: 'packet' },
      { find: told('bob', 'signaling', 'received'), tab: 'packet' },
      { find: told('alice', 'signaling', 'sent', /no more/), tab: 'packet' },
    ],
    question: {
      options: (model) => near(count(model, (event) => event.layer === 'signaling' && event.direction === 'sent' && /typ /.test(event.text ?? ''))),
      right: (model) => String(count(model, (event) => event.layer === 'signaling' && event.direction === 'sent' && /typ /.test(event.text ?? ''))),
    },
  },
  {
    id: 'signaling', run: CALM,
    steps: [
      { find: told('alice', 'sdp', 'sent'), tab: 'sdp' },
      { find: told('alice', 'sdp', 'sent'), tab: 'packet' },
      { find: told('bob', 'sdp', 'received'), tab: 'rules' },
      { find: told('bob', 'sdp', 'sent'), tab: 'sdp' },
      { find: told('alice', 'sdp', 'received'), tab: 'sdp' },
      { find: state('alice', /^signaling$/, /stable/), tab: 'machines' },
    ],
    question: {
      options: () => ['actpass', 'active', 'passive', 'holdconn'],
      right: (model) => /a=setup:(\w+)/.exec(told('bob', 'sdp', 'sent')(model)?.lines?.map((line) => line[1]).join('\n') ?? '')?.[1] ?? '',
    },
  },
  {
    id: 'ice', run: CALM,
    steps: [
      { find: state('bob', /ice agent/, /checking/), tab: 'ice' },
      { find: packet('alice', /user=/), tab: 'packet' },
      { find: packet('bob', /user=/, 'received'), tab: 'rules' },
      { find: packet('bob', /success/), tab: 'packet' },
      { find: state('alice', / -> /, /Succeeded/), tab: 'ice' },
      { find: packet('alice', /USE-CANDIDATE/), tab: 'packet' },
      { find: state('alice', /ice agent/, /completed/), tab: 'ice' },
    ],
    question: {
      options: () => ['alice', 'bob'],
      right: (model) => nameOf(model, packet('alice', /USE-CANDIDATE/)(model)?.node ?? packet('bob', /USE-CANDIDATE/)(model)?.node ?? 0),
    },
  },
  {
    id: 'turn', run: APART,
    steps: [
      { find: start, tab: 'nat' },
      { find: packet('alice', /success/, 'received'), tab: 'packet' },
      { find: first((event, model) => event.event === 'packet' && event.layer === 'net' && nameOf(model, event.node) === 'alice' && /user=/.test(event.summary ?? '') && !/^10\./.test(event.remote ?? '')), tab: 'nat' },
      { find: (model) => model.events.filter((event) => event.event === 'drop' && /filter/.test(event.why ?? ''))[0], tab: 'nat' },
      { find: (model) => model.events.filter((event) => event.event === 'drop' && /filter/.test(event.why ?? ''))[1], tab: 'rules' },
      { find: state('alice', /ice agent/, /failed/), tab: 'ice' },
      { find: state('bob', /^peer$/, /failed/), tab: 'machines' },
    ],
    question: { options: (model) => near(mappingsOf(model, "alice's router")), right: (model) => String(mappingsOf(model, "alice's router")) },
  },
  {
    id: 'dtls', run: CALM,
    steps: [
      { find: packet('bob', /ClientHello/), tab: 'packet' },
      { find: packet('alice', /ServerHello/), tab: 'packet' },
      { find: packet('bob', /Certificate/, 'received'), tab: 'rules' },
      { find: packet('bob', /ClientKeyExchange/), tab: 'packet' },
      { find: packet('bob', /ClientKeyExchange/), tab: 'rules' },
      { find: packet('alice', /ChangeCipherSpec/), tab: 'packet' },
      { find: state('bob', /dtls connection/, /open/), tab: 'machines' },
    ],
    question: {
      options: () => ['alice', 'bob'],
      right: (model) => nameOf(model, model.events.find((event) => /ClientHello/.test(event.summary ?? '') && event.direction === 'sent')?.node ?? 0),
    },
  },
  {
    id: 'sctp', run: CALM,
    steps: [
      { find: inside('alice', /^SCTP INIT /), tab: 'packet' },
      { find: inside('bob', /INIT ACK/), tab: 'packet' },
      { find: inside('alice', /COOKIE ECHO/), tab: 'packet' },
      { find: inside('alice', /OPEN "chat"/), tab: 'packet' },
      { find: state('alice', /association/, /ESTABLISHED/), tab: 'machines' },
      { find: inside('alice', /\(text\)/), tab: 'packet' },
      { find: (model) => after(model, inside('bob', /\(text\)/, 'received')(model), (event) => event.layer === 'sctp' && event.direction === 'sent' && /SACK/.test(event.summary ?? '')), tab: 'rules' },
    ],
    question: {
      options: () => ['50', '51', '53', '132'],
      right: (model) => /ppid=(\d+) \(text\)/.exec(inside('alice', /\(text\)/)(model)?.summary ?? '')?.[1] ?? '',
    },
  },
  {
    id: 'media', run: VOICE,
    steps: [
      { find: told('alice', 'sdp', 'sent'), tab: 'sdp' },
      { find: packet('bob', /ClientHello/), tab: 'packet' },
      { find: told('alice', 'channel', 'sent'), tab: 'packet' },
      { find: lostVoice, tab: 'packet' },
      { find: (model) => after(model, lostVoice(model), (event) => event.event === 'packet' && event.layer === 'net' && event.direction === 'sent' && model.legOf.get(event.i)?.to !== null), tab: 'packet' },
      { find: last((event) => event.layer === 'channel' && event.direction === 'received'), tab: 'machines' },
    ],
    question: { options: (model) => near(missingOf(model)), right: (model) => String(missingOf(model)) },
  },
  {
    id: 'off', run: CALM,
    steps: [
      { find: told('alice', 'channel', 'sent'), tab: 'packet' },
      { find: state('network', /signaling server/, /stopped/), tab: 'machines' },
      { find: first((event, model) => event.layer === 'sctp' && event.t > (state('network', /signaling server/, /stopped/)(model)?.t ?? Infinity)), tab: 'packet' },
      { find: last((event) => event.layer === 'sctp' && /binary/.test(event.summary ?? '')), tab: 'packet' },
      { find: last((event) => event.event === 'state' && event.machine === 'peer'), tab: 'machines' },
    ],
    question: {
      options: (model) => near(count(model, (event) => (event.layer === 'signaling' || event.layer === 'sdp') && event.direction === 'sent')),
      right: (model) => String(count(model, (event) => (event.layer === 'signaling' || event.layer === 'sdp') && event.direction === 'sent')),
    },
  },
  {
    id: 'breaking', run: LOSSY,
    steps: [
      { find: start, tab: 'machines' },
      { find: lost, tab: 'packet' },
      { find: goesOn, tab: 'packet' },
      { find: (model) => after(model, goesOn(model), (event) => event.event === 'timer' && event.deadline !== null), tab: 'machines' },
      { find: state('alice', /^peer$/, /connected/), tab: 'machines' },
      { find: last((event) => event.layer === 'channel' && event.direction === 'received'), tab: 'packet' },
    ],
    question: { options: (model) => near(lostCount(model)), right: (model) => String(lostCount(model)) },
  },
  {
    id: 'attacks', run: ATTACKS,
    steps: [
      { find: told('alice', 'channel', 'sent'), tab: 'machines' },
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ find: attempt(n), tab: /** @type {Tab} */ ('rules') })),
      { find: last((event) => event.layer === 'channel' && event.direction === 'received'), tab: 'machines' },
    ],
    question: { options: (model) => near(attempts(model).length), right: (model) => String(attempts(model).length) },
  },
];

/** @param {Model} model @param {Event | undefined} from @param {(event: Event) => boolean} test */
function after(model, from, test) {
  return from && model.events.find((event) => event.i > from.i && event.node === from.node && test(event));
}

/** The event that a step shows: a moment to stop at. @param {Model} model @param {Step} step */
export function placeOf(model, step) {
  const found = step.find(model)?.i ?? model.moments[0] ?? 0;
  return model.moments.findLast((moment) => moment <= found) ?? model.moments[0] ?? 0;
}
