// cases/loopback.mjs - browser and glass on one host that has nothing but its loopback interface.
import assert from 'node:assert/strict';
import path from 'node:path';
import * as common from './common.mjs';

export const privacy = 'loopback';
const SHOTS = path.resolve(import.meta.dirname, '../../../build/screenshots');
const MEGABYTE = 1e6;

/** @param {any} t */
const here = (t) => t.glass({ namespace: t.network.alone });

export const cases = [
  {
    name: 'the page offers; 20 MB go both ways with equal hashes',
    async run(t) {
      const [tab, glass] = [await t.newTab(), await here(t)];
      await common.connect(tab, glass, 'page');
      await common.expectWholeStory(tab);
      await common.chat(tab, 'salam, dunya');
      await common.upload(tab, glass, common.makeFile(t.folder, `up-${t.kind}.bin`, 20 * MEGABYTE));
      await common.download(tab, 20);
      await tab.untilText('path', /127\.0\.0\.1|::1/);
    },
  },
  {
    name: 'glass offers; 20 MB go both ways with equal hashes',
    async run(t) {
      const [tab, glass] = [await t.newTab(), await here(t)];
      await common.connect(tab, glass, 'glass');
      await common.expectWholeStory(tab);
      await common.chat(tab, 'hello');
      await common.upload(tab, glass, common.makeFile(t.folder, `up2-${t.kind}.bin`, 20 * MEGABYTE));
      await common.download(tab, 20);
    },
  },
  {
    name: 'a file of no bytes, and one sent back by its name',
    async run(t) {
      const [tab, glass] = [await t.newTab(), await here(t)];
      await common.connect(tab, glass, 'page');
      await common.upload(tab, glass, common.makeFile(t.folder, `empty-${t.kind}.bin`, 0));
      const what = common.makeFile(t.folder, `back-${t.kind}.bin`, 300_001);
      await common.upload(tab, glass, what);
      const before = await common.countTransfers(tab);
      await tab.click('transfer-back');
      await tab.until('the file to come back', async () => (await common.countTransfers(tab)) > before);
      await common.expectComplete(tab, what.hash);
      assert.equal(await tab.attribute('transfer', 'data-direction'), 'in');
    },
  },
  {
    name: 'the signaling server stops in the middle of a transfer, and the file completes',
    async run(t) {
      const [tab, glass] = [await t.newTab(), await here(t)];
      await common.connect(tab, glass, 'page');
      await common.askForSample(tab, 60);
      await tab.until('some bytes', async () => Number(await tab.attribute('transfer', 'data-done')) > MEGABYTE);
      await tab.click('server-toggle');
      await tab.untilAttribute('signaling-state', 'data-state', 'stopped');
      assert.equal(await tab.attribute('transfer', 'data-state'), 'active', 'the transfer was still under way');
      await common.expectComplete(tab);
      await common.upload(tab, glass, common.makeFile(t.folder, `off-${t.kind}.bin`, MEGABYTE));
      await common.chat(tab, 'still here');
      const other = await t.newTab();
      await other.goto(glass.url);
      await other.untilAttribute('signaling-state', 'data-state', 'stopped');
      await other.click('connect-glass');
      await other.untilAttribute('problem', 'data-problem', 'signaling-stopped');
      await other.click('server-toggle');
      await other.untilAttribute('signaling-state', 'data-state', 'running');
      await common.connectHere(other, 'page');
      await tab.untilAttribute('signaling-state', 'data-state', 'running');
      await common.upload(tab, glass, common.makeFile(t.folder, `on-${t.kind}.bin`, MEGABYTE));
    },
  },
  {
    name: 'a second tab and a reload each get a connection of their own',
    async run(t) {
      const [first, second, glass] = [await t.newTab(), await t.newTab(), await here(t)];
      await common.connect(first, glass, 'page');
      await common.connect(second, glass, 'glass');
      await common.chat(first, 'first');
      await first.reload();
      await first.untilAttribute('connection-state', 'data-state', 'idle');
      await common.connectHere(first, 'glass');
      await common.chat(first, 'first again');
      await common.chat(second, 'second');
      await first.close();
      t.tabs.splice(t.tabs.indexOf(first), 1);
      await common.download(second, 1);
      await second.click('disconnect');
      await second.untilAttribute('connection-state', 'data-state', 'idle');
      await common.connectHere(second, 'page');
    },
  },
  {
    name: 'two browsers meet by a link, prove themselves, and share a file',
    async run(t) {
      const { host, guest, link } = await common.meetByLink(t, await here(t));
      const what = common.makeFile(t.folder, `guest-${t.kind}.bin`, 3 * MEGABYTE);
      await host.pickFile('file', what.file);
      await guest.until('the offer', async () => (await guest.attribute('transfer', 'data-state')) === 'offered');
      await guest.click('transfer-accept');
      await common.expectComplete(guest, what.hash);
      await common.expectComplete(host, what.hash);
      const third = await t.newTab();
      await third.goto(link);
      await third.click('join');
      await third.untilAttribute('problem', 'data-problem', 'full');
      await guest.close();
      t.tabs.splice(t.tabs.indexOf(guest), 1);
      await host.untilAttribute('connection-state', 'data-state', 'closed');
    },
  },
  {
    name: 'two of a hundred packets are lost, and files arrive whole',
    timeout: 90_000,
    async run(t) {
      const tab = await t.newTab();
      const glass = await t.glass({ namespace: t.network.alone, args: ['--loss', '2%'] });
      await common.connect(tab, glass, 'page');
      await common.upload(tab, glass, common.makeFile(t.folder, `loss-${t.kind}.bin`, 5 * MEGABYTE));
      await common.download(tab, 5);
    },
  },
  {
    name: 'glass is ended, and the page says so',
    async run(t) {
      const tab = await t.newTab();
      const glass = await t.glass({ namespace: t.network.alone, args: ['--loss', '0%'] });
      await common.connect(tab, glass, 'page');
      await glass.stop();
      t.used.length = 0;
      await tab.untilAttribute('connection-state', 'data-state', 'closed');
      await tab.untilAttribute('signaling-state', 'data-state', 'unreachable');
      tab.errors.length = 0;  // a fetch that finds nobody is logged by the browser
    },
  },
  {
    name: 'screenshots on a desk and on a phone',
    only: 'chromium',
    async run(t) {
      const [tab, glass] = [await t.newTab(), await here(t)];
      await tab.goto(glass.url);
      await tab.screenshot(path.join(SHOTS, 'idle-1280.png'));
      await common.connectHere(tab, 'page');
      await common.chat(tab, 'salam');
      await common.upload(tab, glass, common.makeFile(t.folder, 'holiday.jpg', MEGABYTE));
      await tab.click('toggle-checks');
      await tab.click('toggle-dtls');
      for (const scheme of ['light', 'dark']) {
        await tab.page.emulateMedia({ colorScheme: scheme });
        for (const [width, height] of [[1280, 900], [360, 740]]) {
          await tab.resize(width, height);
          await tab.screenshot(path.join(SHOTS, `open-${scheme}-${width}.png`));
          assert.ok(await tab.eval((w) => document.documentElement.scrollWidth <= w, width), `fits ${width} px`);
        }
      }
      await tab.eval(() => /** @type {any} */ (document.querySelector('[data-testid=language]')).focus());
      await tab.page.selectOption('[data-testid=language]', 'ur-Latn');
      await tab.screenshot(path.join(SHOTS, 'urdu-360.png'));
    },
  },
];
