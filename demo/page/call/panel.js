// call/panel.js - voice and video on the page: get ready, join, see each other, read the figures.
//
// One for the life of the page; a Call comes and goes with its connection. The devices are asked for
// when the user wants it, never before.
import { byId, code, make } from '../dom.js';
import { has, t } from '../i18n.js';
import { Call } from './call.js';
import { FIGURES, readFigures } from './figures.js';
import { LevelMeter } from './level.js';
import { KINDS, LocalMedia } from './media.js';
import { drawPlot } from './plot.js';

/** @typedef {import('./figures.js').Figures} Figures @typedef {import('./figures.js').FigureName} FigureName */
/** @typedef {import('./media.js').Kind} Kind */

const LEVEL_EVERY_MS = 100;
const FIGURES_EVERY_MS = 1000;
const FIGURES_KEPT = 60;

/** What each device button and list is called. @type {Record<Kind, string>} */
const DEVICE = { audio: 'mic', video: 'camera' };

export class CallPanel {
  #media = new LocalMedia(() => this.#onMedia());
  /** @type {Call | null} */
  #call = null;
  /** @type {RTCPeerConnection | null} */
  #pc = null;
  #ready = false;
  #open = false;
  #refused = '';
  #own = new LevelMeter();
  #other = new LevelMeter();
  /** @type {Figures[]} */
  #figures = [];
  /** @type {FigureName} */
  #shown = 'rate';
  #path = '';
  /** @type {(key: string, values: Record<string, string | number>) => void} */
  #note;

  /** @param {(key: string, values: Record<string, string | number>) => void} note something for the story */
  constructor(note) {
    this.#note = note;
    byId('call-open').onclick = () => this.#getReady();
    byId('call-join').onclick = () => this.#join();
    byId('call-hangup').onclick = () => this.hangUp();
    byId('call-mic').onclick = () => this.#toggleMic();
    byId('call-camera').onclick = () => this.#toggleCamera();
    byId('call-sound').onclick = () => this.#play();
    for (const kind of KINDS) {
      const list = byId(`call-${DEVICE[kind]}-device`);
      list.onchange = () => this.#media.choose(kind, list.value);
    }
    this.#makeChoices();
    setInterval(() => this.#drawLevels(), LEVEL_EVERY_MS);
    setInterval(() => this.#count(), FIGURES_EVERY_MS);
    this.draw();
  }

  /** @param {RTCPeerConnection} pc @param {RTCDataChannel} channel @param {boolean} offers whether this side makes the offers */
  attach(pc, channel, offers) {
    this.detach();
    this.#pc = pc;
    const call = new Call(pc, channel, { offers, media: this.#media, events: {
      changed: () => {
        if (this.#call === call) this.draw();
      },
      described: (direction, kind, bytes) => this.#note(`event.call.${direction}`, { kind, bytes }),
      refused: (text) => this.#onRefused(text),
    } });
    this.#call = call;
    this.draw();
  }

  /** The connection is gone. */
  detach() {
    const call = this.#call;
    this.#call = null;
    this.#pc = null;
    call?.close();
    this.hangUp();
  }

  /** A candidate that signaling cannot carry any more. @param {any} candidate @returns {boolean} whether it was taken */
  relay(candidate) {
    if (!this.#call?.peer) return false;
    this.#call.relay(candidate);
    return true;
  }

  /** @param {boolean} open whether the connection is there, and proved @param {string} path in words */
  allow(open, path) {
    const changed = open !== this.#open || path !== this.#path;
    this.#open = open;
    this.#path = path;
    if (changed) this.draw();
  }

  isJoined() {
    return this.#call?.joined === true;
  }

  hangUp() {
    this.#ready = false;
    this.#refused = '';
    this.#figures = [];
    this.#media.close();
    this.#call?.leave();
    this.draw();
  }

  // ---- What the user does

  async #getReady() {
    this.#ready = true;
    byId('call-open').disabled = true;
    await this.#media.openAll();
    byId('call-open').disabled = false;
    byId('call-join').focus();
  }

  #join() {
    this.#call?.join();
    byId('call-hangup').focus();
  }

  #toggleMic() {
    if (!this.#media.tracks.audio) this.#media.open('audio');
    else this.#media.mute(!this.#media.muted);
  }

  #toggleCamera() {
    if (this.#media.tracks.video) this.#media.stop('video');
    else this.#media.open('video');
  }

  /** Browsers may keep quiet until the user has touched the page. */
  async #play() {
    try {
      await byId('call-remote').play();
      byId('call-sound').hidden = true;
    } catch (error) {
      if (/** @type {any} */ (error)?.name === 'NotAllowedError') byId('call-sound').hidden = false;
    }
  }

