// call/figures.js - what the browser counts of a call, as figures for people.
//
// A figure of a rate is what happened between two reports; the browser's own counters only grow.

/** @typedef {'rate' | 'loss' | 'rtt' | 'jitter'} FigureName */
/** @type {FigureName[]} */
export const FIGURES = ['rate', 'loss', 'rtt', 'jitter'];

/**
 * @typedef {object} Counts
 * @property {number} at milliseconds
 * @property {number} sent bytes
 * @property {number} received bytes
 * @property {number} packets received
 * @property {number} lost
 *
 * @typedef {object} Figures
 * @property {Counts} counts
 * @property {number} sending kbit/s
 * @property {number} receiving kbit/s
 * @property {number} loss of what comes here, in percent
 * @property {number} rtt milliseconds
 * @property {number} jitter milliseconds
 * @property {string[]} codecs
 * @property {{ width: number, height: number, fps: number }} picture
 */

/** @param {any} value */
const number = (value) => (Number.isFinite(value) ? value : 0);

/** @param {Map<string, any>} report what getStats gives @param {Figures | null} before @param {number} now @returns {Figures} */
export function readFigures(report, before, now) {
  const counts = { at: now, sent: 0, received: 0, packets: 0, lost: 0 };
  const figures = { counts, sending: 0, receiving: 0, loss: NaN, rtt: NaN, jitter: NaN, codecs: /** @type {string[]} */ ([]), picture: { width: 0, height: 0, fps: 0 } };
  let pairRtt = NaN;
  report.forEach((entry) => {
    if (entry.type === 'outbound-rtp') counts.sent += number(entry.bytesSent);
    if (entry.type === 'inbound-rtp') takeInbound(figures, entry);
    if (entry.type === 'remote-inbound-rtp' && Number.isFinite(entry.roundTripTime)) figures.rtt = entry.roundTripTime * 1000;
    if (entry.type === 'candidate-pair' && entry.nominated && Number.isFinite(entry.currentRoundTripTime)) pairRtt = entry.currentRoundTripTime * 1000;
    const codec = (entry.type === 'inbound-rtp' || entry.type === 'outbound-rtp') && report.get(entry.codecId)?.mimeType;
    if (codec && !figures.codecs.includes(codec)) figures.codecs.push(codec);
  });
  if (Number.isNaN(figures.rtt)) figures.rtt = pairRtt;
  figures.codecs.sort();
  if (before) compare(figures, before.counts);
  return figures;
}

/** @param {Figures} figures @param {any} entry */
function takeInbound(figures, entry) {
  figures.counts.received += number(entry.bytesReceived);
  figures.counts.packets += number(entry.packetsReceived);
  figures.counts.lost += Math.max(0, number(entry.packetsLost));
  if (Number.isFinite(entry.jitter) && number(entry.packetsReceived) > 0) {
    figures.jitter = Math.max(Number.isNaN(figures.jitter) ? 0 : figures.jitter, entry.jitter * 1000);
  }
  if (entry.frameWidth) figures.picture = { width: entry.frameWidth, height: number(entry.frameHeight), fps: Math.round(number(entry.framesPerSecond)) };
}

/** @param {Figures} figures @param {Counts} before */
function compare(figures, before) {
  const { counts } = figures;
  const seconds = (counts.at - before.at) / 1000;
  if (seconds <= 0) return;
  // Counters begin again when a track goes and another comes.
  figures.sending = (Math.max(0, counts.sent - before.sent) * 8) / 1000 / seconds;
  figures.receiving = (Math.max(0, counts.received - before.received) * 8) / 1000 / seconds;
  const lost = Math.max(0, counts.lost - before.lost);
  const packets = Math.max(0, counts.packets - before.packets);
  if (lost + packets > 0) figures.loss = (100 * lost) / (lost + packets);
}
