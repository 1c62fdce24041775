// natlab_pages.mjs - two browsers behind two real NATs of Linux: node natlab_pages.mjs [filter]
//
// The network is natlab_net.mjs. The page comes from one `glass serve`, which is killed in the middle; the relay is another
// one that shares its secret. A file of 100 MB outlives ten seconds without any packet, and a minute; a call goes on.
// GLASS names the program; needs root, nftables, conntrack and the packages of tests/browser.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { runCases } from './cases.mjs';
import { OTHER, SERVER, folder, inside, makeNetwork, name, place, start } from './natlab_net.mjs';
import { RemoteBrowser } from './remote_tab.mjs';
import { expectMoving, expectRate, expectSound, joinAll } from '../browser/lib/calls.mjs';
import { wait } from '../browser/lib/browsers.mjs';
import * as common from '../browser/cases/common.mjs';

/** @typedef {import('./remote_tab.mjs').RemoteTab} RemoteTab @typedef {import('./remote_tab.mjs').Kind} Kind */

const PAGE = 'http://localhost:8080/';  // forwarded to SERVER: browsers give cameras to localhost
const OPEN_WITHIN_MS = 40_000;
const MEGABYTE = 1e6;
const FILE_BYTES = 100 * MEGABYTE;
const FILE_WITHIN_MS = 180_000;

/** @type {ReturnType<typeof start> | undefined} */
let signaling;
/** @type {ReturnType<typeof start>} */
let relay;

/** @param {ReturnType<typeof start>} program */
async function untilReady(program) {
  for (let tries = 0; !/passwords|downloads/.test(program.log) && tries < 200; tries++) await wait(50);
  assert.match(program.log, /passwords|downloads/);
}

/** Where no relay is to be used, none is told: Chromium may stay on one, though the straight way answers. @param {string} route */
async function startSignaling(route) {
  if (signaling) await killSignaling();  // that a case which failed has left
  const own = ['--host', SERVER, '--port', '8080'];
  signaling = start('pub', route === 'relay' ? ['serve', ...own, '--turn-server', `turn:${OTHER}:3478?transport=udp`] : ['lab', ...own]);
  await untilReady(signaling);
}

/** No warning, no goodbye. */
async function killSignaling() {
  signaling?.child.kill('SIGKILL');
  await signaling?.exit;
  signaling = undefined;
}

/** Nothing gets through between the two, or to the relay, until it is mended. @param {'A' | 'B'} side @param {boolean} broken */
function breakNetwork(side, broken) {
  inside(`nat${side}`, ['nft', '-f', '-'], broken
    ? 'table inet outage {\n  chain through {\n    type filter hook forward priority -200\n    meta l4proto udp drop\n  }\n}\n'
    : 'delete table inet outage\n');
}

/** @type {Partial<Record<'A' | 'B', { kind: Kind, browser: RemoteBrowser }>>} */
const browsers = {};
/** One at a time on each side. @param {'A' | 'B'} side @param {Kind} kind */
async function browserOf(side, kind) {
  const there = browsers[side];
  if (there?.kind === kind) return there.browser;
  await there?.browser.close();
  const browser = new RemoteBrowser(name(side), kind, 'fake', folder, { port: 8080, host: SERVER });
  browsers[side] = { kind, browser };
  return browser;
}

/**
 * The two meet by a link and trust each other.
 * @param {Kind[]} kinds @param {string[]} nats @param {string} route
 */
async function meet([kindA, kindB], [natA, natB], route) {
  await startSignaling(route);
  place('A', natA);
  place('B', natB);
  const [host, guest] = [await (await browserOf('A', kindA)).newTab(), await (await browserOf('B', kindB)).newTab()];
  await common.meet(host, guest, PAGE, route, OPEN_WITHIN_MS);
  // Of two that relay, one may know the address of the other's relay as that of a peer.
  await host.until(`the way (${route})`, async () => {
    const ways = await Promise.all([host, guest].map((tab) => tab.attribute('path', 'data-kind')));
    return ways.every((way) => way !== null) && ways.includes('relay') === (route === 'relay');
  });
  return { host, guest };
}

