// call/media.js - the microphone and the camera of this side: asked for, muted, changed, let go.
//
// Knows devices and tracks, nothing of connections. A track that is off is stopped, so that the lamp of
// the camera is off too; a muted microphone stays open and sends silence, so that it is back at once.

/** @typedef {'audio' | 'video'} Kind */
/** @typedef {'insecure' | 'denied' | 'none' | 'busy' | 'lost' | 'failed'} MediaProblem */

/** @type {Kind[]} */
export const KINDS = ['audio', 'video'];

/** What the errors of getUserMedia mean. @type {Record<string, MediaProblem>} */
const PROBLEMS = {
  NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'none', OverconstrainedError: 'none',
  NotReadableError: 'busy', AbortError: 'busy',
};

export class LocalMedia {
  /** @type {Record<Kind, MediaStreamTrack | null>} */
  tracks = { audio: null, video: null };
  muted = false;
  /** Why a device is not there, by kind; '' when nobody asked or it is there. @type {Record<Kind, MediaProblem | ''>} */
  problems = { audio: '', video: '' };
  /** @type {Record<Kind, { id: string, label: string }[]>} */
  devices = { audio: [], video: [] };
  /** @type {Record<Kind, string>} */
  chosen = { audio: '', video: '' };
  #changed;
  /** Grows when everything is closed: what was asked for before is let go when it comes. */
  #round = 0;
  /** @type {Promise<void>} */
  #queue = Promise.resolve();

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
    globalThis.navigator?.mediaDevices?.addEventListener?.('devicechange', () => this.#list());
  }

  /** Asks for both at once, so that the user is asked once; when one is missing, for each alone. */
  openAll() {
    return this.#after(async () => {
      const problem = await this.#ask(KINDS);
      if (problem === 'none' || problem === 'busy') for (const kind of KINDS) await this.#ask([kind]);
    });
  }

  /** @param {Kind} kind */
  open(kind) {
    return this.#after(async () => {
      await this.#ask([kind]);
    });
  }

  /** @param {Kind} kind */
  stop(kind) {
    this.#drop(kind);
    this.#changed();
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    if (this.tracks.audio) this.tracks.audio.enabled = !muted;
    this.#changed();
  }

  /** Another device of a kind; one that is off stays off. @param {Kind} kind @param {string} id */
  choose(kind, id) {
    this.chosen[kind] = id;
    return this.tracks[kind] ? this.open(kind) : Promise.resolve();
  }

  /** Lets everything go. */
  close() {
    this.#round += 1;
    for (const kind of KINDS) this.#drop(kind);
    this.problems = { audio: '', video: '' };
    this.#changed();
  }

  /** @param {() => Promise<void>} work */
  #after(work) {
    this.#queue = this.#queue.then(work);
    return this.#queue;
  }

  /** @param {Kind[]} kinds @returns {Promise<MediaProblem | ''>} */
  async #ask(kinds) {
    const round = this.#round;
    const devices = navigator.mediaDevices;
    /** @type {MediaProblem | ''} */
    let problem = '';
    if (!devices?.getUserMedia) problem = 'insecure';
    else {
      try {
        const stream = await devices.getUserMedia(Object.fromEntries(kinds.map((kind) => [kind, this.#wanted(kind)])));
        for (const track of stream.getTracks()) this.#take(track, round);
      } catch (error) {
        problem = PROBLEMS[/** @type {any} */ (error)?.name] ?? 'failed';
      }
    }
    if (round !== this.#round) return '';
    for (const kind of kinds) this.problems[kind] = problem;
    await this.#list();
    this.#changed();
    return problem;
  }

  /** @param {Kind} kind @returns {MediaTrackConstraints | boolean} */
  #wanted(kind) {
    const id = this.chosen[kind];
    const device = id ? { deviceId: { exact: id } } : {};
    return kind === 'video' ? { ...device, width: { ideal: 640 }, height: { ideal: 480 } } : id ? device : true;
  }

  /** @param {MediaStreamTrack} track @param {number} round */
  #take(track, round) {
    const kind = /** @type {Kind} */ (track.kind);
    if (round !== this.#round) return track.stop();
    this.#drop(kind);
    this.tracks[kind] = track;
    if (kind === 'audio') track.enabled = !this.muted;
    this.chosen[kind] = track.getSettings().deviceId ?? this.chosen[kind];
    track.onended = () => this.#lost(kind, track);
  }

  /** Somebody pulled the plug, or took the permission back. @param {Kind} kind @param {MediaStreamTrack} track */
  #lost(kind, track) {
    if (this.tracks[kind] !== track) return;
    this.#drop(kind);
    this.problems[kind] = 'lost';
    this.#changed();
  }

  /** @param {Kind} kind */
  #drop(kind) {
    const track = this.tracks[kind];
    this.tracks[kind] = null;
    if (track) track.onended = null;
    track?.stop();
  }

  async #list() {
    const found = await navigator.mediaDevices?.enumerateDevices?.().catch(() => []) ?? [];
    for (const kind of KINDS) {
      this.devices[kind] = found.filter((one) => one.kind === `${kind}input` && one.deviceId !== '')
        .map((one) => ({ id: one.deviceId, label: one.label }));
    }
    this.#changed();
  }
}
