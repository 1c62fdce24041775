// learn/events.js - the list of what happened: the words behind the diagram, and the way through it by
// keyboard and screen reader.
import { code, make } from '../dom.js';
import { t } from '../i18n.js';
import { nameOf } from './trace.js';

/** @typedef {import('./trace.js').Model} Model @typedef {import('./trace.js').Event} Event */

/** @param {number} ms */
export function clock(ms) {
  return `${ms.toFixed(1)} ms`;
}

/** What happened, in one line of the language of the page. @param {Model} model @param {Event} event */
export function sentenceOf(model, event) {
  const who = nameOf(model, event.node);
  const leg = model.legOf.get(event.i);
  const what = event.summary ?? event.text ?? '';
  if (event.event === 'state') {
    return t(event.node === 0 ? 'say.world' : 'say.state', { who, machine: event.machine ?? '', from: event.from ?? '', to: event.to ?? '' });
  }
  if (event.event === 'table') return t('say.table', { who, n: event.table?.length ?? 0 });
  if (event.event === 'drop') return t(event.layer === 'net' ? 'say.ends' : 'say.drop', { who, why: event.why ?? '' });
  if (event.layer === 'channel') return t(event.direction === 'sent' ? 'say.says' : 'say.hears', { who, what });
  if (event.layer === 'sctp') return t(event.direction === 'sent' ? 'say.inside.sent' : 'say.inside.received', { who, what });
  if (event.direction === 'sent') {
    const lost = leg !== undefined && leg.to === null;
    const whom = leg?.to !== null && leg?.to !== undefined ? nameOf(model, leg.to) : (event.remote ?? '');
    return t(lost ? 'say.lost' : leg?.signaling ? 'say.signals' : 'say.sent', { who, whom, what });
  }
  return t(leg?.signaling ? 'say.signaled' : 'say.received', { who, whom: leg ? nameOf(model, leg.from) : (event.remote ?? ''), what });
}

/** What is normal though it looks like a failure. @param {Event} event */
export function comfortOf(event) {
  const text = `${event.summary ?? ''} ${event.why ?? ''}`;
  if (/COOKIE ACK out of place/.test(text)) return 'comfort.cookie';
  if (/401/.test(text)) return 'comfort.401';
  if (event.event === 'drop' && /filter|no mapping|not let in/i.test(text)) return 'comfort.filter';
  return '';
}

/** @param {Model} model @param {(event: number) => void} onPick */
export function makeList(model, onPick) {
  return model.moments.map((moment) => {
    const event = model.events[moment];
    const comfort = comfortOf(event);
    return make('li', { 'data-event': moment, class: 'moment', 'data-kind': event.event, 'data-layer': event.layer },
      make('button', { type: 'button', 'data-key': `e${moment}`, onclick: () => onPick(moment) },
        make('span', { class: 'when' }, code(clock(event.t))),
        make('span', { class: 'layer-tag' }, event.layer),
        make('span', { class: 'what' }, make('bdi', {}, sentenceOf(model, event))),
        comfort === '' ? null : make('span', { class: 'comfort' }, t(comfort))));
  });
}

/** @param {Element} list @param {number} at */
export function markList(list, at) {
  let current = null;
  for (const item of list.children) {
    const moment = Number(item.getAttribute('data-event'));
    item.setAttribute('data-when', moment < at ? 'past' : moment === at ? 'now' : 'future');
    const button = item.firstElementChild;
    if (moment === at) button?.setAttribute('aria-current', 'step');
    else button?.removeAttribute('aria-current');
    if (moment === at) current = item;
  }
  return current;
}
