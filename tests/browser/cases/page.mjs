// cases/page.mjs - what can be known about the page without a browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const PAGE = path.resolve(import.meta.dirname, '../../../demo/page');
const SOURCES = ['.', 'call', 'learn'].flatMap((folder) => fs.readdirSync(path.join(PAGE, folder)).map((name) => path.join(folder, name))).filter((name) => name.endsWith('.js'));
const CATALOGUES = ['en.js', 'ur-latn.js', 'learn/en.js', 'learn/ur-latn.js'];

/** @param {string} name */
const read = (name) => fs.readFileSync(path.join(PAGE, name), 'utf8');
/** @param {string} name @returns {Promise<any>} */
const load = (name) => import(path.join(PAGE, name));

export const pageCases = [
  {
    name: 'both languages have the same keys with the same places',
    async run() {
      for (const folder of ['', 'learn/']) {
        const [en, ur] = [(await load(`${folder}en.js`)).default, (await load(`${folder}ur-latn.js`)).default];
        assert.deepEqual(Object.keys(ur).sort(), Object.keys(en).sort());
        /** @param {string} text */
        const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
        for (const key of Object.keys(en)) assert.deepEqual(places(ur[key]), places(en[key]), key);
      }
    },
  },
  {
    name: 'every key that is asked for is in the catalogue',
    async run() {
      const en = { ...(await load('en.js')).default, ...(await load('learn/en.js')).default };
      const html = read('index.html') + read('learn.html');
      const asked = [...html.matchAll(/data-i18n="([^"]+)"/g)].map((m) => m[1]);
      for (const [, list] of html.matchAll(/data-i18n-attr="([^"]+)"/g)) asked.push(...list.split(' ').map((part) => part.split(':')[1]));
      for (const name of SOURCES) {
        if (CATALOGUES.includes(name)) continue;
        asked.push(...[...read(name).matchAll(/\bt\('([\w.-]+)'/g)].map((m) => m[1]));
        asked.push(...[...read(name).matchAll(/'((?:event|step|transfer\.reason|map)\.[\w.-]+)'/g)].map((m) => m[1]));
      }
      assert.ok(asked.length > 60);
      assert.deepEqual(asked.filter((key) => !(key in en)), []);
    },
  },
  {
    name: 'every chapter and every step of it has its words in both languages',
    async run() {
      const { CHAPTERS } = await load('learn/chapters.js');
      for (const language of ['learn/en.js', 'learn/ur-latn.js']) {
        const words = (await load(language)).default;
        for (const { id, steps, question } of CHAPTERS) {
          assert.ok(steps.length >= 5 && steps.length <= 10, id);
          const keys = [`c.${id}`, ...steps.map((/** @type {unknown} */ _, /** @type {number} */ n) => `c.${id}.${n + 1}`), ...(question ? [`q.${id}`] : [])];
          assert.deepEqual(keys.filter((key) => !words[key]), []);
          assert.ok(!(`c.${id}.${steps.length + 1}` in words), `${id} has more words than steps`);
        }
      }
    },
  },
  {
    name: 'a trace that is cut, foreign or newer is refused with the line and the reason',
    async run() {
      const { parseTrace } = await load('learn/trace.js');
      const header = JSON.stringify({ format: 'glass-trace', version: 1, scenario: 's', seed: '1', names: ['network', 'alice'] });
      const state = JSON.stringify({ event: 'state', t: 5e6, node: 1, layer: 'ice', machine: 'm', from: 'a', to: 'b' });
      assert.equal(parseTrace(`${header}\n${state}\n{"event":"end"}\n`).moments.length, 1);
      /** @type {[string, string][]} */
      const bad = [['', 'trace.foreign'], ['hello', 'trace.foreign'], ['{"a":1}', 'trace.foreign'], [header.replace('1', '2').replace('"version":1', '"version":2'), 'trace.version'],
        [`${header}\n${state}\n`, 'trace.cut'], [`${header}\n${state.slice(0, 30)}`, 'trace.cut']];
      for (const [text, key] of bad) assert.throws(() => parseTrace(text), (error) => /** @type {any} */ (error).key === key, text.slice(0, 40));
    },
  },
  {
    name: 'SHA-256 and HMAC agree with OpenSSL, however the bytes are cut',
    async run() {
      const { Sha256, hmacSha256 } = await load('sha256.js');
      for (const size of [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 100_003]) {
        const bytes = crypto.randomBytes(size);
        const hash = new Sha256();
        for (let at = 0; at < size;) {
          const step = Math.min(size - at, crypto.randomInt(1, 200));
          hash.update(bytes.subarray(at, at + step));
          at += step;
        }
        assert.equal(hash.hex(), crypto.createHash('sha256').update(bytes).digest('hex'), `${size} bytes`);
        const key = crypto.randomBytes(size % 200);
        assert.equal(hmacSha256(key, bytes), crypto.createHmac('sha256', key).update(bytes).digest('hex'));
      }
    },
  },
  {
    name: 'a received name cannot leave the folder or hide itself',
    async run() {
      const { cleanName } = await load('transfer.js');
      assert.equal(cleanName('../../etc/passwd'), 'passwd');
      assert.equal(cleanName('C:\\x\\y.txt'), 'y.txt');
      assert.equal(cleanName('a\u202egpj.exe'), 'agpj.exe');
      assert.equal(cleanName('..'), 'file');
      assert.equal(cleanName('\u0000\n'), 'file');
    },
  },
  {
    name: 'the types are right (tsc)',
    run() {
      const folder = path.resolve(import.meta.dirname, '..');
      try {
        execFileSync(process.execPath, [path.join(folder, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8', stdio: 'pipe' });
      } catch (error) {
        throw new Error(/** @type {any} */ (error).stdout);
      }
    },
  },
  {
    name: 'nothing is loaded from elsewhere, nothing parses HTML, no style or script stands inline',
    run() {
      for (const name of [...SOURCES, ...fs.readdirSync(PAGE).filter((n) => /\.(html|css|svg)$/.test(n))]) {
        const text = read(name).replaceAll('http://www.w3.org/2000/svg', '');
        assert.doesNotMatch(text, /https?:\/\/|@import|\beval\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write/, name);
      }
      assert.doesNotMatch(read('index.html') + read('learn.html'), /\son\w+=|<style|\sstyle=|<script(?![^>]*src=)/);
    },
  },
  {
    name: 'the style uses logical properties only',
    run() {
      const physical = /(?:^|[\s;{])(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom|width|height)\s*:|text-align:\s*(?:left|right)/m;
      assert.doesNotMatch((read('style.css') + read('learn.css')).replaceAll(/@media[^{]*/g, ''), physical);
    },
  },
];
