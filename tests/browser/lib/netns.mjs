// lib/netns.mjs - network namespaces of a run: made, swept, and emptied of processes by their ids.
//
// Names carry the process id of the run, so that a later run can tell what a killed one left behind.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const PREFIX = 'glt-';

/** @param {...string} args */
function ip(...args) {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** @param {string} namespace @param {...string} args */
function inside(namespace, ...args) {
  return ip('-n', namespace, ...args);
}

/** Where the files of one run are. @param {number} pid */
export function runFolder(pid) {
  return path.join(os.tmpdir(), `glass-browser-${pid}`);
}

/**
 * `alone` has loopback only. `near` and `far` see each other over a cable, and each takes the other
 * for its way to the rest of the world, which leads nowhere.
 * @param {number} pid
 */
export function makeNetwork(pid) {
  const names = { alone: `${PREFIX}${pid}-l`, near: `${PREFIX}${pid}-a`, far: `${PREFIX}${pid}-b` };
  for (const name of Object.values(names)) {
    ip('netns', 'add', name);
    inside(name, 'link', 'set', 'lo', 'up');
  }
  inside(names.near, 'link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', names.far);
  for (const [name, own, other] of [[names.near, '10.211.0.1', '10.211.0.2'], [names.far, '10.211.0.2', '10.211.0.1']]) {
    inside(name, 'addr', 'add', `${own}/24`, 'dev', 'cable');
    inside(name, 'link', 'set', 'cable', 'up');
    inside(name, 'route', 'add', 'default', 'via', other);
  }
  return { ...names, nearAddress: '10.211.0.1', farAddress: '10.211.0.2' };
}

/** Ends what runs in the namespaces of one run. @param {number} pid */
export function emptyNetwork(pid) {
  for (const name of namespaces().filter((n) => n.startsWith(`${PREFIX}${pid}-`))) {
    for (let round = 0; round < 20; round++) {
      const pids = ip('netns', 'pids', name).split('\n').filter(Boolean).map(Number);
      if (pids.length === 0) break;
      for (const one of pids) {
        try {
          process.kill(one, 'SIGKILL');
        } catch {
          // It ended by itself.
        }
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }
}

/** Ends what runs in the namespaces of one run, and removes them and its files. @param {number} pid */
export function removeNetwork(pid) {
  emptyNetwork(pid);
  for (const name of namespaces().filter((n) => n.startsWith(`${PREFIX}${pid}-`))) ip('netns', 'del', name);
  fs.rmSync(runFolder(pid), { recursive: true, force: true, maxRetries: 5 });
}

/** Removes what runs that are gone have left. */
export function sweep() {
  const left = new Set(namespaces().map((name) => Number(name.slice(PREFIX.length).split('-')[0])));
  for (const name of fs.readdirSync(os.tmpdir())) {
    const found = /^glass-browser-(\d+)$/.exec(name);
    if (found) left.add(Number(found[1]));
  }
  for (const pid of left) if (!isAlive(pid)) removeNetwork(pid);
}

// `ip netns list` fails when somebody else removes a namespace meanwhile.
function namespaces() {
  return fs.existsSync('/run/netns') ? fs.readdirSync('/run/netns').filter((name) => name.startsWith(PREFIX)) : [];
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