/** @param {RemoteTab} host @param {RemoteTab} guest */
async function startFile(host, guest) {
  const what = common.makeFile(folder, `pages-${crypto.randomUUID()}.bin`, FILE_BYTES);
  await host.pickFile('file', what.file);
  await guest.until('the offer', async () => (await guest.attribute('transfer', 'data-state')) === 'offered');
  await guest.click('transfer-accept');
  await guest.until('some of the file', async () => (await doneOf(guest)) > 10 * MEGABYTE, FILE_WITHIN_MS);
  return what;
}

/** @param {RemoteTab} tab */
const doneOf = async (tab) => Number(await tab.attribute('transfer', 'data-done'));

/** @param {RemoteTab} guest @param {{ hash: string }} what */
async function expectFile(guest, what) {
  await guest.until('the end of the file', async () => ['done', 'failed', 'cancelled'].includes((await guest.attribute('transfer', 'data-state')) ?? ''), FILE_WITHIN_MS);
  await common.expectComplete(guest, what.hash);
}

/** Browsers log each question that a killed server did not answer. @param {RemoteTab[]} tabs */
async function leave(...tabs) {
  for (const tab of tabs) {
    assert.deepEqual((await tab.readErrors()).filter((text) => !/Failed to load resource|Cross-Origin Request/.test(text)), []);
    await tab.close();
  }
}

/** @param {Kind[]} kinds @param {string[]} nats @param {string} route */
async function callOn(kinds, nats, route) {
  const { host, guest } = await meet(kinds, nats, route);
  await joinAll(host, guest);
  for (const tab of [host, guest]) {
    await expectMoving(tab);
    await expectSound(tab);
  }
  const what = await startFile(host, guest);
  await killSignaling();
  for (const tab of [host, guest]) await tab.untilAttribute('signaling-state', 'data-state', 'unreachable');
  for (const tab of [host, guest]) {
    await expectMoving(tab);
    await expectSound(tab);
    await expectRate(tab, 20);
  }
  await expectFile(guest, what);
  await leave(host, guest);
}

/** @param {Kind[]} kinds @param {string[]} nats @param {string} route @param {number} seconds */
async function outage(kinds, nats, route, seconds) {
  const { host, guest } = await meet(kinds, nats, route);
  const what = await startFile(host, guest);
  breakNetwork('A', true);
  await wait(1000);
  const before = await doneOf(guest);
  await wait(seconds * 1000 - 1000);
  assert.ok(await doneOf(guest) === before && before < FILE_BYTES, `nothing moved: ${before} and then ${await doneOf(guest)}`);
  breakNetwork('A', false);
  await expectFile(guest, what);
  await killSignaling();
  await leave(host, guest);
}

/** @type {Kind[][]} */
const pairs = [['chromium', 'chromium'], ['firefox', 'firefox'], ['chromium', 'firefox']];
/** @type {[string, () => Promise<void>][]} */
const cases = pairs.flatMap((kinds) => {
  const who = kinds.join(' and ');
  return [[['cone', 'cone'], 'any'], [['symmetric', 'symmetric'], 'relay']].flatMap(([nats, route]) => {
    const way = route === 'any' ? 'straight' : 'through TURN only';
    return /** @type {[string, () => Promise<void>][]} */ ([
      [`${who}, ${way}: a call and a file go on when the signaling server is killed`, () => callOn(kinds, /** @type {string[]} */ (nats), /** @type {string} */ (route))],
      [`${who}, ${way}: a file of 100 MB outlives ten seconds without a packet`, () => outage(kinds, /** @type {string[]} */ (nats), /** @type {string} */ (route), 10)],
    ]);
  });
});

process.env.GLASS_TURN_SECRET = crypto.randomBytes(32).toString('hex');
makeNetwork();
relay = start('pub', ['serve', '--host', OTHER, '--port', '8080', '--allow-peer', '203.0.113.0/24']);
await untilReady(relay);
process.exit(await runCases(cases, () => `${signaling?.log ?? ''}${relay.log}`));
