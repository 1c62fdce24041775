// cases/relaycall.mjs - calls where no direct way is allowed, where there is no device, and where the page is not secure.
import assert from 'node:assert/strict';
import { expectMoving, expectRate, expectSound, getReady, joinAll } from '../lib/calls.mjs';
import * as common from './common.mjs';

export const privacy = 'fake';
const MEGABYTE = 1e6;

export const cases = [
  ...['udp', 'tcp'].map((transport) => ({
    name: `a call and a file through the relay over ${transport.toUpperCase()} go on when the signaling server stops`,
    timeout: 120_000,
    /** @param {any} t */
    async run(t) {
      // The page comes from localhost, where browsers give cameras; the relay is on the cable.
      const glass = await t.glass({ command: 'serve', namespace: t.network.near, host: '0.0.0.0', args: ['--advertise', t.network.nearAddress] });
      glass.url = glass.url.replace('0.0.0.0', 'localhost');
      const { host, guest } = await common.meetByLink(t, glass, `relay-${transport}`);
      await joinAll(host, guest);
      for (const tab of [host, guest]) {
        await expectMoving(tab);
        await expectSound(tab);
        await tab.until('the relay', async () => /TURN/.test(await tab.text('call-path')));
      }
      const what = common.makeFile(t.folder, `relaycall-${transport}-${t.kind}.bin`, 8 * MEGABYTE);
      await host.pickFile('file', what.file);
      await guest.until('the offer', async () => (await guest.attribute('transfer', 'data-state')) === 'offered');
      await guest.click('transfer-accept');
      await host.click('server-toggle');
      for (const tab of [host, guest]) await tab.untilAttribute('signaling-state', 'data-state', 'stopped');
      await common.expectComplete(guest, what.hash);
      for (const tab of [host, guest]) {
        await expectMoving(tab);
        await expectSound(tab);
        await expectRate(tab, 20);
      }
      await host.click('server-toggle');
      await host.untilAttribute('signaling-state', 'data-state', 'running');
    },
  })),
  {
    name: 'a page that is not secure says why there is no camera',
    async run(t) {
      const { host } = await common.meetByLink(t, await t.glass({ command: 'serve', namespace: t.network.far, host: t.network.farAddress }));
      await getReady(host);
      await host.untilAttribute('call-problem', 'data-problem', 'insecure');
      assert.match(await host.text('call-problem'), /plain http.*localhost/s);
    },
  },
];
