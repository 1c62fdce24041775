// cases/relay.mjs - two tabs that may use nothing but a relay call each other through `glass serve`.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { launch } from '../lib/browsers.mjs';
import * as common from './common.mjs';

export const privacy = 'open';

const SERVER = '10.211.0.2';
const NAME = 'turn.test';  // Firefox takes no address for TURN over TLS

/** An authority that the browser is told to trust, the name that the hosts there know, and a certificate of it for the server. @param {string} folder */
export function prepare(folder) {
  const at = (/** @type {string} */ name) => path.join(folder, name);
  if (fs.existsSync(at('turn.pem'))) return { ca: at('ca.pem'), names: { [NAME]: SERVER }, certificate: at('turn.pem'), key: at('turn.key') };
  const openssl = (/** @type {string[]} */ ...args) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '2', '-subj', '/CN=GlassRTC tests');
  openssl('req', ...newKey, '-keyout', at('turn.key'), '-out', at('turn.csr'), '-subj', '/CN=turn');
  fs.writeFileSync(at('turn.ext'), `subjectAltName=DNS:${NAME}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n`);
  openssl('x509', '-req', '-in', at('turn.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2', '-extfile', at('turn.ext'), '-out', at('turn.pem'));
  return { ca: at('ca.pem'), names: { [NAME]: SERVER }, certificate: at('turn.pem'), key: at('turn.key') };
}

/** @typedef {'udp' | 'tcp' | 'tls'} Transport */

/** A file from one tab to the other, and both see that it went through the relay. @param {any} t @param {Transport} transport @param {() => Promise<common.Tab>} [openGuest] */
async function shareRelayed(t, transport, openGuest) {
  const { certificate, key } = t.prepared;
  const glass = await t.glass({ command: 'serve', namespace: t.network.far, host: SERVER, args: ['--name', NAME, '--cert', certificate, '--key', key] });
  const { host, guest } = await common.meetByLink(t, glass, `relay-${transport}`, openGuest);
  const what = common.makeFile(t.folder, `relay-${transport}-${t.kind}.bin`, 2e6);
  await host.pickFile('file', what.file);
  await guest.until('the offer', async () => (await guest.attribute('transfer', 'data-state')) === 'offered');
  await guest.click('transfer-accept');
  await common.expectComplete(guest, what.hash);
  for (const tab of [host, guest]) {
    await tab.untilAttribute('path', 'data-kind', 'relay', 8000);
    await tab.untilText('path', /10\.211\.0\.2/);
  }
  assert.match(glass.log, new RegExp(`relays for .* over ${transport}`));
}

/** @param {Transport} transport */
const between = (transport) => ({
  name: `two tabs share a file through the relay over ${transport.toUpperCase()}`,
  timeout: 90_000,
  run: (/** @type {any} */ t) => shareRelayed(t, transport),
});

export const cases = [between('udp'), between('tcp'), between('tls'), {
  name: 'Chromium calls Firefox through the relay over UDP, TCP and TLS',
  only: 'chromium',
  timeout: 120_000,
  async run(/** @type {any} */ t) {
    const firefox = await launch('firefox', privacy, t.folder, t.prepared.ca);
    try {
      for (const transport of /** @type {const} */ (['udp', 'tcp', 'tls'])) await shareRelayed(t, transport, () => firefox.newTab());
    } finally {
      await firefox.close();
    }
  },
}];
