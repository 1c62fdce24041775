// cases/tcp.mjs - ICE over TCP (RFC 6544): the browser opens the connection to glass, in a network without UDP.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as common from './common.mjs';

export const privacy = 'open';

const NO_UDP = `table inet no_udp {
  chain in { type filter hook input priority 0; meta l4proto udp counter drop; }
  chain out { type filter hook output priority 0; meta l4proto udp counter drop; }
}`;

/** @param {string} namespace @param {string[]} args @param {string} [input] */
const nft = (namespace, args, input) => execFileSync('ip', ['netns', 'exec', namespace, 'nft', ...args], { encoding: 'utf8', input });

export const cases = ['page', 'glass'].map((offerer) => ({
  name: `the browser connects by TCP where UDP is blocked, the ${offerer} offers`,
  async run(/** @type {any} */ t) {
    nft(t.network.far, ['-f', '-'], NO_UDP);
    try {
      const tab = await t.newTab();
      const glass = await t.glass({ namespace: t.network.far, host: t.network.farAddress, args: ['--tcp'] });
      await common.connect(tab, glass, offerer);
      assert.match(await tab.text('path'), /TCP/);
      assert.match(glass.log, /selected 10\.211\.0\.2:\d+ -> 10\.211\.0\.1:\d+ over tcp/);
      await common.upload(tab, glass, common.makeFile(t.folder, `tcp-${offerer}-${t.kind}.bin`, 2e6));
      await common.download(tab, 2);
      assert.match(nft(t.network.far, ['list', 'table', 'inet', 'no_udp']), /packets [1-9]\d* /, 'some UDP was tried');
    } finally {
      nft(t.network.far, ['delete', 'table', 'inet', 'no_udp']);
    }
  },
}));
