// learn/main.js - the walkthrough: what is shown is a function of the trace, the place in it and the language.
//
// The server simulates; this page draws what it was told, forwards and backwards alike.
import { byId, code, make } from '../dom.js';
import { extend, language, setLanguage, startLanguage, t } from '../i18n.js';
import { bugOf, makeBugQuestion, makeBugs } from './bugs.js';
import { CHAPTERS, placeOf } from './chapters.js';
import { makeDelivery } from './delivery.js';
import { makeDiagram, markDiagram } from './diagram.js';
import en from './en.js';
import { clock, makeList, markList, sentenceOf } from './events.js';
import { makeExperiment } from './experiment.js';
import { makeFork } from './fork.js';
import { bindKeys, fillHelp } from './keys.js';
import { hashOf, parseHash, queryOf } from './link.js';
import { makeMatrix } from './matrix.js';
import { packetPanel } from './packet.js';
import { icePanel, machinesPanel, natPanel, rulesPanel, sdpPanel } from './panels.js';
import { SPEEDS, makePlayer } from './player.js';
import { makeQuestion } from './question.js';
import { momentAt, momentIndex, stateAt } from './state.js';
import { TraceError } from './trace.js';
import { firstRun, isAvailable, loadTrace } from './load.js';
import urLatn from './ur-latn.js';

/** @typedef {import('./trace.js').Model} Model @typedef {import('./chapters.js').Tab} Tab */

/** @type {Tab[]} */
const TABS = ['packet', 'rules', 'sdp', 'ice', 'nat', 'machines'];

const place = {
  chapter: 'two', step: 0, free: false,
  /** @type {Record<string, string>} */ run: CHAPTERS[0].run,
  at: 0, field: '', /** @type {Tab} */ tab: 'packet',
};
/** @type {Model | null} */
let model = null;
/** @type {SVGElement | null} */
let picture = null;
let loads = 0;
let ownHash = '';
/** @type {ReturnType<typeof makePlayer>} */
let player;

const chapterOf = () => CHAPTERS.find((one) => one.id === place.chapter) ?? CHAPTERS[0];

// --- Drawing -----------------------------------------------------------------------------------

/** What depends on the trace and the language only. */
function drawTrace() {
  if (!model) return;
  picture = makeDiagram(model, goTo);
  byId('diagram').replaceChildren(picture);
  byId('events').replaceChildren(...makeList(model, goTo));
  byId('scrub').max = model.moments.length - 1;
  makeExperiment(byId('experiment'), place.run, tryRun);
  byId('pcapng').href = `/api/pcapng?${queryOf(place.run)}`;
  byId('pcapng').download = `glass-${place.run.scenario ?? 'run'}-${place.run.seed ?? '1'}.pcapng`;
  byId('fork').hidden = true;
}

/** What depends on the language only. */
function drawExperiments() {
  makeBugs(byId('bugs'), tryRun);
  makeDelivery(byId('delivery'));
  makeMatrix(byId('matrix'));
}

function forkHere() {
  if (!model) return;
  makeFork(byId('fork'), place.run, model.events[place.at], model);
  byId('fork').scrollIntoView({ block: 'nearest' });
}

/** What depends on the place as well. */
function draw() {
  const focused = document.activeElement?.getAttribute('data-key') ?? null;
  drawChapters();
  drawLesson();
  if (!model) return;
  const event = model.events[place.at];
  const index = momentIndex(model, place.at);
  if (picture) keepInView(byId('diagram'), markDiagram(picture, place.at));
  keepInView(byId('events'), markList(byId('events'), place.at));
  const sentence = sentenceOf(model, event);
  byId('scrub').value = index;
  byId('scrub').setAttribute('aria-valuetext', `${clock(event.t)}, ${sentence}`);
  byId('clock').textContent = `${clock(event.t)} · ${index + 1}/${model.moments.length}`;
  byId('details-title').replaceChildren(code(clock(event.t)), ' ', make('bdi', {}, sentence));
  drawTabs();
  byId('panel').replaceChildren(...panelOf(model).filter((node) => node !== null));
  byId('play').textContent = t(player.isPlaying() ? 'player.pause' : 'player.play');
  const again = focused && /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${CSS.escape(focused)}"]`));
  if (again) again.focus({ preventScroll: true });
}

/** @param {Model} trace @returns {any[]} */
function panelOf(trace) {
  const event = trace.events[place.at];
  switch (place.tab) {
    case 'packet': return packetPanel(trace, event, place.field, selectField);
    case 'rules': return rulesPanel(trace, event);
    case 'sdp': return sdpPanel(trace, place.at);
    case 'ice': return icePanel(trace, stateAt(trace, place.at));
    case 'nat': return natPanel(trace, stateAt(trace, place.at));
    default: return machinesPanel(trace, stateAt(trace, place.at), event.t);
  }
}

