// lib/browsers.mjs - Chromium and Firefox behind one small face: tabs that click, read and wait.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

const CHROMIUM = '/usr/bin/chromium';
const FIREFOX = '/usr/bin/firefox-esr';
const POLL_MS = 40;
// What browsers log as errors though the case wants it so: a refused WebSocket, a stopped server, and
// a header that does nothing on plain http.
const EXPECTED_ERRORS = /503|favicon|WebSocket|can.t establish a connection|Cross-Origin-Opener-Policy/;

// What a browser is told beyond its defaults. `default`: nothing at all, as a newcomer has it.
// `open`: it may show its addresses. `loopback`: it may use the loopback interface as well. `fake`: so, and it
// has a camera and a microphone that make up what they see and hear. `denied`: the user says no.
const CHROMIUM_ARGS = {
  default: [],
  open: ['--use-fake-ui-for-media-stream'],
  capped: ['--use-fake-ui-for-media-stream'],  // has no switch for the version of DTLS
  loopback: ['--use-fake-ui-for-media-stream', '--allow-loopback-in-peer-connection'],
  fake: ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--allow-loopback-in-peer-connection'],
  denied: ['--use-fake-ui-for-media-stream=deny', '--use-fake-device-for-media-stream', '--allow-loopback-in-peer-connection'],
};
const ALLOWED = {
  'media.navigator.permission.disabled': false,
  'permissions.default.camera': 1,
  'permissions.default.microphone': 1,
};
const FIREFOX_PREFS = {
  default: {},
  open: ALLOWED,
  capped: { ...ALLOWED, 'media.peerconnection.dtls.version.max': 771 },  // 0x0303: DTLS 1.2
  loopback: { ...ALLOWED, 'media.peerconnection.ice.loopback': true },
  fake: { ...ALLOWED, 'media.peerconnection.ice.loopback': true, 'media.navigator.streams.fake': true },
  denied: { 'permissions.default.camera': 2, 'permissions.default.microphone': 2, 'media.peerconnection.ice.loopback': true, 'media.navigator.streams.fake': true },
};

/** @typedef {'default' | 'open' | 'capped' | 'loopback' | 'fake' | 'denied'} Privacy */

/** @param {'chromium' | 'firefox'} kind @param {Privacy} privacy @param {string} folder @param {string} [ca] a PEM file with an authority to trust */
export function launch(kind, privacy, folder, ca) {
  const profile = fs.mkdtempSync(path.join(folder, `${kind}-`));
  if (ca && kind === 'firefox') trust(profile, ca);
  return kind === 'chromium' ? launchChromium(privacy, profile, ca !== undefined) : launchFirefox(privacy, profile);
}

/** Writes the authority into the database that Firefox keeps in its profile. @param {string} profile @param {string} ca */
function trust(profile, ca) {
  const database = ['-d', `sql:${profile}`];
  execFileSync('certutil', ['-N', ...database, '--empty-password'], { stdio: 'ignore' });
  execFileSync('certutil', ['-A', ...database, '-n', 'tests', '-t', 'C,,', '-i', ca], { stdio: 'ignore' });
}

