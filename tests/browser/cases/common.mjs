// cases/common.mjs - what cases do again and again: connect, send a file, ask for one.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** @typedef {import('../lib/browsers.mjs').Tab} Tab */
/** @typedef {import('../lib/glass.mjs').Glass} Glass */

const OPEN_WITHIN_MS = 30_000;
const FILE_WITHIN_MS = 45_000;
export const STEPS = ['signaling', 'candidates', 'sdp', 'checks', 'pair', 'dtls', 'sctp', 'channel'];

/** Opens the page and connects it with glass. @param {Tab} tab @param {Glass} glass @param {'page' | 'glass'} offerer */
export async function connect(tab, glass, offerer) {
  await tab.goto(glass.url);
  await connectHere(tab, offerer);
}

/** @param {Tab} tab @param {'page' | 'glass'} offerer */
export async function connectHere(tab, offerer) {
  await tab.click(`role-${offerer}`);
  await tab.click('connect-glass');
  await tab.untilAttribute('connection-state', 'data-state', 'connected', OPEN_WITHIN_MS);
}

/** Every step is done, and glass told its part of the story. @param {Tab} tab */
export async function expectWholeStory(tab) {
  for (const step of STEPS) await tab.untilAttribute(`step-${step}`, 'data-state', 'done', 5000);
  for (const step of ['checks', 'dtls', 'sctp']) {
    await tab.click(`toggle-${step}`);
    await tab.untilText(`rules-${step}`, /RFC/, 5000);
    await tab.click(`toggle-${step}`);
  }
}

/** A file of random bytes. @param {string} folder @param {string} name @param {number} size */
export function makeFile(folder, name, size) {
  const file = path.join(folder, name);
  const bytes = crypto.randomBytes(size);
  fs.writeFileSync(file, bytes);
  return { file, name, size, hash: crypto.createHash('sha256').update(bytes).digest('hex') };
}

/** Waits until the newest transfer is over, and expects equal hashes. @param {Tab} tab @param {string} [hash] */
export async function expectComplete(tab, hash) {
  const over = ['done', 'failed', 'refused', 'cancelled'];
  await tab.until('the transfer to end', async () => over.includes((await tab.attribute('transfer', 'data-state')) ?? ''), FILE_WITHIN_MS);
  assert.equal(await tab.attribute('transfer', 'data-state'), 'done', await tab.text('transfer'));
  assert.equal(await tab.attribute('transfer', 'data-equal'), 'true');
  assert.match(await tab.text('hash-mark'), /✓/);
  assert.match(await tab.text('hash-local'), /^[0-9a-f]{64}$/);
  assert.equal(await tab.text('hash-local'), await tab.text('hash-remote'));
  if (hash) assert.equal(await tab.text('hash-local'), hash);
}

/** @param {Tab} tab @param {number} count how many transfers stand in the list before */
async function untilOneMore(tab, count) {
  await tab.until('a new transfer', async () => (await countTransfers(tab)) > count);
}

/** @param {Tab} tab @returns {Promise<number>} */
export function countTransfers(tab) {
  return tab.eval(() => document.querySelectorAll('[data-testid="transfer"]').length);
}

/** Sends a file to glass and compares what glass wrote. @param {Tab} tab @param {Glass} glass @param {{ file: string, name: string, hash: string }} what */
export async function upload(tab, glass, what) {
  const before = await countTransfers(tab);
  await tab.pickFile('file', what.file);
  await untilOneMore(tab, before);
  await expectComplete(tab, what.hash);
  assert.equal(glass.receivedHash(what.name), what.hash, 'what glass wrote to its folder');
}

/** Begins to ask glass for a sample. @param {Tab} tab @param {number} megabytes */
export async function askForSample(tab, megabytes) {
  const before = await countTransfers(tab);
  await tab.type('sample-size', String(megabytes));
  await tab.click('sample');
  await untilOneMore(tab, before);
}

/** @param {Tab} tab @param {number} megabytes */
export async function download(tab, megabytes) {
  await askForSample(tab, megabytes);
  await expectComplete(tab);
  assert.equal(await tab.attribute('transfer', 'data-done'), String(megabytes * 1e6));
  assert.equal(await tab.isShown('transfer-save'), true);
}

/** What is said comes back. @param {Tab} tab @param {string} words */
export async function chat(tab, words) {
  await tab.type('chat-input', words);
  await tab.click('chat-send');
  await tab.until('the echo', async () => (await tab.text('chat')).split(words).length === 3, 8000);
}

/**
 * Two tabs meet by an invitation, and both are satisfied with the other's proof.
 * @param {any} t @param {Glass} glass @param {string} [route] @param {() => Promise<Tab>} [openGuest] in another browser
 */
export async function meetByLink(t, glass, route = 'any', openGuest = t.newTab) {
  /** @type {Tab} */
  const host = await t.newTab();
  const guest = await openGuest();
  const link = await meet(host, guest, glass.url, route);
  return { host, guest, link };
}

/** A tab of another browser is invited. @param {any} t @param {Glass} glass @param {Tab} guest @returns {Promise<Tab>} the one that invites */
export async function inviteGuest(t, glass, guest) {
  const host = await t.newTab();
  await meet(host, guest, glass.url, 'any');
  return host;
}

/** What one says the other reads. @param {Tab} from @param {Tab} to @param {string} words */
export async function chatBetween(from, to, words) {
  await from.type('chat-input', words);
  await from.click('chat-send');
  await to.until('the words', async () => (await to.text('chat')).includes(words));
}

/** One invites, the other opens the link, and they trust each other. @param {Tab} host @param {Tab} guest @param {string} url @param {string} route
 * @param {number} [withinMs] */
export async function meet(host, guest, url, route, withinMs = OPEN_WITHIN_MS) {
  await host.goto(url);
  await host.choose('route', route);
  await host.click('invite');
  await host.untilAttribute('signaling-state', 'data-state', 'running');
  /** @type {string} */
  const link = await host.eval(() => /** @type {any} */ (document.querySelector('[data-testid=link]')).value);
  await guest.goto(link);
  await guest.choose('route', route);
  await guest.click('join');
  for (const tab of [host, guest]) {
    await tab.untilAttribute('connection-state', 'data-state', 'connected', withinMs);
    await tab.until('the proof', () => tab.eval(() => !document.querySelector('[data-testid=file]')?.hasAttribute('disabled')));
  }
  return link;
}
