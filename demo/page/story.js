// story.js - the eight steps of a connection, what happened in each, and how they are drawn.
//
// Story is the record, StoryView draws it. Events come from two witnesses: this browser, and the
// glass peer's trace. Each is put under one step; a step keeps the first and the last ones and counts
// the rest, so that a long transfer cannot fill the page.
import { code, make, throttled } from './dom.js';
import { has, t } from './i18n.js';

/** @typedef {'signaling' | 'candidates' | 'sdp' | 'checks' | 'pair' | 'dtls' | 'sctp' | 'channel'} StepId */
/** @typedef {'waiting' | 'active' | 'done' | 'failed'} StepState */

/** @type {StepId[]} */
export const STEPS = ['signaling', 'candidates', 'sdp', 'checks', 'pair', 'dtls', 'sctp', 'channel'];

/** The one rule to read first for each step. @type {Record<StepId, string>} */
const MAIN_RULES = {
  signaling: 'RFC 9429 §3.1',
  candidates: 'RFC 8445 §5.1.1',
  sdp: 'RFC 3264 §5',
  checks: 'RFC 8445 §7',
  pair: 'RFC 8445 §8.1.1',
  dtls: 'RFC 8842 §5',
  sctp: 'RFC 8261 §6',
  channel: 'RFC 8832 §5.1',
};

const FIRST_KEPT = 60;
const LAST_KEPT = 120;
const RULES_KEPT = 80;

/**
 * @typedef {object} StoryEvent
 * @property {number} ms since the story began
 * @property {string} who 'page' or the name of the peer that the trace speaks for
 * @property {string} kind
 * @property {string} key a key of the catalogue, or '' when `text` says it
 * @property {Record<string, string | number>} values
 * @property {string} text
 * @property {string} rule
 * @property {string} note
 *
 * @typedef {object} Step
 * @property {StepId} id
 * @property {StepState} state
 * @property {number} endedMs
 * @property {number} count
 * @property {StoryEvent[]} first
 * @property {StoryEvent[]} last
 * @property {Map<string, { note: string, count: number }>} rules
 * @property {string} happenedKey
 * @property {Record<string, string | number>} happenedValues
 */

export class Story {
  /** @type {Step[]} */
  steps = [];
  changed = () => {};
  #startedAt = 0;
  /** What to add to the trace's clock to get ours. @type {number | null} */
  #traceOffset = null;

  constructor() {
    this.reset();
  }

  reset() {
    this.#startedAt = performance.now();
    this.#traceOffset = null;
    this.steps = STEPS.map((id) => ({
      id, state: 'waiting', endedMs: NaN, count: 0, first: [], last: [], rules: new Map(),
      happenedKey: '', happenedValues: {},
    }));
    this.changed();
  }

  elapsed() {
    return performance.now() - this.#startedAt;
  }

  /** @param {string} id @returns {Step} */
  step(id) {
    return /** @type {Step} */ (this.steps.find((step) => step.id === id));
  }

  /** Something this page saw. @param {string} id @param {string} key @param {Record<string, string | number>} [values] */
  note(id, key, values = {}) {
    this.#add(id, { ms: this.elapsed(), who: 'page', kind: 'state', key, values, text: '', rule: '', note: '' });
  }

