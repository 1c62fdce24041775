// call/level.js - how loud a stream is, from 0 to 1, measured here and shown as a meter.

const SAMPLES = 1024;
// Speech keeps its root mean square far below the largest value there is.
const FULL_SCALE = 0.35;

export class LevelMeter {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {{ track: MediaStreamTrack, source: MediaStreamAudioSourceNode, analyser: AnalyserNode } | null} */
  #at = null;
  #samples = new Float32Array(SAMPLES);

  /** @param {MediaStreamTrack | null} track */
  listen(track) {
    if (this.#at?.track === track || (!this.#at && !track)) return;
    this.#at?.source.disconnect();
    this.#at = null;
    if (!track) {
      this.#context?.close();
      this.#context = null;
      return;
    }
    this.#context ??= new AudioContext();
    const source = this.#context.createMediaStreamSource(new MediaStream([track]));
    const analyser = new AnalyserNode(this.#context, { fftSize: SAMPLES });
    source.connect(analyser);
    this.#at = { track, source, analyser };
  }

  /** The loudness of the last few milliseconds. */
  read() {
    if (!this.#at) return 0;
    if (this.#context?.state === 'suspended') this.#context.resume();
    this.#at.analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    return Math.min(1, Math.sqrt(sum / SAMPLES) / FULL_SCALE);
  }
}
