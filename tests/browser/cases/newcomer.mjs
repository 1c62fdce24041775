// cases/newcomer.mjs - browsers as they come, with no switch set: addresses are hidden behind mDNS names.
import assert from 'node:assert/strict';
import * as common from './common.mjs';

export const privacy = 'default';

/**
 * The browser shows names in place of its addresses. Chromium may leave the name out altogether when
 * the connection was there before it; what a STUN server saw of it is another kind of candidate.
 * @param {import('../lib/browsers.mjs').Tab} tab
 */
async function expectHiddenAddresses(tab) {
  await tab.click('toggle-candidates');
  const named = async () => (await tab.text('events-candidates')).includes('.local');
  await tab.until('a hidden address', named, 4000).catch(() => {});
  if (await named()) await tab.untilText('step-candidates', /mDNS/);  // the page explains it
  else assert.doesNotMatch(await tab.text('events-candidates'), /Own candidate: \S+ \S+ port \d+ host/);
}

/** From now on no STUN server tells the address that the browser hides. @param {import('../lib/browsers.mjs').Tab} tab */
function withoutStun(tab) {
  return tab.eval(() => {
    const Real = RTCPeerConnection;
    window.RTCPeerConnection = /** @type {any} */ (class extends Real {
      constructor() {
        super();
      }
    });
  });
}

export const cases = [
  {
    name: 'one host, glass on localhost, page offers and glass offers',
    async run(t) {
      const tab = await t.newTab();
      const glass = await t.glass({ namespace: t.network.near });
      await common.connect(tab, glass, 'page');
      await expectHiddenAddresses(tab);
      await common.upload(tab, glass, common.makeFile(t.folder, `new-${t.kind}.bin`, 1e6));
      await tab.reload();
      await common.connectHere(tab, 'glass');
      await common.download(tab, 1);
    },
  },
  {
    name: 'another host, mDNS candidates alone, either side offers',
    async run(t) {
      const tab = await t.newTab();
      const glass = await t.glass({ namespace: t.network.far, host: t.network.farAddress });
      await tab.goto(glass.url);
      await withoutStun(tab);
      await common.connectHere(tab, 'page');
      await expectHiddenAddresses(tab);
      assert.ok(!(await tab.text('events-candidates')).includes(`Own candidate: udp ${t.network.nearAddress}`));
      await common.upload(tab, glass, common.makeFile(t.folder, `mdns-${t.kind}.bin`, 1e6));
      await tab.reload();
      await withoutStun(tab);
      await common.connectHere(tab, 'glass');
      await common.download(tab, 1);
    },
  },
  {
    name: 'two browsers meet by a link, with hidden addresses',
    async run(t) {
      const { guest } = await common.meetByLink(t, await t.glass({ namespace: t.network.near }));
      await expectHiddenAddresses(guest);
    },
  },
];
