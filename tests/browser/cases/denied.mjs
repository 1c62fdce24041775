// cases/denied.mjs - the user, or the system, does not give camera and microphone.
import assert from 'node:assert/strict';
import { getReady } from '../lib/calls.mjs';
import * as common from './common.mjs';

export const privacy = 'denied';

export const cases = [
  {
    name: 'a refused camera is said in words, and one can still join',
    async run(t) {
      const { host, guest } = await common.meetByLink(t, await t.glass({ namespace: t.network.near }));
      await getReady(host);
      await host.untilAttribute('call-problem', 'data-problem', 'denied');
      assert.match(await host.text('call-problem'), /not allowed.*address bar/s);
      await host.choose('language', 'ur-Latn');
      await host.until('the words in Roman Urdu', async () => /ijazat nahin/.test(await host.text('call-problem')));
      await host.click('call-join');
      await host.untilAttribute('call', 'data-state', 'waiting');
      await guest.until('the invitation', async () => (await guest.text('call-hint')).includes('waits for you'));
      await getReady(guest);
      await guest.click('call-join');
      for (const tab of [host, guest]) await tab.untilAttribute('call', 'data-state', 'on');
      await guest.click('call-camera');
      await guest.untilAttribute('call-problem', 'data-problem', 'denied');
    },
  },
];