  /** Something the other peer's trace tells. @param {import('./trace.js').TraceEvent} event */
  trace(event) {
    this.#traceOffset ??= this.elapsed() - event.t_ms;
    const times = Number(event.facts.times ?? 0);
    const text = event.text || event.note || event.kind;
    this.#add(this.#stepOf(event), {
      ms: event.t_ms + this.#traceOffset,
      who: event.node,
      kind: event.kind,
      key: '',
      values: {},
      text: times > 1 ? `${text} ×${times}` : text,
      rule: event.rule,
      note: event.note,
    }, times);
  }

  /** Moves a step on; a step that is over stays so. @param {StepId} id @param {StepState} state */
  move(id, state) {
    const step = this.step(id);
    const over = step.state === 'done' || step.state === 'failed';
    if (step.state === state || (over && state !== 'failed')) return;
    step.state = state;
    if (state !== 'active') step.endedMs = this.elapsed();
    this.changed();
  }

  /** What came of a step, in one sentence. @param {StepId} id @param {string} key @param {Record<string, string | number>} [values] */
  happened(id, key, values = {}) {
    const step = this.step(id);
    step.happenedKey = key;
    step.happenedValues = values;
    this.changed();
  }

  /** The step that is under way, or the first that has not begun. @returns {StepId} */
  current() {
    const step = this.steps.find((s) => s.state === 'active') ?? this.steps.find((s) => s.state === 'waiting');
    return step?.id ?? 'channel';
  }

  /**
   * @param {string} id @param {StoryEvent} event
   * @param {number} [times] what glass counted: of a rule that comes often it tells only some
   */
  #add(id, event, times = 0) {
    const step = this.step(id);
    step.count += 1;
    if (step.first.length < FIRST_KEPT) step.first.push(event);
    else step.last.push(event);
    if (step.last.length > LAST_KEPT) step.last.shift();
    if (event.rule !== '') {
      const seen = step.rules.get(event.rule);
      if (seen) seen.count = Math.max(seen.count + 1, times);
      else if (step.rules.size < RULES_KEPT) step.rules.set(event.rule, { note: event.note, count: Math.max(1, times) });
    }
    this.changed();
  }

  /**
   * Packets go on after their step is over: checks ask for consent, and DTLS carries the channels.
   * @param {import('./trace.js').TraceEvent} event @returns {StepId}
   */
  #stepOfPacket(event) {
    if (event.layer === 'dtls') return this.step('dtls').state === 'done' ? 'channel' : 'dtls';
    if (event.layer === 'sctp') return this.step('sctp').state === 'done' ? 'channel' : 'sctp';
    return this.step('checks').state === 'done' ? 'pair' : 'checks';
  }

  /** @param {import('./trace.js').TraceEvent} event @returns {StepId} */
  #stepOf(event) {
    if (event.kind === 'candidate') return 'candidates';
    if (event.kind === 'sdp' || event.layer === 'sdp') return 'sdp';
    if (event.kind === 'channel' || event.layer === 'channel' || event.rule.startsWith('8832:')) return 'channel';
    if (event.kind === 'packet') return this.#stepOfPacket(event);
    switch (event.layer) {
      case 'signaling':
        return 'signaling';
      case 'stun':
      case 'turn':
      case 'ice':
        return stepOfIce(event);
      case 'dtls':
        return 'dtls';
      case 'sctp':
        return 'sctp';
      default:
        return this.current();
    }
  }
}