function drawChapters() {
  byId('chapters').replaceChildren(...CHAPTERS.map((chapter, n) => {
    const here = !place.free && chapter.id === place.chapter;
    return make('li', {}, make('button', {
      type: 'button', disabled: !isAvailable(chapter.run), 'data-key': `c${chapter.id}`, 'data-testid': `chapter-${chapter.id}`, 'aria-current': here ? 'page' : undefined,
      onclick: () => openChapter(chapter.id, 0),
    }, make('span', { class: 'number' }, String(n + 1)), ' ', t(`c.${chapter.id}`)));
  }));
  // On a narrow page the chapters are one line that scrolls sideways.
  const here = byId('chapters').querySelector('[aria-current]');
  if (here) keepInLine(byId('chapters'), here);
}

function drawLesson() {
  const chapter = chapterOf();
  byId('lesson-steps').hidden = place.free;
  byId('question').hidden = true;
  const bug = place.free ? bugOf(place.run) : 0;
  if (bug > 0 && model) {
    byId('lesson-place').textContent = t('bugs.title');
    byId('lesson-title').textContent = t('bugs.number', { n: bug });
    byId('lesson-text').replaceChildren();
    makeBugQuestion(byId('question'), bug, model, place.at, goTo, () => {
      draw();
      makeBugs(byId('bugs'), tryRun);
    });
    return;
  }
  if (place.free) {
    byId('lesson-place').textContent = t('learn.free', { scenario: place.run.scenario ?? '', seed: place.run.seed ?? '1' });
    byId('lesson-title').textContent = t('learn.free.title');
    byId('lesson-text').replaceChildren(make('p', {}, t('learn.free.text')));
    return;
  }
  byId('lesson-place').textContent = t('learn.place', { step: place.step + 1, steps: chapter.steps.length });
  byId('lesson-title').textContent = t(`c.${chapter.id}`);
  byId('lesson-text').replaceChildren(make('p', {}, t(`c.${chapter.id}.${place.step + 1}`)));
  byId('step-back').disabled = place.step === 0 && chapter === CHAPTERS[0];
  byId('step-next').disabled = place.step === chapter.steps.length - 1 && chapter === CHAPTERS.at(-1);
  if (model && chapter.question && place.step === chapter.steps.length - 1) {
    makeQuestion(byId('question'), chapter.id, chapter.question, model);
  }
}

function drawTabs() {
  byId('tabs').replaceChildren(...TABS.map((tab) => make('button', {
    type: 'button', role: 'tab', 'data-key': `t${tab}`, 'data-testid': `tab-${tab}`, 'aria-selected': String(tab === place.tab), 'aria-controls': 'panel',
    onclick: () => show({ tab }),
  }, t(`tab.${tab}`))));
}

/** Scrolls a box, never the page. @param {Element} box @param {Element | null} inner */
function keepInView(box, inner) {
  if (!inner) return;
  const [outer, own] = [box.getBoundingClientRect(), inner.getBoundingClientRect()];
  const middle = own.top - outer.top - outer.height / 2;
  if (Math.abs(middle) > outer.height * 0.3) box.scrollTop += middle;
}

/** The same sideways. @param {Element} box @param {Element} inner */
function keepInLine(box, inner) {
  const [outer, own] = [box.getBoundingClientRect(), inner.getBoundingClientRect()];
  if (own.left < outer.left || own.right > outer.right) box.scrollLeft += own.left - outer.left - (outer.width - own.width) / 2;
}

// --- Moving ------------------------------------------------------------------------------------

/** @param {Partial<typeof place>} change */
function show(change) {
  Object.assign(place, change);
  draw();
  ownHash = hashOf(place);
  history.replaceState(null, '', ownHash);
}

/** @param {number} at */
function goTo(at) {
  show({ at, field: '' });
}

/** @param {string} field */
function selectField(field) {
  show({ field: field === place.field ? '' : field });
}

/** By so many moments. @param {number} count */
function move(count) {
  if (!model) return false;
  const index = momentIndex(model, place.at) + count;
  if (index < 0 || index >= model.moments.length) return false;
  goTo(model.moments[index]);
  return true;
}

/** @param {number} index */
function moveTo(index) {
  if (model) goTo(model.moments[Math.max(0, Math.min(model.moments.length - 1, index))]);
}

/** A step on or back, into the next chapter where one ends. @param {number} count */
function step(count) {
  const chapter = chapterOf();
  const to = place.step + count;
  if (!place.free && to >= 0 && to < chapter.steps.length) return openChapter(chapter.id, to);
  return jump(count, count < 0);
}

/** To the next chapter, or the one before. @param {number} count @param {boolean} [atItsEnd] */
function jump(count, atItsEnd = false) {
  const next = CHAPTERS[CHAPTERS.indexOf(chapterOf()) + count];
  return next ? openChapter(next.id, atItsEnd ? next.steps.length - 1 : 0) : Promise.resolve();
}

/** @param {string} id @param {number} number @param {number | null} [at] @param {string} [field] */
async function openChapter(id, number, at = null, field = '') {
  const chapter = CHAPTERS.find((one) => one.id === id) ?? CHAPTERS[0];
  const n = Math.max(0, Math.min(chapter.steps.length - 1, number));
  if (!(await load(chapter.run, chapter.id, n)) || !model) return;
  const wanted = chapter.steps[n];
  const found = placeOf(model, wanted);
  show({ at: at !== null && model.moments.includes(at) ? at : found, field: field || (wanted.field ?? ''), tab: wanted.tab ?? place.tab });
}

