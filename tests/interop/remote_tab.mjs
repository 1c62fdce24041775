// remote_tab.mjs - a tab of a browser in another namespace, with the face of tests/browser/lib/browsers.mjs.
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { Tab } from '../browser/lib/browsers.mjs';

/** @typedef {'chromium' | 'firefox'} Kind */

export class RemoteBrowser {
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #nextId = 1;
  #child;
  #gone;
  #kind;

  /**
   * @param {string} namespace @param {Kind} kind @param {import('../browser/lib/browsers.mjs').Privacy} privacy @param {string} folder
   * @param {{ port: number, host: string }} [forward] what localhost leads to, beside the browser
   */
  constructor(namespace, kind, privacy, folder, forward) {
    this.#kind = kind;
    this.#child = spawn('ip', ['netns', 'exec', namespace, process.execPath, path.join(import.meta.dirname, 'browser_host.mjs'), kind, privacy, folder,
      ...(forward ? [String(forward.port), forward.host] : [])], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TMPDIR: folder } });
    readline.createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const { id, value, error } = JSON.parse(line);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(error));
    });
    this.#gone = new Promise((resolve) => this.#child.on('close', resolve));
    this.#child.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser is gone'));
      this.#waiting.clear();
    });
  }

  /** @param {number} tab @param {string} method @param {any[]} args @returns {Promise<any>} */
  ask(tab, method, args) {
    const id = this.#nextId++;
    this.#child.stdin.write(`${JSON.stringify({ id, tab, method, args })}\n`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  async newTab() {
    return new RemoteTab(this, await this.ask(-1, 'newTab', []), this.#kind);
  }

  async close() {
    this.#child.stdin.end();
    await this.#gone;
  }
}

// What waits and compares is inherited; what touches the page is asked for.
export class RemoteTab extends Tab {
  #browser;
  #number;

  /** @param {RemoteBrowser} browser @param {number} number @param {Kind} kind */
  constructor(browser, number, kind) {
    super({ on() {} }, kind);
    this.#browser = browser;
    this.#number = number;
  }

  /** @param {string} method @param {...any} args */
  #ask(method, ...args) {
    return this.#browser.ask(this.#number, method, args);
  }
  /** @param {(argument: any) => any} work @param {any} [argument] */
  eval(work, argument) {
    return this.#ask('eval', `(${work})(${JSON.stringify(argument)})`);
  }
  /** @returns {Promise<string[]>} */
  readErrors() {
    return this.#ask('errors');
  }
  /** @param {string} url */
  goto(url) {
    return this.#ask('goto', url);
  }
  reload() {
    return this.#ask('reload');
  }
  close() {
    return this.#ask('close');
  }
  /** @param {string} id */
  click(id) {
    return this.#ask('click', id);
  }
  /** @param {string} id @param {string} text */
  type(id, text) {
    return this.#ask('type', id, text);
  }
  /** @param {string} id @param {string} file */
  pickFile(id, file) {
    return this.#ask('pickFile', id, file);
  }
  /** @param {number} width @param {number} height */
  resize(width, height) {
    return this.#ask('resize', width, height);
  }
  /** @param {string} file */
  screenshot(file) {
    return this.#ask('screenshot', file);
  }
}
