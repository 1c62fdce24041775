// cases/call.mjs - two browsers see and hear each other, with cameras and microphones that make things up.
import assert from 'node:assert/strict';
import path from 'node:path';
import { launch } from '../lib/browsers.mjs';
import { expectMoving, expectRate, expectSilence, expectSound, getReady, joinAll } from '../lib/calls.mjs';
import * as common from './common.mjs';

export const privacy = 'fake';
const SHOTS = path.resolve(import.meta.dirname, '../../../build/screenshots');
const MEGABYTE = 1e6;

/** @typedef {import('../lib/browsers.mjs').Tab} Tab */

/** @param {any} t */
const here = (t) => t.glass({ namespace: t.network.alone });

/** A program of its own, whose signaling is stopped. @param {any} t */
const apart = (t) => t.glass({ namespace: t.network.alone, args: ['--loss', '0%'] });

/** @param {Tab} tab @param {string} words */
async function untilHint(tab, words) {
  await tab.until(`the hint "${words}"`, async () => (await tab.text('call-hint')).includes(words));
}

/** The connection has one section for voice and one for pictures. @param {Tab} tab */
async function expectTwoSections(tab) {
  if ((await tab.attribute('toggle-sdp', 'aria-expanded')) !== 'true') await tab.click('toggle-sdp');
  await tab.until('two sections about media', async () => ((await tab.text('sdp-local')).match(/m=(audio|video)/g) ?? []).length === 2);
}