/** @param {Record<string, string>} run */
async function tryRun(run) {
  const before = performance.now();
  if (!(await load(run, null, 0)) || !model) return;
  show({ at: model.moments[0] ?? 0, field: '' });
  byId('experiment-note').textContent = t('try.done', { ms: Math.round(performance.now() - before), packets: model.legs.filter((leg) => !leg.signaling).length, lost: model.legs.filter((leg) => leg.to === null).length });
}

/** False: it could not be had, which the page says. @param {Record<string, string>} run @param {string | null} chapter @param {number} number */
async function load(run, chapter, number) {
  const mine = ++loads;
  const where = chapter === null ? { free: true } : { free: false, chapter, step: number };
  if (model && queryOf(run) === queryOf(place.run)) {
    Object.assign(place, where);
    return true;
  }
  try {
    const loaded = await loadTrace(run);
    if (mine !== loads) return false;
    player.stop();
    model = loaded;
    Object.assign(place, where, { run });
    byId('problem').hidden = true;
    byId('main').dataset.state = 'ready';
    drawTrace();
    return true;
  } catch (error) {
    if (mine === loads) complain(error);
    return false;
  }
}

/** @param {unknown} error */
function complain(error) {
  const text = error instanceof TraceError ? t(error.key, error.values) : t('trace.unreachable');
  byId('problem').replaceChildren(make('h2', {}, t('trace.problem')), make('p', {}, text));
  byId('problem').hidden = false;
  byId('main').dataset.state = 'failed';
  if (!(error instanceof TraceError)) console.warn(error);
}

// --- Starting ----------------------------------------------------------------------------------

async function openHash() {
  if (location.hash === ownHash && ownHash !== '') return;
  const link = parseHash(location.hash);
  const alone = firstRun();  // of a file that has no chapter's run inside
  const run = link.run ?? (alone && !CHAPTERS.some((chapter) => isAvailable(chapter.run)) ? alone : null);
  if (!run) return openChapter(link.chapter || (CHAPTERS.find((chapter) => isAvailable(chapter.run))?.id ?? ''), link.step, link.at, link.field);
  if (!(await load(run, null, 0)) || !model) return;
  const at = link.at !== null && model.moments.includes(link.at) ? link.at : Number.isNaN(link.t) ? model.moments[0] : momentAt(model, link.t);
  show({ at, field: link.field, tab: link.field ? 'packet' : place.tab });
}

function start() {
  extend('en', en);
  extend('ur-Latn', urLatn);
  startLanguage();
  byId('language').value = language();
  byId('language').addEventListener('change', () => {
    setLanguage(byId('language').value);
    fillHelp(byId('help-keys'));
    if (firstRun() === null) drawExperiments();
    drawTrace();
    draw();
  });
  player = makePlayer({ advance: () => move(1), gap: () => gapAhead(), changed: draw });
  byId('speed').append(...SPEEDS.map((speed) => make('option', { value: speed, selected: speed === 1 }, `${speed}×`)));
  byId('speed').addEventListener('change', () => player.setSpeed(Number(byId('speed').value)));
  byId('scrub').addEventListener('input', () => moveTo(Number(byId('scrub').value)));
  const actions = {
    on: () => move(1), back: () => move(-1), start: () => moveTo(0), end: () => moveTo(Infinity), play: () => player.toggle(),
    next: () => step(1), previous: () => step(-1), chapterOn: () => jump(1), chapterBack: () => jump(-1),
    faster: () => changeSpeed(1), slower: () => changeSpeed(-1), tab: (/** @type {Tab} */ tab) => show({ tab }), help: () => byId('help').showModal(), fork: forkHere,
  };
  for (const [id, action] of Object.entries({ 'go-on': 'on', 'go-back': 'back', 'go-start': 'start', 'go-end': 'end', play: 'play', 'step-next': 'next', 'step-back': 'previous', 'help-open': 'help', 'fork-here': 'fork' })) {
    byId(id).addEventListener('click', /** @type {any} */ (actions)[action]);
  }
  bindKeys(actions, byId('keys-on'));
  fillHelp(byId('help-keys'));
  byId('to-lab').hidden = firstRun() !== null;
  // An exported file has its runs inside, and nobody to ask for others.
  for (const section of [byId('experiment').closest('section'), ...document.querySelectorAll('.served')]) section.hidden = firstRun() !== null;
  if (firstRun() === null) drawExperiments();
  addEventListener('hashchange', openHash);
  return openHash();
}

/** Milliseconds of the trace until the next moment. */
function gapAhead() {
  if (!model) return 0;
  const next = model.moments[momentIndex(model, place.at) + 1];
  return next === undefined ? 0 : model.events[next].t - model.events[place.at].t;
}

/** @param {number} by */
function changeSpeed(by) {
  const select = byId('speed');
  select.selectedIndex = Math.max(0, Math.min(SPEEDS.length - 1, select.selectedIndex + by));
  player.setSpeed(Number(select.value));
}

start();
