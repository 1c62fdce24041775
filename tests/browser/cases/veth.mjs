// cases/veth.mjs - browser and glass on two hosts with real addresses, which the browser may show.
import assert from 'node:assert/strict';
import { launch } from '../lib/browsers.mjs';
import * as common from './common.mjs';

export const privacy = 'open';

const OFFERERS = /** @type {const} */ (['page', 'glass']);
// Groups and protections of RTP that both ends have.
const CHOICES = {
  chromium: [
    ['x25519', 'SRTP_AEAD_AES_128_GCM'],
    ['secp256r1', 'SRTP_AEAD_AES_256_GCM'],
    ['secp384r1', 'SRTP_AES128_CM_HMAC_SHA1_80'],
  ],
  firefox: [
    ['x25519', 'SRTP_AEAD_AES_128_GCM'],
    ['secp256r1', 'SRTP_AEAD_AES_256_GCM'],
    ['secp384r1', 'SRTP_AES128_CM_HMAC_SHA1_80'],
    ['x25519', 'SRTP_AES128_CM_HMAC_SHA1_32'],
  ],
};

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
      const glass = await farGlass(t, version);
      for (const offerer of OFFERERS) {
        await connectWatched(tab, glass, offerer);
        await expectAgreed(tab, glass, { version, offerer });
        await tab.click('toggle-dtls');
        await tab.untilText('rules-dtls', version === '1.3' ? /RFC 9147/ : /RFC 6347/);
        if (version === '1.2') assert.doesNotMatch(await tab.text('rules-dtls'), /RFC 9147/);
        await common.upload(tab, glass, common.makeFile(t.folder, `dtls-${version}-${offerer}-${t.kind}.bin`, 1e6));
      }
    },
  })),
  {
    name: 'DTLS 1.2 is what glass speaks with a browser that stops there, either side offers',
    only: 'firefox',
    async run(t) {
      const capped = await launch('firefox', 'capped', t.folder);
      try {
        const tab = await capped.newTab();
        const glass = await farGlass(t, '1.3');
        for (const offerer of OFFERERS) {
          await connectWatched(tab, glass, offerer);
          await expectAgreed(tab, glass, { version: '1.2', offerer });
          await common.upload(tab, glass, common.makeFile(t.folder, `dtls-capped-${offerer}.bin`, 1e5));
        }
      } finally {
        await capped.close();
      }
    },
  },
  ...['1.3', '1.2'].map((version) => ({
    name: `DTLS ${version}: every group and every protection of RTP that both have, either side offers`,
    timeout: 120_000,
    async run(t) {
      const tab = await t.newTab();
      for (const [group, srtp] of CHOICES[t.kind]) {
        const glass = await farGlass(t, version, '--dtls-group', group, '--srtp-profile', srtp);
        for (const offerer of OFFERERS) {
          // In DTLS 1.2 a server with a key on P-256 wants that group of its client as well (RFC 8422 §4).
          const isRsa = version === '1.2' && offerer === 'page';
          await connectWatched(tab, glass, offerer, isRsa ? 'RSASSA-PKCS1-v1_5' : undefined);
          await expectAgreed(tab, glass, { version, offerer, group, srtp, signer: isRsa ? 'RSA' : 'ECDSA' });
        }
        await common.upload(tab, glass, common.makeFile(t.folder, `${group}-${version}-${t.kind}.bin`, 1e5));
      }
    },
  })),
  ...['1.3', '1.2'].map((version) => ({
    name: `DTLS ${version}: glass asks the browser for a cookie first`,
    async run(t) {
      const tab = await t.newTab();
      const glass = await farGlass(t, version, '--dtls-cookie');
      // Who answers the offer is the DTLS client: the browser.
      await connectWatched(tab, glass, 'glass');
      await expectAgreed(tab, glass, { version, offerer: 'glass' });
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
      const glass = await farGlass(t, version);
      for (const algorithm of ['RSASSA-PKCS1-v1_5', 'ECDSA']) {
        for (const offerer of OFFERERS) {
          await connectWatched(tab, glass, offerer, algorithm);
          // In DTLS 1.2 the suite of the server's key is taken, and the browser is server where it offers.
          const isRsa = version === '1.2' && algorithm !== 'ECDSA' && offerer === 'page';
          await expectAgreed(tab, glass, { version, offerer, signer: isRsa ? 'RSA' : 'ECDSA' });
          await common.upload(tab, glass, common.makeFile(t.folder, `${algorithm}-${version}-${offerer}-${t.kind}.bin`, 1e5));
        }
      }
    },
  })),
];

