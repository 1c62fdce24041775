// natlab.mjs - two glass peers behind two real NATs of Linux: node natlab.mjs [filter]
//
//   A 10.1.0.2 --- natA 203.0.113.2 ---+
//                                      +--- pub 203.0.113.10: glass serve
//   B 10.2.0.2 --- natB 203.0.113.3 ---+
//
// Each letter is a network namespace; the NATs are rules of nftables. `glass send` in A and `glass receive`
// in B meet by the signaling of `glass serve`, share a file, and say which way it went: straight where the
// two NATs allow it, through the relay where they do not. GLASS names the program; needs root, nftables and
// conntrack.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { runFolder, sweep } from '../browser/lib/netns.mjs';

const CASE_LIMIT_MS = 60_000;
const SERVER = '203.0.113.10';
const filter = process.argv[2] ?? '';
const glass = path.resolve(process.env.GLASS ?? '');
const folder = runFolder(process.pid);
const name = (/** @type {string} */ part) => `glt-${process.pid}-${part}`;

/** @param {...string} args */
const ip = (...args) => execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
/** @param {string} part @param {...string} args */
const at = (part, ...args) => ip('-n', name(part), ...args);
/** @param {string} part @param {string[]} command @param {string} [input] */
const inside = (part, command, input) =>
  execFileSync('ip', ['netns', 'exec', name(part), ...command], { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });

const SIDES = { A: { lan: '10.1.0', wan: '203.0.113.2' }, B: { lan: '10.2.0', wan: '203.0.113.3' } };