/** @param {Privacy} privacy @param {string} profile @param {boolean} trusting takes every certificate: it reads no file of ours */
async function launchChromium(privacy, profile, trusting) {
  if (!fs.existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing (apt install chromium)`);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    chromiumSandbox: false,
    timeout: 60_000,
    viewport: { width: 1280, height: 900 },
    ignoreDefaultArgs: true,
    // Without these Chromium would need a window, a user who is not root, and a first-run dialogue.
    args: ['--headless', '--remote-debugging-pipe', `--user-data-dir=${profile}`, '--no-sandbox', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', ...CHROMIUM_ARGS[privacy],
      ...(trusting ? ['--ignore-certificate-errors'] : []), 'about:blank'],
  });
  return {
    version: context.browser()?.version() ?? '',
    newTab: async () => new Tab(await context.newPage(), 'chromium'),
    close: () => context.close(),
  };
}

/** @param {Privacy} privacy @param {string} profile */
async function launchFirefox(privacy, profile) {
  if (!fs.existsSync(FIREFOX)) throw new Error(`${FIREFOX} is missing (apt install firefox-esr)`);
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: FIREFOX,
    headless: true,
    userDataDir: profile,
    timeout: 90_000,
    protocolTimeout: 60_000,
    extraPrefsFirefox: FIREFOX_PREFS[privacy],
    env: { ...process.env, MOZ_CRASHREPORTER_DISABLE: '1' },
  });
  return {
    version: await browser.version(),
    newTab: async () => new Tab(await browser.newPage(), 'firefox'),
    close: () => browser.close(),
  };
}

/** @param {number} milliseconds */
export function wait(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export class Tab {
  /** Errors that the page threw or logged. @type {string[]} */
  errors = [];

  /** @param {any} page @param {'chromium' | 'firefox'} kind */
  constructor(page, kind) {
    this.page = page;
    this.kind = kind;
    const note = (/** @type {string} */ text) => {
      if (!EXPECTED_ERRORS.test(text)) this.errors.push(text);
    };
    page.on('pageerror', (/** @type {any} */ error) => note(String(error?.message ?? error)));
    page.on('console', (/** @type {any} */ message) => {
      if (message.type() === 'error') note(message.text());
    });
  }

  /** @param {string} url */
  async goto(url) {
    await this.page.goto(url, { waitUntil: 'load' });
    await this.until('the page to start', async () => (await this.text('connection-state')) !== '');
  }

  reload() {
    return this.page.reload({ waitUntil: 'load' });
  }

  close() {
    return this.page.close();
  }

  /** @param {(argument: any) => any} work @param {any} [argument] */
  eval(work, argument) {
    return this.page.evaluate(work, argument);
  }

  /** @param {string} id */
  async click(id) {
    await this.page.bringToFront();
    await this.page.click(select(id));
  }

  /** Of a list. @param {string} id @param {string} value */
  async choose(id, value) {
    await this.eval(([selector, wanted]) => {
      const list = document.querySelector(selector);
      list.value = wanted;
      list.dispatchEvent(new Event('change', { bubbles: true }));
    }, [select(id), value]);
  }

  /** @param {string} id @param {string} text */
  async type(id, text) {
    await this.page.bringToFront();
    await this.page.focus(select(id));
    await this.eval((selector) => document.querySelector(selector).select(), select(id));
    await this.page.keyboard.type(text);
  }

  /** @param {string} id @param {string} file */
  async pickFile(id, file) {
    if (this.kind === 'chromium') return this.page.setInputFiles(select(id), file);
    return (await this.page.$(select(id))).uploadFile(file);
  }

  /** @param {string} id @returns {Promise<string>} */
  text(id) {
    return this.eval((selector) => document.querySelector(selector)?.textContent ?? '', select(id));
  }

  /** An attribute of the first element with this id, or null. @param {string} id @param {string} name @returns {Promise<string | null>} */
  attribute(id, name) {
    return this.eval(([selector, key]) => document.querySelector(selector)?.getAttribute(key) ?? null, [select(id), name]);
  }

  /** @param {string} id */
  isShown(id) {
    return this.eval((selector) => document.querySelector(selector)?.checkVisibility() ?? false, select(id));
  }

  /**
   * Polls until `test` gives something true, and gives it back.
   * @param {string} what @param {() => Promise<any>} test @param {number} [milliseconds]
   */
  async until(what, test, milliseconds = 20_000) {
    const end = Date.now() + milliseconds;
    for (;;) {
      const found = await test();
      if (found) return found;
      if (Date.now() > end) throw new Error(`waited ${milliseconds / 1000} s for ${what}; ${await this.describe()}`);
      await wait(POLL_MS);
    }
  }

  /** @param {string} id @param {string} name @param {string} value @param {number} [milliseconds] */
  async untilAttribute(id, name, value, milliseconds) {
    await this.until(`${id} to be ${value}`, async () => (await this.attribute(id, name)) === value, milliseconds);
  }

  /**
   * Waits until the text of the element matches: what a page is told by others (statistics, a trace) comes when it comes.
   * @param {string} id @param {RegExp} pattern @param {number} [milliseconds]
   */
  async untilText(id, pattern, milliseconds = 8000) {
    let text = '';
    await this.until(`${id} to say ${pattern}`, async () => pattern.test((text = await this.text(id))), milliseconds).catch((error) => {
      throw new Error(`${error.message}; ${id} says "${text.replace(/\s+/g, ' ').trim().slice(0, 400)}"`);
    });
  }

  /** What the page shows, for the message of a failure. */
  async describe() {
    try {
      const [connection, problem, errors] = [
        await this.text('connection-state'), (await this.isShown('problem')) ? await this.text('problem') : '', this.errors.join(' | ')];
      return `page says "${connection}"${problem ? ` and "${problem.replace(/\s+/g, ' ').trim()}"` : ''}${errors ? `, errors: ${errors}` : ''}`;
    } catch (error) {
      return `page does not answer: ${error}`;
    }
  }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    return this.kind === 'chromium' ? this.page.setViewportSize({ width, height }) : this.page.setViewport({ width, height });
  }

  /** @param {string} file */
  async screenshot(file) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    await this.page.screenshot({ path: file, fullPage: true });
  }
}

/** @param {string} id */
function select(id) {
  return `[data-testid="${id}"]`;
}
