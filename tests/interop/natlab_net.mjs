// natlab_net.mjs - hosts behind real NATs of Linux: namespaces, cables, rules of nftables, and programs in them.
//
//   A 10.1.0.2 --- natA 203.0.113.2 ---+--- pub 203.0.113.10 and .11
//   B 10.2.0.2 --- natB 203.0.113.3 ---+
//                                      +--- open 203.0.113.20: a host without a NAT
//
// Each name is a network namespace. Names carry the process id of the run, and go with it.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { runFolder, sweep } from '../browser/lib/netns.mjs';
import { glass, needRootAndGlass } from './cases.mjs';

export const SERVER = '203.0.113.10';
export const OTHER = '203.0.113.11';
export const folder = runFolder(process.pid);
export const name = (/** @type {string} */ part) => `glt-${process.pid}-${part}`;
const PARTS = ['pub', 'open', 'natA', 'natB', 'A', 'B'];
export const SIDES = { A: { lan: '10.1.0', wan: '203.0.113.2' }, B: { lan: '10.2.0', wan: '203.0.113.3' } };

/** @param {...string} args */
const ip = (...args) => execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
/** @param {string} part @param {...string} args */
const at = (part, ...args) => ip('-n', name(part), ...args);
/** @param {string} part @param {string[]} command @param {string} [input] */
export const inside = (part, command, input) =>
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
export const KINDS = {
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
export function place(side, kind) {
  if (kind === 'none') return 'open';
  const { lan, wan } = SIDES[side];
  inside(`nat${side}`, ['nft', '-f', '-'], `flush ruleset\n${KINDS[kind].rules(wan, lan)}\n`);
  inside(`nat${side}`, ['conntrack', '-F']);
  return side;
}

/** @param {string} part @param {string[]} args */
export function start(part, args) {
  const cwd = path.join(folder, part);
  fs.mkdirSync(cwd, { recursive: true });
  const child = spawn('ip', ['netns', 'exec', name(part), glass, ...args], { cwd });
  const program = { child, cwd, log: '', exit: /** @type {Promise<number | null>} */ (new Promise((resolve) => child.on('close', resolve))) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (program.log += data));
  return program;
}

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

/** Makes all of it; it goes when the process does. */
export function makeNetwork() {
  needRootAndGlass();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => process.exit(130));
  process.on('exit', tidy);
  sweep();
  fs.mkdirSync(folder, { recursive: true });
  build();
}