export const cases = [
  {
    name: 'moving pictures and sound on both sides; mute, camera off, hang up, come back',
    timeout: 120_000,
    async run(t) {
      const { host, guest } = await common.meetByLink(t, await here(t));
      await getReady(host);
      await expectMoving(host, 'call-own');
      await host.click('call-join');
      await untilHint(host, 'other side has not');
      await untilHint(guest, 'waits for you');
      await joinAll(guest);
      await host.untilAttribute('call', 'data-state', 'on');
      for (const tab of [host, guest]) {
        await expectMoving(tab);
        await expectSound(tab);
        await expectRate(tab, 20);
        assert.match(await tab.text('call-path'), /direct/);
      }
      await host.click('call-mic');
      await expectSilence(guest);
      assert.equal(await guest.isShown('call-remote-muted'), true);
      await host.click('call-camera');
      await guest.until('the word about the camera', async () => (await guest.text('call-stage')).includes('camera of the other side is off'));
      await expectSound(host);
      await host.click('call-camera');
      await host.click('call-mic');
      await expectMoving(guest);
      await expectSound(guest);
      await expectTwoSections(guest);
      await host.click('call-hangup');
      await untilHint(guest, 'other side has not');
      await untilHint(host, 'waits for you');
      await joinAll(host);
      for (const tab of [host, guest]) {
        await expectMoving(tab);
        await expectSound(tab);
      }
      await expectTwoSections(guest);
      for (const tab of [host, guest]) await common.chatBetween(tab, tab === host ? guest : host, 'still here');
    },
  },
  {
    name: 'both join and hang up at the same instants, three times',
    timeout: 90_000,
    async run(t) {
      const { host, guest } = await common.meetByLink(t, await here(t));
      for (let round = 0; round < 3; round++) {
        for (const tab of [host, guest]) await getReady(tab);
        for (const tab of [host, guest]) await tab.untilAttribute('call-camera', 'data-on', 'true');
        await Promise.all([host, guest].map((tab) => tab.eval(() => /** @type {any} */ (document.querySelector('[data-testid=call-join]')).click())));
        for (const tab of [host, guest]) await expectMoving(tab);
        for (const tab of [host, guest]) await expectSound(tab);
        await Promise.all([host, guest].map((tab) => tab.eval(() => /** @type {any} */ (document.querySelector('[data-testid=call-hangup]')).click())));
        for (const tab of [host, guest]) await tab.untilAttribute('call', 'data-state', 'possible');
      }
    },
  },
  {
    name: 'the signaling server stops in the middle of a call and a file: both go on, and the call can change',
    timeout: 120_000,
    async run(t) {
      const { host, guest } = await common.meetByLink(t, await apart(t));
      await joinAll(host, guest);
      for (const tab of [host, guest]) await expectMoving(tab);
      const what = common.makeFile(t.folder, `call-${t.kind}.bin`, 60 * MEGABYTE);
      await host.pickFile('file', what.file);
      await guest.until('the offer', async () => (await guest.attribute('transfer', 'data-state')) === 'offered');
      await guest.click('transfer-accept');
      await guest.until('some bytes', async () => Number(await guest.attribute('transfer', 'data-done')) > MEGABYTE);
      await host.click('server-toggle');
      for (const tab of [host, guest]) await tab.untilAttribute('signaling-state', 'data-state', 'stopped');
      assert.equal(await guest.attribute('transfer', 'data-state'), 'active', 'the file was still under way');
      for (const tab of [host, guest]) {
        await expectMoving(tab);
        await expectSound(tab);
      }
      await common.expectComplete(guest, what.hash);
      await guest.click('call-hangup');
      await untilHint(host, 'other side has not');
      await joinAll(guest);
      for (const tab of [host, guest]) {
        await expectMoving(tab);
        await expectSound(tab);
      }
      await guest.click('toggle-sdp');
      assert.match(await guest.text('events-sdp'), /over the data channel/);
      await host.click('server-toggle');
      await host.untilAttribute('signaling-state', 'data-state', 'running');
    },
  },
  {
    name: 'another camera is chosen during the call',
    timeout: 90_000,
    async run(t) {
      const { host, guest } = await common.meetByLink(t, await here(t));
      await joinAll(host, guest);
      await expectMoving(guest);
      /** @type {string[]} */
      const ids = await host.eval(() => [.../** @type {any} */ (document.querySelector('[data-testid=call-camera-device]')).options].map((one) => one.value));
      assert.ok(ids.length >= 1);
      await host.choose('call-camera-device', ids.at(-1) ?? '');
      await host.untilAttribute('call-camera', 'data-on', 'true');
      await expectMoving(guest);
    },
  },
  {
    name: 'Chromium and Firefox see and hear each other',
    only: 'chromium',
    timeout: 120_000,
    async run(t) {
      const firefox = await launch('firefox', 'fake', t.folder);
      try {
        const guest = await firefox.newTab();
        const host = await common.inviteGuest(t, await here(t), guest);
        await joinAll(host, guest);
        for (const tab of [host, guest]) {
          await expectMoving(tab);
          await expectSound(tab);
          await expectRate(tab, 20);
        }
        assert.deepEqual(guest.errors, []);
      } finally {
        await firefox.close();
      }
    },
  },
  {
    name: 'with glass there is nobody to see, and the page says so',
    async run(t) {
      const tab = await t.newTab();
      await common.connect(tab, await here(t), 'page');
      await untilHint(tab, 'program without camera');
      assert.equal(await tab.isShown('call-open'), false);
    },
  },
  {
    name: 'screenshots of a call on a desk and on a phone',
    only: 'chromium',
    timeout: 90_000,
    async run(t) {
      const { host, guest } = await common.meetByLink(t, await here(t));
      await getReady(host);
      await host.untilAttribute('call-camera', 'data-on', 'true');
      await expectMoving(host, 'call-own');
      await host.screenshot(path.join(SHOTS, 'call-ready-1280.png'));
      await host.click('call-join');
      await joinAll(guest);
      for (const tab of [host, guest]) await expectMoving(tab);
      await host.until('a line', () => host.eval(() => document.querySelectorAll('[data-testid=call-plot] polyline').length > 0 && (document.querySelector('[data-testid=call-plot] polyline')?.getAttribute('points') ?? '').split(' ').length > 4));
      for (const scheme of ['light', 'dark']) {
        await host.page.emulateMedia({ colorScheme: scheme });
        for (const [width, height] of [[1280, 900], [360, 740]]) {
          await host.resize(width, height);
          await host.screenshot(path.join(SHOTS, `call-${scheme}-${width}.png`));
          assert.ok(await host.eval((w) => document.documentElement.scrollWidth <= w, width), `fits ${width} px`);
        }
      }
      await host.choose('language', 'ur-Latn');
      await host.screenshot(path.join(SHOTS, 'call-urdu-360.png'));
      assert.ok(await host.eval(() => document.documentElement.scrollWidth <= 360), 'Roman Urdu fits');
    },
  },
];
