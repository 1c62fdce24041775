// natlab.mjs - peers behind real NATs of Linux: node natlab.mjs [filter]
//
//   A 10.1.0.2 --- natA 203.0.113.2 ---+--- pub 203.0.113.10 and .11: glass serve
//   B 10.2.0.2 --- natB 203.0.113.3 ---+
//                                      +--- open 203.0.113.20: a host without a NAT
//
// Each name is a network namespace; the NATs are rules of nftables. `glass nat` has to tell the rules apart.
// Two times `glass`, and `glass` and Chromium, meet by the signaling of `glass serve` and share a file: straight
// where the two NATs allow it, through the relay where they do not, as the simulator says of the same two.
// GLASS names the program; needs root, nftables, conntrack and the packages of tests/browser.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { runFolder, sweep } from '../browser/lib/netns.mjs';

const CASE_LIMIT_MS = 40_000;
const SERVER = '203.0.113.10';
const OTHER = '203.0.113.11';
const PAGE = `http://${SERVER}:8080`;
const filter = process.argv[2] ?? '';
const glass = path.resolve(process.env.GLASS ?? '');
const folder = runFolder(process.pid);
const name = (/** @type {string} */ part) => `glt-${process.pid}-${part}`;
const PARTS = ['pub', 'open', 'natA', 'natB', 'A', 'B'];
const SIDES = { A: { lan: '10.1.0', wan: '203.0.113.2' }, B: { lan: '10.2.0', wan: '203.0.113.3' } };

/** @param {...string} args */
const ip = (...args) => execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
/** @param {string} part @param {...string} args */
const at = (part, ...args) => ip('-n', name(part), ...args);
/** @param {string} part @param {string[]} command @param {string} [input] */
const inside = (part, command, input) =>
  execFileSync('ip', ['netns', 'exec', name(part), ...command], { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });

/** Plugs a namespace into the switch. @param {string} part @param {string} address */
function plug(part, address) {
  at(part, 'link', 'add', 'wan', 'type', 'veth', 'peer', 'name', `to-${part}`, 'netns', name('pub'));
  at('pub', 'link', 'set', `to-${part}`, 'master', 'hub', 'up');
  at(part, 'addr', 'add', `${address}/24`, 'dev', 'wan');
  at(part, 'link', 'set', 'wan', 'up');
}

