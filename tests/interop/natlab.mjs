// natlab.mjs - peers behind real NATs of Linux: node natlab.mjs [filter]
//
// The network is natlab_net.mjs. `glass nat` has to tell the rules of the NATs apart.
// Two times `glass`, and `glass` and Chromium, meet by the signaling of `glass serve` and share a file: straight
// where the two NATs allow it, through the relay where they do not, as the simulator says of the same two.
// GLASS names the program; needs root, nftables, conntrack and the packages of tests/browser.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { glass, runCases } from './cases.mjs';
import { SERVER, OTHER, SIDES, KINDS, folder, inside, makeNetwork, name, place, start } from './natlab_net.mjs';
import { RemoteBrowser } from './remote_tab.mjs';

const CASE_LIMIT_MS = 40_000;
const OPEN_WITHIN_MS = 25_000;
const PAGE = `http://${SERVER}:8080`;

/** What `glass nat` says of a NAT. @param {string} kind */
function discover(kind) {
  const part = place('A', kind);
  /** @type {any} */
  let found;
  try {
    found = JSON.parse(inside(part, [glass, 'nat', `stun:${SERVER}:3478`, '--json']));
  } catch (error) {
    throw new Error(`glass nat: ${error}`);
  }
  const { mapping, filtering, hairpinning } = KINDS[kind];
  assert.deepEqual([found.mapping, found.filtering, found.hairpinning], [mapping, filtering, hairpinning], JSON.stringify(found));
  assert.equal(found.mapped.split(':')[0], SIDES.A.wan);
}

/** @param {string} kindA @param {string} kindB @returns {string} direct, relay or fail */
function simulated(kindA, kindB) {
  const args = ['run', 'nat', '--turn', '--a-nat', KINDS[kindA].sim, '--b-nat', KINDS[kindB].sim,
    ...(KINDS[kindA].blocked ? ['--udp-blocked-a'] : []), ...(KINDS[kindB].blocked ? ['--udp-blocked-b'] : [])];
  const { stderr } = spawnText(glass, args);
  return /^outcome: (\w+)/m.exec(stderr)?.[1] ?? stderr;
}

/** @param {string} program @param {string[]} args */
function spawnText(program, args) {
  const done = spawnSync(program, args, { encoding: 'utf8', timeout: CASE_LIMIT_MS });
  return { code: done.status, stdout: done.stdout ?? '', stderr: `${done.stderr ?? ''}${done.error ?? ''}` };
}

/** @param {string} part @param {string} file */
function makeFile(part, file) {
  const bytes = crypto.randomBytes(300_000);
  fs.mkdirSync(path.join(folder, part), { recursive: true });
  fs.writeFileSync(path.join(folder, part, file), bytes);
  return bytes;
}

/** The last path that a `glass` told of. @param {string} log */
const wayOf = (log) => ([...log.matchAll(/^path .* \((.*)\)$/gm)].at(-1)?.[1] ?? 'none').replace(/,.*/, '');

/** A file from A to B. The way is relayed if one of the two says so: the other sees an address only. @param {string} kindA @param {string} kindB */
async function share(kindA, kindB) {
  const [from, to] = [place('A', kindA), place('B', kindB)];
  const file = `${kindA}-${kindB}.bin`;
  const bytes = makeFile(from, file);
  const code = crypto.randomBytes(16).toString('hex');
  const giver = start(from, ['send', file, '--code', code, '--server', PAGE, '--timeout', '30']);
  const taker = start(to, ['receive', code, '--server', PAGE, '--timeout', '30']);
  const late = setTimeout(() => (giver.child.kill('SIGKILL'), taker.child.kill('SIGKILL')), CASE_LIMIT_MS);
  const codes = await Promise.all([giver.exit, taker.exit]);
  clearTimeout(late);
  const said = `A said: ${giver.log}\nB said: ${taker.log}`;
  assert.deepEqual(codes, [0, 0], said);
  assert.ok(fs.readFileSync(path.join(taker.cwd, 'received', file)).equals(bytes));
  const relayed = [giver, taker].some((one) => wayOf(one.log) === 'relayed');
  return { way: relayed ? 'relay' : 'direct', said };
}