/** A switch in `pub`, a NAT and a host on each side of it. */
function build() {
  for (const part of ['pub', 'natA', 'natB', 'A', 'B']) {
    ip('netns', 'add', name(part));
    at(part, 'link', 'set', 'lo', 'up');
  }
  at('pub', 'link', 'add', 'br', 'type', 'bridge');
  at('pub', 'addr', 'add', `${SERVER}/24`, 'dev', 'br');
  at('pub', 'link', 'set', 'br', 'up');
  for (const [side, { lan, wan }] of Object.entries(SIDES)) {
    const nat = `nat${side}`;
    at(nat, 'link', 'add', 'wan', 'type', 'veth', 'peer', 'name', `to${side}`, 'netns', name('pub'));
    at('pub', 'link', 'set', `to${side}`, 'master', 'br', 'up');
    at(nat, 'addr', 'add', `${wan}/24`, 'dev', 'wan');
    at(nat, 'link', 'set', 'wan', 'up');
    at(nat, 'link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'eth', 'netns', name(side));
    at(nat, 'addr', 'add', `${lan}.1/24`, 'dev', 'lan');
    at(nat, 'link', 'set', 'lan', 'up');
    at(side, 'addr', 'add', `${lan}.2/24`, 'dev', 'eth');
    at(side, 'link', 'set', 'eth', 'up');
    at(side, 'route', 'add', 'default', 'via', `${lan}.1`);
    inside(nat, ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  }
  // Packets for nowhere vanish, as they do on the Internet, instead of being refused.
  for (const [part, device] of [['pub', 'br'], ['natA', 'wan'], ['natB', 'wan']]) {
    at(part, 'neigh', 'add', '203.0.113.254', 'lladdr', '02:00:00:00:00:fe', 'dev', device, 'nud', 'permanent');
    at(part, 'route', 'add', 'default', 'via', '203.0.113.254');
  }
}

// A router drops what nobody asked for before conntrack may remember it: otherwise an early packet from
// outside would take the port that the flow from inside is about to get.
const FIREWALL = (/** @type {string} */ extra) => `table inet filter {
  chain input { type filter hook input priority 0; iifname "wan" ct state new drop; }
  chain forward { type filter hook forward priority 0; ${extra}
    iifname "wan" ct state established,related accept
    iifname "wan" ct status dnat accept
    iifname "wan" drop
  }
}`;
const MASQUERADE = (/** @type {string} */ more) => `chain out { type nat hook postrouting priority 100; oifname "wan" masquerade ${more}; }`;
/** Rules by the words of RFC 4787. @type {Record<string, (side: { wan: string }) => string>} */
const NATS = {
  // Mapping endpoint-independent while ports are free (the port is kept), filtering address- and port-dependent.
  cone: () => `table ip nat { ${MASQUERADE('')} }\n${FIREWALL('')}`,
  // Mapping and filtering address- and port-dependent: each flow gets a port of its own.
  symmetric: () => `table ip nat { ${MASQUERADE('fully-random')} }\n${FIREWALL('')}`,
  // Mapping and filtering endpoint-independent: a map remembers who inside owns a port.
  full: ({ wan }) => `table ip nat {
    map owners { type inet_service : ipv4_addr . inet_service; flags timeout; timeout 120s; }
    chain in { type nat hook prerouting priority -100; iifname "wan" ip daddr ${wan} dnat ip to udp dport map @owners; }
    ${MASQUERADE('')}
    chain learn { type filter hook postrouting priority 200;
      oifname "wan" ct direction original ip saddr ${wan} meta l4proto udp update @owners { udp sport : ct original ip saddr . ct original proto-src }; }
  }\n${FIREWALL('')}`,
  'udp-blocked': () => `table ip nat { ${MASQUERADE('')} }\n${FIREWALL('oifname "wan" meta l4proto udp drop')}`,
};

/** @param {'A' | 'B'} side @param {string} kind */
function setNat(side, kind) {
  inside(`nat${side}`, ['nft', 'flush', 'ruleset']);
  inside(`nat${side}`, ['nft', '-f', '-'], NATS[kind](SIDES[side]));
  try {
    inside(`nat${side}`, ['conntrack', '-F']);
  } catch {
    // Nothing to forget.
  }
}

/** @param {string} part @param {string[]} args */
function start(part, args) {
  const cwd = path.join(folder, part);
  fs.mkdirSync(cwd, { recursive: true });
  const child = spawn('ip', ['netns', 'exec', name(part), glass, ...args], { cwd });
  const program = { child, log: '', exit: /** @type {Promise<number | null>} */ (new Promise((resolve) => child.on('close', resolve))) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (program.log += data));
  return program;
}

/** @param {string} kindA @param {string} kindB @param {'direct' | 'relay'} way @param {string} [expected] in the server's log */
async function share(kindA, kindB, way, expected) {
  setNat('A', kindA);
  setNat('B', kindB);
  const bytes = crypto.randomBytes(500_000);
  const file = `${kindA}-${kindB}.bin`;
  fs.mkdirSync(path.join(folder, 'A'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'A', file), bytes);
  const code = crypto.randomBytes(16).toString('hex');
  const giver = start('A', ['send', file, '--code', code, '--server', `http://${SERVER}:8080`, '--timeout', '40']);
  const taker = start('B', ['receive', code, '--server', `http://${SERVER}:8080`, '--timeout', '40']);
  const late = setTimeout(() => (giver.child.kill('SIGKILL'), taker.child.kill('SIGKILL')), CASE_LIMIT_MS);
  const [gave, took] = await Promise.all([giver.exit, taker.exit]);
  clearTimeout(late);
  const said = `A said: ${giver.log}\nB said: ${taker.log}`;
  assert.deepEqual([gave, took], [0, 0], said);
  assert.ok(fs.readFileSync(path.join(folder, 'B', 'received', file)).equals(bytes));
  const ways = [giver.log, taker.log].map((log) => [...log.matchAll(/^path .* \((.*)\)$/gm)].at(-1)?.[1] ?? 'none');
  const relayed = ways.some((one) => one.startsWith('relay'));
  assert.equal(relayed ? 'relay' : 'direct', way, `${ways}\n${said}`);
  if (expected) assert.match(server.log, new RegExp(expected), server.log.slice(-2000));
}

/** @type {ReturnType<typeof start>} */
let server;
/** @type {[string, () => Promise<void>][]} */
const cases = [
  ['cone and cone meet straight', () => share('cone', 'cone', 'direct')],
  ['full cone and symmetric meet straight', () => share('full', 'symmetric', 'direct')],
  ['cone and symmetric need the relay', () => share('cone', 'symmetric', 'relay')],
  ['symmetric and symmetric need the relay', () => share('symmetric', 'symmetric', 'relay')],
  ['a network without UDP relays over TCP', () => share('udp-blocked', 'cone', 'relay', 'relays for 203.0.113.2:\\d+ .* over tcp')],
];

function tidy() {
  for (const part of ['A', 'B', 'natA', 'natB', 'pub']) {
    try {
      for (const pid of ip('netns', 'pids', name(part)).split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
      ip('netns', 'del', name(part));
    } catch {
      // It was not made, or is gone.
    }
  }
  fs.rmSync(folder, { recursive: true, force: true });
}

async function main() {
  if (process.getuid?.() !== 0) throw new Error('run as root: network namespaces are needed');
  if (!process.env.GLASS || !fs.existsSync(glass)) throw new Error('set GLASS to the path of the program glass');
  sweep();
  build();
  server = start('pub', ['serve', '--host', SERVER, '--port', '8080', '--allow-peer', '203.0.113.0/24']);
  for (let tries = 0; !server.log.includes('TURN') && tries < 200; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  let [passed, failed] = [0, 0];
  for (const [title, work] of cases) {
    if (!title.includes(filter)) continue;
    const started = Date.now();
    const error = await work().then(() => '', (thrown) => String(thrown?.stack ?? thrown));
    console.log(`${error ? 'FAIL' : 'ok  '} natlab: ${title} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (error) console.log(`     ${error}`);
    error ? failed++ : passed++;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => process.exit(130));
process.on('exit', tidy);
process.exit(await main().catch((error) => (console.error(error), console.log('0 passed, 1 failed'), 1)));
