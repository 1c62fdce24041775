// cases/page.mjs - what can be known about the page without a browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const PAGE = path.resolve(import.meta.dirname, '../../../demo/page');
const SOURCES = fs.readdirSync(PAGE).filter((name) => name.endsWith('.js'));

/** @param {string} name */
const read = (name) => fs.readFileSync(path.join(PAGE, name), 'utf8');
/** @param {string} name @returns {Promise<any>} */
const load = (name) => import(path.join(PAGE, name));

export const pageCases = [
  {
    name: 'both languages have the same keys with the same places',
    async run() {
      const [en, ur] = [(await load('en.js')).default, (await load('ur-latn.js')).default];
      assert.deepEqual(Object.keys(ur).sort(), Object.keys(en).sort());
      /** @param {string} text */
      const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
      for (const key of Object.keys(en)) assert.deepEqual(places(ur[key]), places(en[key]), key);
    },
  },
  {
    name: 'every key that is asked for is in the catalogue',
    async run() {
      const en = (await load('en.js')).default;
      const html = read('index.html');
      const asked = [...html.matchAll(/data-i18n="([^"]+)"/g), ...html.matchAll(/data-i18n-attr="[^":]+:([^"]+)"/g)].map((m) => m[1]);
      for (const name of SOURCES) {
        if (['en.js', 'ur-latn.js'].includes(name)) continue;
        asked.push(...[...read(name).matchAll(/\bt\('([\w.-]+)'/g)].map((m) => m[1]));
        asked.push(...[...read(name).matchAll(/'((?:event|step|transfer\.reason|map)\.[\w.-]+)'/g)].map((m) => m[1]));
      }
      assert.ok(asked.length > 60);
      assert.deepEqual(asked.filter((key) => !(key in en)), []);
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
      for (const name of fs.readdirSync(PAGE).filter((n) => /\.(js|html|css|svg)$/.test(n))) {
        const text = read(name).replaceAll('http://www.w3.org/2000/svg', '');
        assert.doesNotMatch(text, /https?:\/\/|@import|\beval\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write/, name);
      }
      assert.doesNotMatch(read('index.html'), /\son\w+=|<style|\sstyle=|<script(?![^>]*src=)/);
    },
  },
  {
    name: 'the style uses logical properties only',
    run() {
      const physical = /(?:^|[\s;{])(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom|width|height)\s*:|text-align:\s*(?:left|right)/m;
      assert.doesNotMatch(read('style.css').replaceAll(/@media[^{]*/g, ''), physical);
    },
  },
];
