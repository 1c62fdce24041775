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
      await tab.untilText('path', new RegExp(t.network.farAddress.replaceAll('.', '\\.')));
      await common.upload(tab, glass, common.makeFile(t.folder, `veth-${t.kind}.bin`, 2e6));
      await tab.reload();
      await common.connectHere(tab, 'glass');
      await common.download(tab, 2);
    },
  },
  ...['1.3', '1.2'].map((version) => ({
    name: `DTLS ${version} is what both ends speak, either side offers`,
    async run(t) {
      const tab = await t.newTab();
      const args = version === '1.2' ? ['--dtls', '1.2'] : [];
      const glass = await t.glass({ namespace: t.network.far, host: t.network.farAddress, args });
      for (const offerer of /** @type {const} */ (['page', 'glass'])) {
        await common.connect(tab, glass, offerer);
        await tab.untilAttribute('step-dtls', 'data-state', 'done', 5000);
        // Firefox does not say in its statistics which version it speaks.
        const browserSays = t.kind === 'chromium' ? `DTLS ${version.replace('.', '\\.')}` : 'DTLS';
        await tab.untilText('step-dtls', new RegExp(browserSays));
        await tab.click('toggle-dtls');
        await tab.untilText('rules-dtls', version === '1.3' ? /RFC 9147/ : /RFC 6347/);
        if (version === '1.2') assert.doesNotMatch(await tab.text('rules-dtls'), /RFC 9147/);
        await common.upload(tab, glass, common.makeFile(t.folder, `dtls-${version}-${offerer}-${t.kind}.bin`, 1e6));
        await tab.reload();
      }
    },
  })),
  ...['1.3', '1.2'].map((version) => ({
    name: `DTLS ${version}: glass asks the browser for a cookie first`,
    async run(t) {
      const tab = await t.newTab();
      const args = ['--dtls', version, '--dtls-cookie'];
      const glass = await t.glass({ namespace: t.network.far, host: t.network.farAddress, args });
      // Who answers the offer is the DTLS client: the browser.
      await common.connect(tab, glass, 'glass');
      await tab.untilAttribute('step-dtls', 'data-state', 'done', 5000);
      await tab.click('toggle-dtls');
      const asked = version === '1.3' ? 'RFC 9147 §5.1' : 'RFC 6347 §4.2.1';
      await tab.until(`the rule of the cookie (${asked})`, async () => (await tab.text('rules-dtls')).includes(asked), 5000);
      await common.upload(tab, glass, common.makeFile(t.folder, `cookie-${version}-${t.kind}.bin`, 1e5));
    },
  })),
  ...['1.3', '1.2'].map((version) => ({
    name: `DTLS ${version}: certificates of the browser with RSA and ECDSA, either side offers`,
    async run(t) {
      const tab = await t.newTab();
      const glass = await t.glass({ namespace: t.network.far, host: t.network.farAddress, args: ['--dtls', version] });
      for (const algorithm of ['RSASSA-PKCS1-v1_5', 'ECDSA']) {
        for (const offerer of /** @type {const} */ (['page', 'glass'])) {
          await tab.goto(glass.url);
          await tab.eval(useCertificates, algorithm);
          await common.connectHere(tab, offerer);
          await tab.untilAttribute('step-dtls', 'data-state', 'done', 5000);
          assert.equal(await tab.eval(() => window.certificatesUsed), 1);
          await common.upload(tab, glass, common.makeFile(t.folder, `${algorithm}-${version}-${offerer}-${t.kind}.bin`, 1e5));
        }
      }
    },
  })),
];

/** In the page: each connection from here on shows a certificate with a key of this kind. @param {string} name */
async function useCertificates(name) {
  const keys = name === 'ECDSA' ? { name, namedCurve: 'P-256' } : { name, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
  const certificate = await RTCPeerConnection.generateCertificate(keys);
  const Original = window.RTCPeerConnection;
  window.certificatesUsed = 0;
  window.RTCPeerConnection = class extends Original {
    constructor(configuration) {
      super({ ...configuration, certificates: [certificate] });
      window.certificatesUsed += 1;
    }
  };
}
