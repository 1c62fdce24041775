// lib/glass.mjs - a `glass lab` or `glass serve` in a namespace: started, watched, stopped.
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { wait } from './browsers.mjs';

const START_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 5_000;

export class Glass {
  /** @type {number | string | null} */
  exit = null;
  log = '';
  url;
  folder;
  #process;

  /** @param {{ command?: string, namespace: string, folder: string, host?: string, port: number, args?: string[] }} options */
  constructor({ command = 'lab', namespace, folder, host, port, args = [] }) {
    const program = process.env.GLASS ?? '';
    fs.mkdirSync(folder, { recursive: true });
    this.folder = folder;
    this.url = `http://${host ?? 'localhost'}:${port}/`;
    const own = [command, '--port', String(port), ...(host ? ['--host', host] : []), ...args];
    this.command = [program, ...own].join(' ');
    this.#process = spawn('ip', ['netns', 'exec', namespace, path.resolve(program), ...own], { cwd: folder });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (data) => (this.log = (this.log + data).slice(-20_000)));
    }
    this.#process.on('exit', (code, signal) => (this.exit = signal ?? code ?? 'gone'));
    this.#process.on('error', (error) => (this.exit = String(error)));
  }

  /** Waits until it answers. The caller must be in a namespace from where it can be reached. */
  async ready() {
    const status = `${this.url.replace('localhost', '127.0.0.1')}api/status`;
    const end = Date.now() + START_WITHIN_MS;
    for (;;) {
      if (this.exit !== null) throw new Error(`"${this.command}" ended at once (${this.exit}): ${this.log.slice(-500)}`);
      try {
        return await (await fetch(status)).json();
      } catch {
        if (Date.now() > end) throw new Error(`"${this.command}" does not answer: ${this.log.slice(-500)}`);
        await wait(50);
      }
    }
  }

  /** The SHA-256 of a file that it received. @param {string} name */
  receivedHash(name) {
    const file = path.join(this.folder, 'received', name);
    return crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');
  }

  async stop() {
    if (this.exit !== null) return;
    this.#process.kill('SIGTERM');
    const end = Date.now() + STOP_WITHIN_MS;
    while (this.exit === null && Date.now() < end) await wait(20);
    if (this.exit !== null) return;
    this.#process.kill('SIGKILL');
    throw new Error(`"${this.command}" did not stop on SIGTERM`);
  }
}
