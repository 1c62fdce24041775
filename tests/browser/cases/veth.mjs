// cases/veth.mjs - browser and glass on two hosts with real addresses, which the browser may show.
import assert from 'node:assert/strict';
import * as common from './common.mjs';

export const privacy = 'open';

export const cases = [
  {
    name: 'another host, real addresses, either side offers',
    async run(t) {
      const tab = await t.newTab();
      const glass = await t.glass({ namespace: t.network.far, host: t.network.farAddress });
      await common.connect(tab, glass, 'page');
      assert.match(await tab.text('path'), new RegExp(t.network.farAddress.replaceAll('.', '\\.')));
      await common.upload(tab, glass, common.makeFile(t.folder, `veth-${t.kind}.bin`, 2e6));
      await tab.reload();
      await common.connectHere(tab, 'glass');
      await common.download(tab, 2);
    },
  },
];