/** A file from glass in B to Chromium in A. @param {string} kindA @param {string} kindB */
async function browse(kindA, kindB) {
  const from = place('B', kindB);
  place('A', kindA);
  const file = `chromium-${kindA}-${kindB}.bin`;
  const bytes = makeFile(from, file);
  const code = crypto.randomBytes(16).toString('hex');
  const giver = start(from, ['send', file, '--code', code, '--server', PAGE, '--timeout', '30']);
  const late = setTimeout(() => giver.child.kill('SIGKILL'), CASE_LIMIT_MS);
  const page = await askBrowser(`${PAGE}/#r=${code}`);
  const exit = await giver.exit;
  clearTimeout(late);
  const said = `Chromium said: ${JSON.stringify(page)}\nB said: ${giver.log}`;
  assert.equal(page.error, undefined, said);
  assert.equal(exit, 0, said);
  assert.equal(page.hash, crypto.createHash('sha256').update(bytes).digest('hex'));
  return { way: page.kind === 'relay' || wayOf(giver.log) === 'relayed' ? 'relay' : 'direct', said };
}

/** @type {RemoteBrowser | undefined} */
let browser;
/** Lets the Chromium in A open a link and take the file. @param {string} link @returns {Promise<any>} */
async function askBrowser(link) {
  browser ??= new RemoteBrowser(name('A'), 'chromium', 'default', folder);
  const tab = await browser.newTab();
  try {
    await tab.goto(link);
    await tab.click('join');
    await tab.untilAttribute('connection-state', 'data-state', 'connected', OPEN_WITHIN_MS);
    await tab.until('the offer', async () => (await tab.attribute('transfer', 'data-state')) === 'offered');
    const [kind, words] = [await tab.attribute('path', 'data-kind'), await tab.text('path')];
    await tab.click('transfer-accept');
    await tab.untilAttribute('transfer', 'data-state', 'done');
    return { kind, path: words, hash: await tab.text('hash-local') };
  } catch (error) {
    return { error: String(error) };
  } finally {
    await tab.close();
  }
}

/** @param {(a: string, b: string) => Promise<{ way: string, said: string }>} work @param {string} a @param {string} b @param {string} way */
async function meet(work, a, b, way) {
  assert.equal(simulated(a, b), way, 'what the simulator says of the two');
  const met = await work(a, b);
  assert.equal(met.way, way, met.said);
}

// What each pair comes to, by what the two NATs are.
/** @param {string} a @param {string} b */
function expected(a, b) {
  const pair = [a, b];
  if (pair.includes('udp-blocked')) return 'relay';
  const open = (/** @type {string} */ kind) => kind === 'none' || kind === 'full';
  if (pair.some(open)) return 'direct';
  return pair.includes('symmetric') ? 'relay' : 'direct';
}

const pairs = ['none', 'full', 'cone', 'symmetric', 'udp-blocked'].flatMap((a, i, all) => all.slice(i).map((b) => [a, b])).filter(([, b]) => b !== 'none');
const tried = [['cone', 'cone'], ['full', 'symmetric'], ['symmetric', 'none'], ['cone', 'symmetric'], ['symmetric', 'symmetric'], ['udp-blocked', 'cone']];

/** @type {[string, () => void | Promise<void>][]} */
const cases = [
  ...Object.keys(KINDS).filter((kind) => KINDS[kind].mapping).map((kind) => /** @type {[string, () => void]} */ ([`glass nat names ${kind}`, () => discover(kind)])),
  ...pairs.map(([a, b]) => /** @type {[string, () => Promise<void>]} */ ([`glass (${a}) and glass (${b}): ${expected(a, b)}`, () => meet(share, a, b, expected(a, b))])),
  ...tried.map(([a, b]) => /** @type {[string, () => Promise<void>]} */ ([`Chromium (${a}) and glass (${b}): ${expected(a, b)}`, () => meet(browse, a, b, expected(a, b))])),
];

makeNetwork();
const server = start('pub', ['serve', '--host', SERVER, '--port', '8080', '--alternate', `${OTHER}:3479`, '--allow-peer', '203.0.113.0/24']);
for (let tries = 0; !server.log.includes('passwords') && tries < 200; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
process.exit(await runCases(cases, () => server.log));
