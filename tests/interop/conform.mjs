// conform.mjs - `glass conform` against servers that nobody here wrote, and against `glass serve`:
// node conform.mjs [filter]
//
// What is known of each target is in conform/profiles: a case that fails and is not there is a failure, and so is one
// that is there and does not fail. All of it in a network namespace with nothing but loopback. GLASS=/path/to/glass names
// the program; REPORTS=folder writes a report of each target there. Needs root and the Debian packages coturn and openssl.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { makeNetwork, removeNetwork, runFolder, sweep } from '../browser/lib/netns.mjs';

const CASE_LIMIT_MS = 240_000;
const HERE = '127.0.0.1';
const COTURN = { plain: 3478, tls: 5349 };
const OURS = { plain: 3578, tls: 5449 };
const ROOT = path.resolve(import.meta.dirname, '../..');
const filter = process.argv[2] ?? '';
const folder = process.env.GLASS_RUN_FOLDER ?? '';
const glass = path.resolve(process.env.GLASS ?? '');
const reports = process.env.REPORTS ? path.resolve(process.env.REPORTS) : '';
/** @type {import('node:child_process').ChildProcess[]} */
const servers = [];

/** @param {string} name @param {string} program @param {string[]} args @param {number} port over TCP */
async function serve(name, program, args, port) {
  const log = fs.openSync(path.join(folder, `${name}.log`), 'w');
  const child = spawn(program, args, { stdio: ['ignore', log, log], cwd: folder });
  servers.push(child);
  for (let tries = 0; tries < 200; tries++) {
    const open = await new Promise((resolve) => {
      const socket = net.connect(port, HERE, () => (socket.destroy(), resolve(true))).on('error', () => resolve(false));
    });
    if (open) return;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} does not listen: ${fs.readFileSync(path.join(folder, `${name}.log`), 'utf8').slice(-1000)}`);
}

/** @param {string} name of the report @param {string} profile its file, or '' @param {string} uri @param {string[]} more */
function conform(name, profile, uri, ...more) {
  const args = ['conform', uri, '--level', 'may', '--seed', '1', ...more];
  if (profile) args.push('--profile', path.join(ROOT, 'conform/profiles', profile));
  if (reports) args.push('--html', path.join(reports, `${name}.html`));
  const env = { ...process.env, GLASS_TURN_PASSWORD: 'wonderland', GLASS_TURN_OTHER_PASSWORD: 'builder' };
  const { status, stdout, stderr, error } = spawnSync(glass, args, { encoding: 'utf8', timeout: CASE_LIMIT_MS, cwd: folder, env });
  if (reports) fs.writeFileSync(path.join(reports, `${name}.txt`), stdout ?? '');
  assert.equal(status, 0, `${stdout ?? ''}${stderr ?? ''}${error ?? ''}`);
}

const TURN = ['--user', 'alice', '--other-user', 'bob'];
const cases = [
  ['coturn, STUN', () => conform('coturn-4.6.1-stun', 'coturn-stun.txt', `stun:${HERE}:${COTURN.plain}`)],
  ['coturn, TURN over UDP', () => conform('coturn-4.6.1-turn-udp', 'coturn-turn.txt', `turn:${HERE}:${COTURN.plain}`, ...TURN)],
  ['coturn, TURN over TCP', () => conform('coturn-4.6.1-turn-tcp', 'coturn-turn.txt', `turn:${HERE}:${COTURN.plain}?transport=tcp`, ...TURN)],
  ['coturn, TURN over TLS', () => conform('coturn-4.6.1-turn-tls', 'coturn-turn.txt', `turns:${HERE}:${COTURN.tls}`, '--insecure', ...TURN)],
  ['glass, STUN', () => conform('glass-stun', '', `stun:${HERE}:${OURS.plain}`)],
  ['glass, TURN over UDP', () => conform('glass-turn-udp', '', `turn:${HERE}:${OURS.plain}`, ...TURN)],
  ['glass, TURN over TCP', () => conform('glass-turn-tcp', '', `turn:${HERE}:${OURS.plain}?transport=tcp`, ...TURN)],
  ['glass, TURN over TLS', () => conform('glass-turn-tls', '', `turns:${HERE}:${OURS.tls}`, '--insecure', ...TURN)],
  ['a port where nobody listens', () => {
    const { status } = spawnSync(glass, ['conform', `stun:${HERE}:9`, '--timeout', '0.2'], { encoding: 'utf8', timeout: CASE_LIMIT_MS });
    assert.equal(status, 3);
  }],
];

async function inside() {
  if (reports) fs.mkdirSync(reports, { recursive: true });
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem',
    '-days', '2', '-subj', '/CN=turn', '-addext', `subjectAltName=IP:${HERE}`], { cwd: folder, stdio: 'ignore' });
  await serve('coturn', 'turnserver', ['-n', '--no-cli', `--listening-ip=${HERE}`, '--listening-ip=127.0.0.2', `--relay-ip=${HERE}`,
    `--listening-port=${COTURN.plain}`, '--alt-listening-port=3479', `--tls-listening-port=${COTURN.tls}`, '--cert=cert.pem', '--pkey=key.pem',
    '--lt-cred-mech', '--user=alice:wonderland', '--user=bob:builder', '--realm=test', '--allow-loopback-peers', '--min-port=50000', '--max-port=50999',
    '--pidfile=coturn.pid', '--userdb=turndb', '--log-file=stdout', '--simple-log'], COTURN.plain);
  await serve('glass', glass, ['serve', '--port', '0', '--turn-port', String(OURS.plain), '--turns-port', String(OURS.tls),
    '--user', 'alice:wonderland', '--user', 'bob:builder'], OURS.plain);
  let [passed, failed] = [0, 0];
  for (const [name, work] of /** @type {[string, () => void][]} */ (cases)) {
    if (!name.includes(filter)) continue;
    const started = Date.now();
    let error = '';
    try {
      work();
    } catch (thrown) {
      error = String(thrown instanceof Error ? thrown.message : thrown);
    }
    console.log(`${error ? 'FAIL' : 'ok  '} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (error) console.log(error);
    error ? failed++ : passed++;
  }
  servers.forEach((child) => child.kill('SIGTERM'));
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

async function outside() {
  if (process.getuid?.() !== 0) throw new Error('run as root: network namespaces are needed');
  if (!fs.existsSync(glass) || glass === path.resolve('')) throw new Error('set GLASS to the path of the program glass');
  sweep();
  fs.mkdirSync(runFolder(process.pid), { recursive: true });
  const network = makeNetwork(process.pid);
  const env = { ...process.env, GLASS_NETWORK: JSON.stringify(network), GLASS_RUN_FOLDER: runFolder(process.pid) };
  const child = spawn('ip', ['netns', 'exec', network.alone, process.execPath, import.meta.filename, filter], { stdio: 'inherit', env });
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
}

if (process.env.GLASS_NETWORK) {
  process.exit(await inside().catch((error) => (console.error(error), console.log('0 passed, 1 failed'), 1)));
} else {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => process.exit(130));
  process.on('exit', () => removeNetwork(process.pid));
  process.exit(await outside());
}
