// run.mjs - aiortc, an implementation of others, against `glass lab`: node run.mjs
//
// GLASS=/path/to/glass names the program. aiortc joins the lab's signaling like a browser would; this
// script carries its descriptions. Needs root for network namespaces, python3-aiortc, and the npm
// packages of tests/browser.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { Glass } from '../browser/lib/glass.mjs';
import { makeNetwork, removeNetwork, runFolder, sweep } from '../browser/lib/netns.mjs';

const WebSocket = createRequire(path.resolve(import.meta.dirname, '../browser/package.json'))('ws');
const CASE_LIMIT_MS = 90_000;
const SIZES = [1, 1024, 262_144];

/** A python process that answers each command with one line. */
class Aiortc {
  /** @type {((answer: any) => void)[]} */
  #waiting = [];

  constructor() {
    this.process = spawn('/usr/bin/python3', [path.join(import.meta.dirname, 'aiortc_peer.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
    readline.createInterface({ input: this.process.stdout }).on('line', (line) => this.#waiting.shift()?.(JSON.parse(line)));
    this.process.on('exit', () => this.#waiting.splice(0).forEach((done) => done({ error: 'aiortc ended' })));
  }

  /** @param {string} op @param {object} [values] @returns {Promise<any>} */
  async ask(op, values = {}) {
    const answer = new Promise((resolve) => this.#waiting.push(resolve));
    this.process.stdin.write(`${JSON.stringify({ op, ...values })}\n`);
    const found = await answer;
    if (found.error) throw new Error(`aiortc, ${op}: ${found.error} (${found.state ?? ''})`);
    return found;
  }
}

/** Connects aiortc with glass through the lab's signaling. @param {string} url @param {Aiortc} peer @param {'offer' | 'answer'} glassRole */
async function connect(url, peer, glassRole) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}signal`);
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  const send = (/** @type {object} */ message) => socket.send(JSON.stringify(message));
  /** @type {any[]} candidates that came before the description */
  const early = [];
  let described = false;
  return new Promise((resolve, reject) => {
    const onMessage = async (/** @type {any} */ message) => {
      if (message.type === 'error') throw new Error(`signaling: ${message.code} ${message.text}`);
      if (message.type === 'joined') send({ type: 'invite-glass', role: glassRole });
      if (message.type === 'peer-joined' && glassRole === 'answer') {
        send({ type: 'description', to: message.id, kind: 'offer', sdp: (await peer.ask('offer')).sdp });
        send({ type: 'candidate', to: message.id, candidate: '', mid: '0' });
      }
      if (message.type === 'candidate' && message.candidate) {
        if (described) await peer.ask('candidate', { line: message.candidate, mid: message.mid });
        else early.push(message);
      }
      if (message.type === 'description') {
        if (message.kind === 'answer') await peer.ask('set', { sdp: message.sdp });
        else send({ type: 'description', to: message.from, kind: 'answer', sdp: (await peer.ask('answer', { sdp: message.sdp })).sdp });
        described = true;
        for (const one of early) await peer.ask('candidate', { line: one.candidate, mid: one.mid });
        resolve(socket);
      }
    };
    let queue = Promise.resolve();
    socket.on('message', (/** @type {any} */ data) => {
      queue = queue.then(() => onMessage(JSON.parse(String(data)))).catch(reject);
    });
    send({ type: 'join', room: `aiortc-${glassRole}`, name: 'aiortc' });
  });
}

/** @param {string} url @param {'offer' | 'answer'} glassRole */
async function echoes(url, glassRole) {
  const peer = new Aiortc();
  try {
    const socket = await connect(url, peer, glassRole);
    for (const kind of ['binary', 'text']) {
      for (const size of SIZES) {
        const { equal, came } = await peer.ask('echo', { size, kind });
        assert.ok(equal, `${kind} of ${size} bytes came back as ${came}, not equal`);
      }
    }
    socket.close();
    await peer.ask('close');
  } finally {
    peer.process.kill('SIGKILL');
  }
}

/** The part that runs inside the namespace. */
async function inside() {
  const { far, farAddress } = JSON.parse(process.env.GLASS_NETWORK ?? '');
  const glass = new Glass({ namespace: far, host: farAddress, port: 8080, folder: path.join(process.env.GLASS_RUN_FOLDER ?? '', 'glass') });
  let failed = 0;
  /** @type {['offer' | 'answer', string][]} */
  const cases = [['answer', 'aiortc offers'], ['offer', 'glass offers']];
  await glass.ready();
  for (const [role, name] of cases) {
    const started = Date.now();
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error('took too long')), CASE_LIMIT_MS).unref());
    const error = await Promise.race([echoes(glass.url, role), late]).then(() => '', (thrown) => String(thrown?.stack ?? thrown));
    console.log(`${error ? 'FAIL' : 'ok  '} aiortc: ${name}, messages of 1, 1024 and 262144 bytes come back (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (error) console.log(`     ${error}\n     glass said: ${glass.log.slice(-1500)}`);
    failed += error ? 1 : 0;
  }
  await glass.stop();
  console.log(`${cases.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function outside() {
  if (process.getuid?.() !== 0) throw new Error('run as root: network namespaces are needed');
  if (!process.env.GLASS || !fs.existsSync(process.env.GLASS)) throw new Error('set GLASS to the path of the program glass');
  sweep();
  fs.mkdirSync(runFolder(process.pid), { recursive: true });
  const network = makeNetwork(process.pid);
  const env = { ...process.env, GLASS_NETWORK: JSON.stringify(network), GLASS_RUN_FOLDER: runFolder(process.pid) };
  const child = spawn('ip', ['netns', 'exec', network.near, process.execPath, import.meta.filename], { stdio: 'inherit', env });
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
}

if (process.env.GLASS_NETWORK) {
  process.exit(await inside());
} else {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => process.exit(130));
  process.on('exit', () => removeNetwork(process.pid));
  process.exit(await outside());
}
