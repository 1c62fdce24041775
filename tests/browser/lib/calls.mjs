// lib/calls.mjs - what cases of calls do again and again: get ready, join, and look whether anything moves.

/** @typedef {import('./browsers.mjs').Tab} Tab */

const MOVES_WITHIN_MS = 20_000;

/** Opens devices. @param {Tab} tab */
export async function getReady(tab) {
  await tab.until('a call to be possible', () => tab.isShown('call-open'));
  await tab.click('call-open');
  await tab.untilAttribute('call', 'data-state', 'ready');
}

/** @param {...Tab} tabs */
export async function joinAll(...tabs) {
  for (const tab of tabs) await getReady(tab);
  for (const tab of tabs) {
    await tab.until('the devices', async () => (await tab.attribute('call-mic', 'data-on')) === 'true' && (await tab.attribute('call-camera', 'data-on')) === 'true');
    await tab.click('call-join');
  }
  for (const tab of tabs) await tab.untilAttribute('call', 'data-state', 'on');
}

/** A picture that is there, and another one a while later. @param {Tab} tab @param {string} [id] */
export async function expectMoving(tab, id = 'call-remote') {
  await tab.until(`a picture in ${id}`, async () => (await picture(tab, id)) !== null, MOVES_WITHIN_MS);
  const first = await picture(tab, id);
  await tab.until(`the picture in ${id} to move`, async () => {
    const now = await picture(tab, id);
    return now !== null && now !== first;
  }, MOVES_WITHIN_MS);
}

/** The pixels of a video in one word; null while there is none, or nothing but one colour on a black ground. @param {Tab} tab @param {string} id @returns {Promise<string | null>} */
function picture(tab, id) {
  return tab.eval((selector) => {
    const video = document.querySelector(selector);
    if (!video || video.videoWidth < 16 || video.readyState < 2) return null;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [64, 48];
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.drawImage(video, 0, 0, 64, 48);
    const { data } = context.getImageData(0, 0, 64, 48);
    let [sum, light] = [0, 0];
    for (let at = 0; at < data.length; at += 4) {
      light += data[at] + data[at + 1] + data[at + 2];
      sum = (sum * 31 + data[at] * 3 + data[at + 1] * 5 + data[at + 2] * 7) % 1_000_000_007;
    }
    return light < 64 * 48 * 6 ? null : String(sum);
  }, `[data-testid="${id}"]`);
}

/** @param {Tab} tab */
export async function expectSound(tab) {
  await tab.until('sound of the other side', async () => (await level(tab)) > 0.01, MOVES_WITHIN_MS);
}

/** Nothing is heard for a second. @param {Tab} tab */
export async function expectSilence(tab) {
  let since = 0;
  await tab.until('silence of the other side', async () => {
    if ((await level(tab)) > 0.001) since = 0;
    else since ||= Date.now();
    return since > 0 && Date.now() - since > 1000;
  }, MOVES_WITHIN_MS);
}

/** @param {Tab} tab @returns {Promise<number>} */
function level(tab) {
  return tab.eval(() => /** @type {any} */ (document.querySelector('[data-testid=call-remote-level]'))?.value ?? 0);
}

/** @param {Tab} tab @param {number} kilobits */
export async function expectRate(tab, kilobits) {
  await tab.until(`${kilobits} kbit/s`, async () => Number(await tab.attribute('call-numbers', 'data-receiving')) > kilobits, MOVES_WITHIN_MS);
}