  #onMedia() {
    if (!this.#ready) return;
    this.#call?.update();
    this.draw();
  }

  /** @param {string} text */
  #onRefused(text) {
    this.#refused = text;
    this.#note('event.call.refused', { text });
    this.draw();
  }

  // ---- Drawing

  /** Everything anew, also in another language. */
  draw() {
    const call = this.#call;
    const possible = this.#open && call?.peer !== null && call !== null;
    const stage = possible && this.#ready;
    byId('call').dataset.state = !possible ? 'none' : call.isOn() ? 'on' : call.joined ? 'waiting' : this.#ready ? 'ready' : 'possible';
    byId('call-hint').textContent = t(this.#hint(possible));
    byId('call-open').hidden = !possible || this.#ready;
    byId('call-stage').hidden = !stage;
    byId('call-figures').hidden = !(stage && call?.isOn());
    byId('call-join').hidden = call?.joined === true;
    byId('call-hangup').textContent = t(call?.joined ? 'call.hangup' : 'call.cancel');
    this.#drawButtons();
    this.#drawDevices();
    this.#drawProblems();
    this.#drawVideos();
    this.#drawFigures();
  }

  /** @param {boolean} possible */
  #hint(possible) {
    if (!possible || !this.#call) return this.#open ? 'call.hint.alone' : 'call.hint.none';
    if (this.#call.isOn()) return 'call.hint.on';
    if (this.#call.joined) return 'call.hint.waiting';
    if (this.#call.peer?.joined) return 'call.hint.invited';
    return this.#ready ? 'call.hint.ready' : 'call.hint.possible';
  }

  #drawButtons() {
    const { tracks, muted } = this.#media;
    const talking = tracks.audio !== null && !muted;
    const mic = byId('call-mic');
    mic.textContent = t(talking ? 'call.mic.mute' : tracks.audio ? 'call.mic.unmute' : 'call.mic.on');
    mic.dataset.on = String(talking);
    const camera = byId('call-camera');
    camera.textContent = t(tracks.video ? 'call.camera.off' : 'call.camera.on');
    camera.dataset.on = String(tracks.video !== null);
  }

  #drawDevices() {
    for (const kind of KINDS) {
      const list = byId(`call-${DEVICE[kind]}-device`);
      const devices = this.#media.devices[kind];
      const names = devices.map((one, n) => one.label || t(`call.${DEVICE[kind]}.number`, { n: n + 1 }));
      const shape = JSON.stringify([devices, names]);
      if (list.dataset.shape !== shape) {
        list.dataset.shape = shape;
        list.replaceChildren(...devices.map((one, n) => make('option', { value: one.id }, names[n])));
      }
      list.value = this.#media.chosen[kind];
      byId(`call-${DEVICE[kind]}-choice`).hidden = devices.length === 0;
    }
  }

  #drawProblems() {
    const box = byId('call-problem');
    const { problems } = this.#media;
    const kinds = KINDS.filter((kind) => problems[kind] !== '');
    const same = kinds.length === 2 && problems.audio === problems.video;
    const shown = same ? [`call.problem.${problems.audio}`] : kinds.flatMap((kind) => [`call.problem.${DEVICE[kind]}.${problems[kind]}`, `call.problem.${problems[kind]}`].filter(has).slice(0, 1));
    const key = [...shown, this.#refused].join(' ');
    const paragraphs = shown.flatMap((one) => [make('p', {}, make('strong', {}, t(one))), make('p', {}, t(`${one}.do`))]);
    if (this.#refused) paragraphs.push(make('p', {}, t('call.problem.refused')), make('p', { class: 'quiet' }, code(this.#refused)));
    if (box.dataset.shown === key && box.lang === document.documentElement.lang) return;
    Object.assign(box.dataset, { shown: key, problem: same ? problems.audio : kinds.map((kind) => `${DEVICE[kind]}-${problems[kind]}`).join(' ') });
    box.lang = document.documentElement.lang;
    box.replaceChildren(...paragraphs);
    box.hidden = paragraphs.length === 0;
  }

  #drawVideos() {
    const { tracks } = this.#media;
    const peer = this.#call?.peer;
    const on = this.#call?.isOn() === true;
    const own = byId('call-own');
    const shown = /** @type {MediaStream | null} */ (own.srcObject)?.getTracks()[0] ?? null;
    if (shown !== tracks.video) own.srcObject = tracks.video ? new MediaStream([tracks.video]) : null;
    byId('call-own-off').hidden = tracks.video !== null;
    const remote = byId('call-remote');
    const stream = on ? this.#call?.remote ?? null : null;
    if (remote.srcObject !== stream) remote.srcObject = stream;
    if (stream && remote.paused && stream.getTracks().length > 0) this.#play();
    byId('call-remote-off').hidden = on && peer?.camera === true;
    byId('call-remote-off').textContent = t(on ? 'call.remote.camera' : peer?.joined ? 'call.remote.here' : 'call.remote.away');
    byId('call-remote-muted').hidden = !on || peer?.mic === true;
    this.#own.listen(this.#ready ? tracks.audio : null);
    this.#other.listen(stream?.getAudioTracks()[0] ?? null);
  }

  #drawLevels() {
    if (byId('call-stage').hidden) return;
    byId('call-own-level').value = this.#media.muted ? 0 : this.#own.read();
    byId('call-remote-level').value = this.#call?.peer?.mic ? Math.max(this.#other.read(), this.#call.level()) : 0;
  }

  // ---- Figures

  #makeChoices() {
    byId('call-plot-choice').append(...FIGURES.map((name) => make('label', { class: 'plot-choice' },
      make('input', { type: 'radio', name: 'figure', value: name, checked: name === this.#shown, 'data-testid': `figure-${name}`, onchange: () => {
        this.#shown = name;
        this.#drawFigures();
      } }), make('span', { 'data-i18n': `call.figure.${name}` }, t(`call.figure.${name}`)))));
  }

  async #count() {
    const pc = this.#pc;
    if (!pc || !this.#call?.isOn()) return;
    const report = /** @type {any} */ (await pc.getStats().catch(() => null));
    if (!report || this.#pc !== pc || !this.#call?.isOn()) return;
    this.#figures.push(readFigures(report, this.#figures.at(-1) ?? null, performance.now()));
    if (this.#figures.length > FIGURES_KEPT) this.#figures.shift();
    this.#drawFigures();
  }

  #drawFigures() {
    const last = this.#figures.at(-1);
    byId('call-path').textContent = this.#path;
    const list = byId('call-numbers');
    if (!last) return list.replaceChildren();
    /** @param {number} value @param {number} digits @param {string} unit */
    const told = (value, digits, unit) => (Number.isNaN(value) ? '–' : `${value.toFixed(digits)} ${unit}`);
    /** @type {[string, string][]} */
    const rows = [
      ['sending', told(last.sending, 0, 'kbit/s')], ['receiving', told(last.receiving, 0, 'kbit/s')], ['loss', told(last.loss, 1, '%')],
      ['rtt', told(last.rtt, 1, 'ms')], ['jitter', told(last.jitter, 1, 'ms')], ['codecs', last.codecs.map((one) => one.split('/')[1]).join(', ') || '–'],
      ['picture', last.picture.width ? `${last.picture.width} × ${last.picture.height}, ${last.picture.fps} fps` : '–'],
    ];
    list.replaceChildren(...rows.flatMap(([key, value]) => [make('dt', {}, t(`call.figure.${key}`)), make('dd', { 'data-testid': `call-${key}` }, code(value))]));
    Object.assign(list.dataset, { receiving: last.receiving.toFixed(1), sending: last.sending.toFixed(1), rtt: String(last.rtt) });
    drawPlot(byId('call-plot'), this.#figures, this.#shown, FIGURES_KEPT);
  }
}