/** A switch in `pub`, a NAT and a host on each side of it. */
function build() {
  for (const part of PARTS) {
    ip('netns', 'add', name(part));
    at(part, 'link', 'set', 'lo', 'up');
  }
  at('pub', 'link', 'add', 'hub', 'type', 'bridge');
  for (const address of [SERVER, OTHER]) at('pub', 'addr', 'add', `${address}/24`, 'dev', 'hub');
  at('pub', 'link', 'set', 'hub', 'up');
  plug('open', '203.0.113.20');
  for (const [side, { lan, wan }] of Object.entries(SIDES)) {
    const nat = `nat${side}`;
    plug(nat, wan);
    at(nat, 'link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'eth', 'netns', name(side));
    at(nat, 'addr', 'add', `${lan}.1/24`, 'dev', 'lan');
    at(nat, 'link', 'set', 'lan', 'up');
    at(side, 'addr', 'add', `${lan}.2/24`, 'dev', 'eth');
    at(side, 'link', 'set', 'eth', 'up');
    at(side, 'route', 'add', 'default', 'via', `${lan}.1`);
    inside(nat, ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  }
  // Packets for nowhere vanish, as they do on the Internet, instead of being refused.
  for (const [part, device] of [['pub', 'hub'], ['open', 'wan'], ['natA', 'wan'], ['natB', 'wan']]) {
    at(part, 'neigh', 'add', '203.0.113.254', 'lladdr', '02:00:00:00:00:fe', 'dev', device, 'nud', 'permanent');
    at(part, 'route', 'add', 'default', 'via', '203.0.113.254');
  }
}

// A router drops what nobody asked for before conntrack may remember it: otherwise an early packet from
// outside would take the port that the flow from inside is about to get.
const firewall = (/** @type {string} */ extra) => `table inet firewall {
  chain to_router {
    type filter hook input priority 0
    iifname "wan" ct state new drop
  }
  chain through {
    type filter hook forward priority 0
    ${extra}
    iifname "wan" ct state established,related accept
    iifname "wan" ct status dnat accept
    iifname "wan" drop
  }
}`;
/** @param {string} how @param {string} [more] */
const masquerade = (how, more = '') => `table ip translation {
  chain outward {
    type nat hook postrouting priority 100
    oifname "wan" masquerade ${how}
  }
  ${more}
}`;
// A map remembers who inside owns a port of the router, and whoever sends to it is let in.
/** @param {string} wan @param {string} from the condition for what the map is used for */
const owners = (wan, from) => `map owners {
    type inet_service : ipv4_addr . inet_service
    flags timeout
    timeout 120s
  }
  chain inward {
    type nat hook prerouting priority -100
    ${from} ip daddr ${wan} dnat ip to udp dport map @owners
  }
  chain learn {
    type filter hook postrouting priority 200
    oifname "wan" ct direction original ip saddr ${wan} meta l4proto udp update @owners { udp sport : ct original ip saddr . ct original proto-src }
  }`;

/**
 * What a NAT is made of, what RFC 4787 calls it, and what the simulator is told.
 * @typedef {{ rules: (wan: string, lan: string) => string, mapping?: string, filtering?: string, hairpinning?: string, sim: string, blocked?: boolean }} Kind
 * @type {Record<string, Kind>}
 */
const KINDS = {
  // The port is kept while it is free, so that every destination sees the same one.
  cone: {
    rules: () => `${masquerade('')}\n${firewall('')}`,
    mapping: 'endpoint-independent', filtering: 'address-and-port-dependent', hairpinning: 'no', sim: 'linux',
  },
  // Each flow gets a port of its own.
  symmetric: {
    rules: () => `${masquerade('fully-random')}\n${firewall('')}`,
    // Nothing comes back by a hairpin, but such a filter would not let it in anyway.
    mapping: 'address-and-port-dependent', filtering: 'address-and-port-dependent', hairpinning: 'unknown', sim: 'symmetric',
  },
  full: {
    rules: (wan) => `${masquerade('', owners(wan, 'iifname "wan"'))}\n${firewall('')}`,
    mapping: 'endpoint-independent', filtering: 'endpoint-independent', hairpinning: 'no', sim: 'full-cone',
  },
  hairpin: {
    rules: (wan, lan) => `${masquerade('', `${owners(wan, '')}
  chain back {
    type nat hook postrouting priority 100
    oifname "lan" ip saddr ${lan}.0/24 ip daddr ${lan}.0/24 ct status dnat snat to ${wan}
  }`)}\n${firewall('')}`,
    mapping: 'endpoint-independent', filtering: 'endpoint-independent', hairpinning: 'yes', sim: 'full-cone',
  },
  'udp-blocked': { rules: () => `${masquerade('')}\n${firewall('oifname "wan" meta l4proto udp drop')}`, sim: 'linux', blocked: true },
  none: { rules: () => '', sim: 'none' },
};

/** The namespace of a host behind such a NAT. @param {'A' | 'B'} side @param {string} kind */
function place(side, kind) {
  if (kind === 'none') return 'open';
  const { lan, wan } = SIDES[side];
  inside(`nat${side}`, ['nft', '-f', '-'], `flush ruleset\n${KINDS[kind].rules(wan, lan)}\n`);
  inside(`nat${side}`, ['conntrack', '-F']);
  return side;
}

/** @param {string} part @param {string[]} args */
function start(part, args) {
  const cwd = path.join(folder, part);
  fs.mkdirSync(cwd, { recursive: true });
  const child = spawn('ip', ['netns', 'exec', name(part), glass, ...args], { cwd });
  const program = { child, cwd, log: '', exit: /** @type {Promise<number | null>} */ (new Promise((resolve) => child.on('close', resolve))) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (program.log += data));
  return program;
}

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

/** @type {{ child: import('node:child_process').ChildProcess, lines: AsyncIterator<string> } | undefined} */
let browser;
/** Lets the Chromium in A open a link and take the file. @param {string} link @returns {Promise<any>} */
async function askBrowser(link) {
  if (!browser) {
    const child = spawn('ip', ['netns', 'exec', name('A'), process.execPath, path.join(import.meta.dirname, 'natlab_browser.mjs'), folder],
      { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TMPDIR: folder } });
    browser = { child, lines: readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  }
  browser.child.stdin?.write(`${link}\n`);
  const line = await browser.lines.next();
  return line.done ? { error: 'the browser is gone' } : JSON.parse(line.value);
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

function tidy() {
  for (const part of PARTS) {
    try {
      for (const pid of ip('netns', 'pids', name(part)).split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
      ip('netns', 'del', name(part));
    } catch {
      // It was not made, or is gone.
    }
  }
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function main() {
  if (process.getuid?.() !== 0) throw new Error('run as root: network namespaces are needed');
  if (!process.env.GLASS || !fs.existsSync(glass)) throw new Error('set GLASS to the path of the program glass');
  sweep();
  fs.mkdirSync(folder, { recursive: true });
  build();
  const server = start('pub', ['serve', '--host', SERVER, '--port', '8080', '--alternate', `${OTHER}:3479`, '--allow-peer', '203.0.113.0/24']);
  for (let tries = 0; !server.log.includes('passwords') && tries < 200; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  let [passed, failed] = [0, 0];
  for (const [title, work] of cases) {
    if (!title.includes(filter)) continue;
    const started = Date.now();
    const error = await Promise.resolve().then(work).then(() => '', (thrown) => String(thrown?.stack ?? thrown));
    console.log(`${error ? 'FAIL' : 'ok  '} ${title} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (error) console.log(`     ${error}\n     the server said: ${server.log.slice(-800)}`);
    error ? failed++ : passed++;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => process.exit(130));
process.on('exit', tidy);
process.exit(await main().catch((error) => (console.error(error), console.log('0 passed, 1 failed'), 1)));