/** @param {any} t @param {string} version @param {...string} more @returns {Promise<import('../lib/glass.mjs').Glass>} */
function farGlass(t, version, ...more) {
  return t.glass({ namespace: t.network.far, host: t.network.farAddress, args: ['--dtls', version, ...more] });
}

/**
 * Both ends report the same handshake: glass in its log, the browser in its statistics.
 * @param {common.Tab} tab @param {common.Glass} glass
 * @param {{ version: string, offerer: string, group?: string, srtp?: string, signer?: string }} wanted
 */
async function expectAgreed(tab, glass, { version, offerer, group = 'x25519', srtp = favourite(tab.kind, offerer), signer = 'ECDSA' }) {
  await tab.untilAttribute('step-dtls', 'data-state', 'done', 5000);
  const suite = version === '1.3' ? 'TLS_AES_128_GCM_SHA256' : `TLS_ECDHE_${signer}_WITH_AES_128_GCM_SHA256`;
  const [ours, theirs] = offerer === 'page' ? ['client', 'server'] : ['server', 'client'];
  const reports = glass.log.match(/DTLS 1\.[23] as .*/g) ?? [];
  assert.equal(reports.at(-1), `DTLS ${version} as ${ours}, ${suite}, ${group}, ${srtp}`);
  const [{ dtlsState, dtlsRole, tlsVersion, dtlsCipher, srtpCipher }] = await tab.eval(readTransports);
  assert.deepEqual(
    { dtlsState, dtlsRole, tlsVersion, dtlsCipher, srtpCipher },
    { dtlsState: 'connected', dtlsRole: theirs, tlsVersion: version === '1.3' ? 'FEFC' : 'FEFD', dtlsCipher: suite, srtpCipher: srtp },
  );
}

/** The DTLS server chooses the protection of RTP: the browser, when it has made the offer. @param {string} kind @param {string} offerer */
function favourite(kind, offerer) {
  return kind === 'chromium' && offerer === 'page' ? 'SRTP_AES128_CM_HMAC_SHA1_80' : 'SRTP_AEAD_AES_128_GCM';
}

/** In the page: what its connection says about its transports. */
async function readTransports() {
  const found = [];
  for (const entry of (await window.connections[0].getStats()).values()) if (entry.type === 'transport') found.push(entry);
  return found;
}

/** @param {common.Tab} tab @param {common.Glass} glass @param {'page' | 'glass'} offerer @param {string} [algorithm] of the browser's certificate */
async function connectWatched(tab, glass, offerer, algorithm) {
  await tab.goto(glass.url);
  await tab.eval(watchConnections, algorithm);
  await common.connectHere(tab, offerer);
  assert.equal(await tab.eval(() => window.connections.length), 1);
}

/** In the page: connections from here on are kept, and show a certificate with a key of this kind. @param {string} [name] */
async function watchConnections(name) {
  const keys = name === 'ECDSA' ? { name, namedCurve: 'P-256' } : { name, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
  const certificates = name ? [await RTCPeerConnection.generateCertificate(keys)] : undefined;
  const Original = window.RTCPeerConnection;
  window.connections = [];
  window.RTCPeerConnection = class extends Original {
    constructor(configuration) {
      super(certificates ? { ...configuration, certificates } : configuration);
      window.connections.push(this);
    }
  };
}
