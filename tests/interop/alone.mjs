// alone.mjs - runs a program of cases in a network namespace with nothing but loopback, and servers for them.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { makeNetwork, removeNetwork, runFolder, sweep } from '../browser/lib/netns.mjs';
import { needRootAndGlass } from './cases.mjs';

export const HERE = '127.0.0.1';
const LISTEN_TRIES = 200;
const LISTEN_PAUSE_MS = 50;
/** The folder of this run; it goes with it. */
export const folder = process.env.GLASS_RUN_FOLDER ?? '';
/** @type {import('node:child_process').ChildProcess[]} */
const servers = [];

/** Starts a server, and waits until it listens. @param {string} name @param {string} program @param {string[]} args @param {number} port over TCP */
export async function serve(name, program, args, port) {
  const log = path.join(folder, `${name}.log`);
  const file = fs.openSync(log, 'w');
  const child = spawn(program, args, { stdio: ['ignore', file, file], cwd: folder });
  servers.push(child);
  for (let tries = 0; tries < LISTEN_TRIES; tries++) {
    const open = await new Promise((resolve) => {
      const socket = net.connect(port, HERE, () => (socket.destroy(), resolve(true))).on('error', () => resolve(false));
    });
    if (open) return;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, LISTEN_PAUSE_MS));
  }
  throw new Error(`${name} does not listen: ${fs.readFileSync(log, 'utf8').slice(-1000)}`);
}

/** Writes key.pem and cert.pem into the folder. @param {string} names as X.509 writes other names: IP:..., DNS:... */
export function makeCertificate(names) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem',
    '-days', '2', '-subj', '/CN=turn', '-addext', `subjectAltName=${names}`], { cwd: folder, stdio: 'ignore' });
}

/** Runs `file` again within a namespace, where `work` is done, and ends the process. @param {string} file @param {() => Promise<number>} work */
export async function aloneInANetwork(file, work) {
  if (process.env.GLASS_NETWORK) {
    const code = await work().catch((error) => (console.error(error), console.log('0 passed, 1 failed'), 1));
    servers.forEach((child) => child.kill('SIGTERM'));
    process.exit(code);
  }
  needRootAndGlass();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => process.exit(130));
  process.on('exit', () => removeNetwork(process.pid));
  sweep();
  fs.mkdirSync(runFolder(process.pid), { recursive: true });
  const network = makeNetwork(process.pid);
  const env = { ...process.env, GLASS_NETWORK: JSON.stringify(network), GLASS_RUN_FOLDER: runFolder(process.pid) };
  const child = spawn('ip', ['netns', 'exec', network.alone, process.execPath, file, ...process.argv.slice(2)], { stdio: 'inherit', env });
  process.exit(await new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1))));
}