// RFC 8445 §5: candidates; §8: nomination. RFC 7675 keeps the chosen pair alive.
/** @param {import('./trace.js').TraceEvent} event @returns {StepId} */
function stepOfIce(event) {
  const rule = event.rule;
  if (/^(8445:5\.|8838:|8421:|9429:)/.test(rule)) return 'candidates';
  if (/^(7675:|8445:(8|11|12)(\.|#)|8445:7\.2\.5\.3\.4|8445:7\.3\.1\.5)/.test(rule)) return 'pair';
  if (event.kind === 'state' && /connected|completed|selected|nominated/i.test(event.text)) return 'pair';
  return 'checks';
}

/** @typedef {{ local: string, localKind: string, remote: string, remoteKind: string }} Descriptions */

export class StoryView {
  /** Both descriptions, for the step that shows them. @type {Descriptions | null} */
  descriptions = null;
  #story;
  #list;
  /** @type {Map<StepId, any>} */
  #parts = new Map();
  /** @type {Set<string>} */
  #open = new Set();

  /** @param {Story} story @param {HTMLElement} list */
  constructor(story, list) {
    this.#story = story;
    this.#list = list;
    story.changed = throttled(() => this.refresh(), 80);
    this.rebuild();
  }

  /** Draws everything anew: at the start, and in another language. */
  rebuild() {
    this.#list.replaceChildren(...STEPS.map((id, index) => this.#makeStep(id, index)));
    this.refresh();
  }

  refresh() {
    for (const step of this.#story.steps) this.#refreshStep(step);
  }

  /** @param {StepId} id @param {number} index */
  #makeStep(id, index) {
    const mark = make('span', { class: 'step-mark', 'aria-hidden': 'true' }, String(index + 1));
    const state = make('span', { class: 'step-state' });
    const time = make('span', { class: 'step-time', dir: 'ltr' });
    const happened = make('p', { class: 'step-happened' });
    const hint = make('p', { class: 'step-hint', hidden: true });
    const sdp = make('div', {});
    const rules = make('div', {});
    const events = make(
      'ol', { class: 'events', 'data-testid': `events-${id}`, tabindex: '0', 'aria-label': t('step.log'), hidden: true });
    const none = make('p', { class: 'quiet' }, t('step.none'));
    const detail = make(
      'div', { class: 'step-detail', id: `detail-${id}`, hidden: !this.#open.has(id) },
      sdp, rules, make('h4', {}, t('step.log')), events, none);
    const count = make('span', { class: 'step-count' });
    const toggle = make(
      'button',
      {
        type: 'button', class: 'step-toggle', 'aria-controls': `detail-${id}`,
        'aria-expanded': String(this.#open.has(id)), 'data-testid': `toggle-${id}`,
        onclick: () => this.#toggle(id),
      },
      count);
    const item = make(
      'li',
      { class: 'step', 'data-testid': `step-${id}`, 'data-state': 'waiting' },
      mark,
      make(
        'div', { class: 'step-body' },
        make('div', { class: 'step-head' },
          make('h3', { id: `step-${id}` }, t(`step.${id}.title`)), state, time),
        happened,
        make('p', { class: 'step-why' }, make('strong', {}, t('step.why') + ' '), t(`step.${id}.why`)),
        make('p', { class: 'step-rule' },
          make('span', { class: 'rule' }, code(MAIN_RULES[id])), ' ', t(`step.${id}.rule`)),
        hint,
        toggle,
        detail));
    this.#parts.set(id, { item, state, time, happened, hint, toggle, count, detail, sdp, rules, events, none, drawn: -1, described: null });
    return item;
  }

  /** @param {StepId} id */
  #toggle(id) {
    const part = this.#parts.get(id);
    const open = !this.#open.has(id);
    if (open) this.#open.add(id);
    else this.#open.delete(id);
    part.toggle.setAttribute('aria-expanded', String(open));
    part.detail.hidden = !open;
    part.drawn = -1;
    this.#refreshStep(this.#story.step(id));
  }

  /** @param {Step} step */
  #refreshStep(step) {
    const part = this.#parts.get(step.id);
    part.item.setAttribute('data-state', step.state);
    part.item.setAttribute('data-count', String(step.count));
    if (step.state === 'active') part.item.setAttribute('aria-current', 'step');
    else part.item.removeAttribute('aria-current');
    part.state.textContent = t(`state.${step.state}`);
    part.time.textContent = Number.isNaN(step.endedMs) ? '' : `${Math.round(step.endedMs)} ms`;
    part.happened.textContent = step.happenedKey ? t(step.happenedKey, step.happenedValues) : t(`step.${step.id}.what`);
    part.item.toggleAttribute('data-happened', step.happenedKey !== '');
    part.count.textContent = t('step.events', { events: step.count, rules: step.rules.size });
    if (step.id === 'candidates') {
      const hidden = [...step.first, ...step.last].some((e) => `${e.values.line ?? e.text}`.includes('.local'));
      part.hint.hidden = !hidden;
      part.hint.textContent = hidden ? t('step.candidates.mdns') : '';
    }
    if (this.#open.has(step.id) && part.drawn !== step.count) {
      part.drawn = step.count;
      this.#drawDetail(step, part);
    }
  }

  /** Draws the open part anew, also when only the descriptions changed. */
  refreshDescriptions() {
    this.#parts.get('sdp').drawn = -1;
    this.#story.changed();
  }

  /**
   * Draws the open part of a step. What has not changed stays in place, for somebody may be reading it.
   * @param {Step} step @param {any} part
   */
  #drawDetail(step, part) {
    if (step.id === 'sdp' && part.described !== this.descriptions) {
      part.described = this.descriptions;
      part.sdp.replaceChildren(...(this.descriptions ? makeDescriptions(this.descriptions) : []));
    }
    part.rules.replaceChildren();
    if (step.rules.size > 0) {
      part.rules.append(
        make('h4', {}, t('step.rules')),
        make('ul', { class: 'rules', 'data-testid': `rules-${step.id}` }, ...[...step.rules].map(makeRule)));
    }
    const omitted = step.count - step.first.length - step.last.length;
    const rows = step.first.map(makeEvent);
    if (omitted > 0) rows.push(make('li', { class: 'event-omitted' }, t('step.omitted', { count: omitted })));
    rows.push(...step.last.map(makeEvent));
    const scrolled = part.events.scrollTop;
    part.events.replaceChildren(...rows);
    part.events.scrollTop = scrolled;
    part.events.hidden = rows.length === 0;
    part.none.hidden = rows.length > 0;
  }
}

/** @param {StoryEvent} event */
function makeEvent(event) {
  const isPage = event.who === 'page';
  return make(
    'li', { class: 'event', 'data-kind': event.kind },
    make('span', { class: 'event-time', dir: 'ltr' }, `${event.ms.toFixed(1)} ms`),
    make('span', { class: 'who', 'data-who': isPage ? 'page' : 'peer' }, isPage ? t('who.page') : event.who),
    make('span', { class: 'event-text' },
      event.kind === 'drop' ? make('strong', {}, t('event.dropped') + ' ') : null,
      event.key ? make('bdi', {}, t(event.key, event.values)) : make('bdi', {}, event.text)),
    event.rule ? make('span', { class: 'rule', title: event.note }, code(ruleName(event.rule))) : null);
}

/** @param {[string, { note: string, count: number }]} entry */
function makeRule([rule, { note, count }]) {
  return make(
    'li', {},
    make('span', { class: 'rule' }, code(ruleName(rule))),
    make('span', { class: 'rule-note' }, note),
    make('span', { class: 'rule-count' }, `×${count}`));
}

/** "8445:7.2.2#1" as people write it. @param {string} rule */
function ruleName(rule) {
  const parts = /^(\d+):([^#]+)(#\d+)?$/.exec(rule);
  if (!parts) return rule;
  return `RFC ${parts[1]} §${parts[2]}${parts[3] && parts[3] !== '#0' ? ` ${parts[3]}` : ''}`;
}

/** @param {Descriptions} both @returns {HTMLElement[]} */
function makeDescriptions(both) {
  return [
    makeDescription('local', t('sdp.local', { kind: both.localKind }), both.local),
    makeDescription('remote', t('sdp.remote', { kind: both.remoteKind }), both.remote),
  ];
}

/** @param {string} side @param {string} title @param {string} sdp */
function makeDescription(side, title, sdp) {
  const lines = sdp.split(/\r?\n/).filter((line) => line !== '');
  return make(
    'details', { class: 'sdp', 'data-testid': `sdp-${side}` },
    make('summary', {}, title, ' ', make('span', { class: 'quiet' }, t('sdp.lines', { count: lines.length }))),
    make('ol', { class: 'sdp-lines' }, ...lines.map((line) => make(
      'li', {},
      make('code', { dir: 'ltr' }, line),
      make('span', { class: 'sdp-meaning' }, meaningOf(line))))));
}

/** What a line of SDP says, by its name. @param {string} line */
function meaningOf(line) {
  const attribute = /^a=([a-z0-9-]+)/.exec(line);
  const key = `sdp.line.${attribute ? attribute[1] : line.slice(0, 1)}`;
  return has(key) ? t(key) : '';
}
