// cases/pages.mjs - both pages by the rules of axe-core, in pseudo-languages, on paper; and what the walkthrough computes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export const privacy = 'loopback';
const SHOTS = path.resolve(import.meta.dirname, '../../../build/screenshots');
const AXE = fs.readFileSync(path.resolve(import.meta.dirname, '../node_modules/axe-core/axe.min.js'), 'utf8');
const { BUGS } = await import('../../../demo/page/learn/bugs.js');

/** @typedef {import('../lib/browsers.mjs').Tab} Tab */

/** @param {any} t @param {string} [hash] @returns {Promise<Tab>} */
async function learn(t, hash = '') {
  const [tab, glass] = [await t.newTab(), await t.glass({ namespace: t.network.alone })];
  await tab.page.goto(`${glass.url}learn${hash}`, { waitUntil: 'load' });
  await tab.untilAttribute('learn', 'data-state', 'ready');
  return tab;
}

/** No rule of WCAG 2.2 A and AA that axe-core knows is broken. @param {Tab} tab @param {string} where */
async function expectAxeClean(tab, where) {
  // The page's own policy lets no foreign script in: the tool comes through the debugger.
  await tab.eval(/** @type {any} */ (`${AXE}; undefined`));
  /** @type {string[]} */
  const found = await tab.eval(async () => {
    const result = await /** @type {any} */ (window).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return result.violations.map((/** @type {any} */ one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 4).map((/** @type {any} */ node) => `${node.target.join(' ')} (${node.any?.[0]?.message ?? node.all?.[0]?.message ?? ''})`).join(' | ')}`);
  });
  assert.deepEqual(found, [], where);
}

/** @param {Tab} tab @param {string} language */
async function speak(tab, language) {
  await tab.eval((name) => localStorage.setItem('glass-language', name), language);
  await tab.reload();
}

/** @param {Tab} tab @param {string} where */
async function expectFits(tab, where) {
  const [has, is] = await tab.eval(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
  assert.ok(is <= has, `${where}: ${is} px wide where there are ${has}`);
}

export const cases = [
  {
    name: 'axe-core finds nothing on the lab page, idle and connected, light and dark',
    timeout: 120_000,
    async run(t) {
      const [tab, glass] = [await t.newTab(), await t.glass({ namespace: t.network.alone })];
      await tab.goto(glass.url);
      await expectAxeClean(tab, 'idle');
      await tab.click('connect-glass');
      await tab.untilAttribute('connection-state', 'data-state', 'connected', 30_000);
      for (const step of ['candidates', 'sdp', 'dtls']) await tab.click(`toggle-${step}`);
      await expectAxeClean(tab, 'connected');
      if (t.kind === 'chromium') {
        await tab.page.emulateMedia({ colorScheme: 'dark' });
        await expectAxeClean(tab, 'dark');
      }
    },
  },
  {
    name: 'axe-core finds nothing in the walkthrough, in every tab, light and dark',
    timeout: 180_000,
    async run(t) {
      const tab = await learn(t, '#c=nat&s=4');
      await tab.click('matrix-run');
      await tab.until('the matrix', async () => (await tab.attribute('matrix', 'class')) === 'matrix');
      await tab.click('lanes-run');
      await tab.until('the lanes', () => tab.isShown('lanes-table'));
      for (const name of ['packet', 'rules', 'sdp', 'ice', 'nat', 'machines']) {
        await tab.click(`tab-${name}`);
        await expectAxeClean(tab, name);
      }
      if (t.kind === 'chromium') {
        await tab.page.emulateMedia({ colorScheme: 'dark' });
        await expectAxeClean(tab, 'dark');
      }
    },
  },
  ...['x-long', 'x-rtl'].map((language) => ({
    name: `both pages hold a language that is ${language === 'x-long' ? 'longer' : 'written from right to left'}`,
    timeout: 90_000,
    /** @param {any} t */
    async run(t) {
      const tab = await learn(t, '#c=ice&s=3');
      await speak(tab, language);
      await tab.untilAttribute('learn', 'data-state', 'ready');
      assert.equal(await tab.eval(() => document.documentElement.dir), language === 'x-rtl' ? 'rtl' : 'ltr');
      for (const width of [1280, 360]) {
        await tab.resize(width, 800);
        await expectFits(tab, `learn ${width}`);
        await tab.screenshot(path.join(SHOTS, `learn-${language}-${width}-${t.kind}.png`));
      }
      await tab.goto(new URL('/', tab.page.url()).href);
      for (const width of [1280, 360]) {
        await tab.resize(width, 800);
        await expectFits(tab, `lab ${width}`);
        await tab.screenshot(path.join(SHOTS, `lab-${language}-${width}-${t.kind}.png`));
      }
      await tab.eval(() => localStorage.removeItem('glass-language'));
    },
  })),
  {
    name: 'the matrix is computed, and a cell leads to the run that it was read from',
    async run(t) {
      const tab = await learn(t);
      await tab.click('matrix-run');
      await tab.until('81 cells', () => tab.eval(() => document.querySelectorAll('.matrix a').length === 81));
      assert.match(await tab.text('matrix-note'), /[1-9]\d* direct, 0 through the relay, [1-9]\d* not at all/);
      for (const [cell, outcome, state] of [['ei.ei-ei.ei', 'direct', 'connected'], ['apd.apd-apd.apd', 'fail', 'failed']]) {
        await tab.untilAttribute(`cell-${cell}`, 'data-outcome', outcome);
        await tab.click(`cell-${cell}`);
        await tab.until('the run', async () => (await tab.eval(() => location.hash)).includes(cell.slice(0, cell.indexOf('-')).replace('.', '/')));
        await tab.until(`somebody ${state}`, async () => (await tab.text('events')).includes(state));
      }
      await tab.click('matrix-turn');
      await tab.click('matrix-run');
      await tab.untilAttribute('cell-apd.apd-apd.apd', 'data-outcome', 'relay');
      await tab.screenshot(path.join(SHOTS, `learn-matrix-1280-${t.kind}.png`));
      await tab.resize(360, 800);
      await expectFits(tab, 'the matrix');
    },
  },
  {
    name: 'three lanes differ by their promise, and each leads to its packets',
    async run(t) {
      const tab = await learn(t);
      await tab.click('lanes-run');
      await tab.until('the table', () => tab.isShown('lanes-table'));
      const lanes = await tab.eval(() => Object.fromEntries([...document.querySelectorAll('[data-testid=lanes-table] tbody tr')].map((row) => [row.getAttribute('data-lane'), ['missing', 'late', 'stall'].map((name) => Number(row.getAttribute(`data-${name}`)))])));
      assert.equal(lanes.ordered[0], 0);
      assert.equal(lanes.unordered[0], 0);
      assert.ok(lanes.once[0] > 0 && lanes.once[1] === 0, JSON.stringify(lanes));
      assert.ok(lanes.ordered[2] > lanes.unordered[2], JSON.stringify(lanes));
      const crosses = await tab.eval(() => document.querySelectorAll('[data-testid=lane-once] .gone').length);
      assert.equal(crosses, lanes.once[0], 'the picture says the same');
      await tab.screenshot(path.join(SHOTS, `learn-lanes-1280-${t.kind}.png`));
      await tab.click('lane-run-once');
      await tab.until('the run', async () => (await tab.eval(() => location.hash)).includes('delivery-once'));
      await tab.until('its events', async () => (await tab.text('events')).includes('60 of 60'));
    },
  },
  {
    name: 'a fork is the same until its instant, and both are shown side by side',
    async run(t) {
      const tab = await learn(t, '#scenario=first-light&seed=1');
      await tab.eval(() => document.getElementById('go-end')?.click());
      for (let n = 0; n < 12; n += 1) await tab.click('go-back');
      const at = await tab.text('clock');
      await tab.click('fork-here');
      await tab.type('fork-delay', '200');
      await tab.type('fork-loss', '0');
      await tab.click('fork-run');
      await tab.until('where they part', async () => /First difference after \d+ equal events/.test(await tab.text('fork-note')));
      const [parted, forked] = [/at ([\d.]+) ms/.exec(await tab.text('fork-note'))?.[1], /^([\d.]+) ms/.exec(at)?.[1]];
      assert.ok(Number(parted) >= Number(forked), `${parted} ms after ${forked} ms`);
      assert.match(await tab.text('fork-table'), /here they part/);
      assert.equal(await tab.eval(() => document.querySelectorAll('.fork-picture .sequences').length), 2);
      await tab.screenshot(path.join(SHOTS, `learn-fork-1280-${t.kind}.png`));
      await tab.resize(360, 800);
      await expectFits(tab, 'the fork');
    },
  },
  {
    name: 'each bug has a packet that shows it, and the page knows which',
    timeout: 120_000,
    async run(t) {
      const tab = await learn(t);
      for (let n = 1; n <= BUGS; n += 1) {
        await tab.click(`bug-${n}`);
        await tab.until(`bug ${n}`, async () => (await tab.text('lesson-title')) === `Bug ${n}` && (await tab.eval(() => location.hash)).includes(`bug-${n}&`));
        await tab.eval(() => document.getElementById('go-start')?.click());
        await tab.click('bug-this');
        await tab.until('no', async () => /^Not this one/.test(await tab.text('bug-verdict')));
        await tab.click('bug-show');
        await tab.until('yes', async () => /^Yes, this packet is wrong\. .{40}/.test(await tab.text('bug-verdict')));
      }
      await tab.screenshot(path.join(SHOTS, `learn-bug-1280-${t.kind}.png`));
    },
  },
  {
    name: 'a run can be saved for Wireshark, which opens it decrypted without a malformed frame',
    only: 'chromium',
    timeout: 120_000,
    async run(t) {
      const tab = await learn(t);
      const { CHAPTERS } = await import('../../../demo/page/learn/chapters.js');
      const runs = [...new Set(CHAPTERS.map((/** @type {any} */ chapter) => new URLSearchParams(chapter.run).toString())), 'scenario=bug-8&seed=1', 'scenario=symmetric&seed=1'];
      for (const run of runs) {
        const capture = path.join(t.folder, 'run.pcapng');
        const href = await tab.attribute('pcapng', 'href');
        assert.match(href ?? '', /^\/api\/pcapng\?scenario=/);
        /** @type {number[]} */
        const bytes = await tab.eval(async (query) => [...new Uint8Array(await (await fetch(`/api/pcapng?${query}`)).arrayBuffer())], run);
        fs.writeFileSync(capture, Buffer.from(bytes));
        const tshark = (/** @type {string[]} */ ...args) => execFileSync('tshark', ['-r', capture, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64e6 });
        assert.equal(tshark('-Y', '_ws.malformed').trim(), '', run);
        assert.notEqual(tshark('-Y', 'frame.comment', '-T', 'fields', '-e', 'frame.number').trim(), '', `${run} has comments`);
        if (!/no-relay|bug|attack-f/.test(run)) assert.notEqual(tshark('-Y', 'sctp.chunk_type == 0', '-T', 'fields', '-e', 'frame.number').trim(), '', `${run} is decrypted`);
      }
    },
  },
  {
    name: 'on paper there are words, picture and bytes, and no buttons',
    only: 'chromium',
    async run(t) {
      const tab = await learn(t, '#c=stun&s=4');
      await tab.page.emulateMedia({ media: 'print' });
      for (const hidden of ['go-on', 'try-run', 'matrix-run', 'tab-packet']) assert.equal(await tab.isShown(hidden), false, hidden);
      for (const kept of ['lesson-text', 'events', 'panel']) assert.equal(await tab.isShown(kept), true, kept);
      await tab.screenshot(path.join(SHOTS, 'learn-print.png'));
    },
  },
];
