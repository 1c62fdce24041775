// cases/hostile.mjs - a server and a peer that mean no good, made by mock_server.mjs and a page of ours.
import assert from 'node:assert/strict';
import { startMock } from '../mock_server.mjs';

export const privacy = 'loopback';

const TRACE = [
  { t_ms: 1, node: 'glass', kind: 'rule', layer: 'ice', rule: '8445:7.2.2#1', note: '<b>bold</b>', facts: {}, text: '<img src=x> <script>1</script>' },
  { t_ms: 'soon', node: 7, kind: null, layer: {}, rule: ['x'], text: null },
  'no event', null, 17,
];

/** @param {any} options @param {(mock: { url: string }) => Promise<void>} work */
async function withMock(options, work) {
  const mock = await startMock(options);
  try {
    await work(mock);
  } finally {
    mock.close();
  }
}

/** Opens an invitation and gives its link. @param {import('../lib/browsers.mjs').Tab} tab @param {string} url @returns {Promise<string>} */
async function invite(tab, url) {
  await tab.goto(url);
  await tab.click('invite');
  await tab.untilAttribute('signaling-state', 'data-state', 'running');
  return tab.eval(() => /** @type {any} */ (document.querySelector('[data-testid=link]')).value);
}

// Runs in a page of the mock: joins the room with the right proof, then breaks the file protocol.
const BAD_PEER = async (/** @type {{ secret: string, bytes: number, end: boolean }} */ { secret, bytes, end }) => {
  const { Sha256, hmacSha256 } = await import('/sha256.js');
  const encoder = new TextEncoder();
  const hash = new Sha256();
  hash.update(encoder.encode(`glass room ${secret}`));
  const room = hash.hex().slice(0, 16);
  const socket = new WebSocket(`ws://${location.host}/signal`);
  const pc = new RTCPeerConnection();
  Object.assign(window, { pc, socket });
  const print = (/** @type {any} */ d) => /a=fingerprint:(.*?)\s*$/m.exec(d.sdp)[1].toLowerCase();
  pc.ondatachannel = ({ channel }) => {
    if (channel.label !== 'files') return;
    channel.onopen = () => {
      const text = [room, print(pc.remoteDescription), print(pc.localDescription), 'answerer'].join('\n');
      channel.send('not json');
      channel.send(new Uint8Array(2));
      channel.send(new Uint8Array(40));
      channel.send(JSON.stringify({ type: 'verify', mac: hmacSha256(encoder.encode(secret), encoder.encode(text)) }));
      channel.send(JSON.stringify({ type: 'offer', id: -3, name: 'x', size: 1 }));
      channel.send(JSON.stringify({ type: 'offer', id: 9, name: '../../\u202eevil', size: 10 }));
    };
    channel.onmessage = ({ data }) => {
      if (typeof data !== 'string' || JSON.parse(data).type !== 'accept') return;
      const frame = new Uint8Array(4 + bytes);
      frame[3] = 9;
      channel.send(frame);
      if (end) channel.send(JSON.stringify({ type: 'end', id: 9, sha256: '00'.repeat(32) }));
    };
  };
  const send = (/** @type {any} */ message) => socket.send(JSON.stringify(message));
  socket.onopen = () => send({ type: 'join', room, name: 'browser' });
  socket.onmessage = async ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === 'description') {
      pc.onicecandidate = (event) => event.candidate && send({ type: 'candidate', to: message.from, candidate: event.candidate.candidate, mid: '0' });
      await pc.setRemoteDescription({ type: message.kind, sdp: message.sdp });
      await pc.setLocalDescription();
      send({ type: 'description', to: message.from, kind: 'answer', sdp: pc.localDescription?.sdp });
    }
    if (message.type === 'candidate' && message.candidate) await pc.addIceCandidate({ candidate: message.candidate, sdpMid: '0' });
  };
};

/** @param {any} t @param {string} url @param {{ bytes: number, end: boolean }} how */
async function receiveFromBadPeer(t, url, how) {
  const [host, bad] = [await t.newTab(), await t.newTab()];
  const link = await invite(host, url);
  await bad.goto(url);
  await bad.eval(BAD_PEER, { secret: link.split('#r=')[1], ...how });
  await host.until('the offer', async () => (await host.attribute('transfer', 'data-state')) === 'offered', 30_000);
  assert.equal(await host.attribute('transfer', 'data-name'), 'evil');
  await host.click('transfer-accept');
  await host.untilAttribute('transfer', 'data-state', 'failed');
  assert.equal(await host.isShown('transfer-save'), false);
  return host;
}

export const cases = [
  {
    name: 'a server without glass is reported, and a trace is shown as text only',
    run: (/** @type {any} */ t) => withMock({ trace: () => TRACE }, async (mock) => {
      const tab = await t.newTab();
      await tab.goto(mock.url);
      await tab.click('connect-glass');
      await tab.untilAttribute('problem', 'data-problem', 'server');
      await tab.untilText('problem', /no glass peer/);
      await tab.click('toggle-checks');
      await tab.untilText('events-checks', /<img src=x>/, 20_000);
      assert.equal(await tab.eval(() => document.querySelectorAll('main img, main script, main b b').length), 0);
      await tab.untilText('rules-checks', /RFC 8445 §7\.2\.2 #1<b>bold<\/b>/);
    }),
  },
  {
    name: 'a server that brings strangers together fails the proof',
    run: (/** @type {any} */ t) => withMock({ oneRoom: true }, async (mock) => {
      const [one, two] = [await t.newTab(), await t.newTab()];
      await invite(one, mock.url);
      await invite(two, mock.url);
      await Promise.any([one, two].map((tab) => tab.untilAttribute('problem', 'data-problem', 'verify', 30_000)));
      for (const tab of [one, two]) {
        await tab.until('the end', async () => ['failed', 'closed'].includes(await tab.attribute('connection-state', 'data-state')));
        assert.equal(await tab.eval(() => document.querySelector('[data-testid=file]')?.hasAttribute('disabled')), true);
      }
    }),
  },
  {
    name: 'a file whose hash is wrong is not offered for saving',
    run: (/** @type {any} */ t) => withMock({}, async (mock) => {
      const host = await receiveFromBadPeer(t, mock.url, { bytes: 10, end: true });
      assert.match(await host.text('hash-mark'), /✕/);
    }),
  },
  {
    name: 'a file that is longer than offered is cut off',
    run: (/** @type {any} */ t) => withMock({}, async (mock) => {
      const host = await receiveFromBadPeer(t, mock.url, { bytes: 11, end: false });
      assert.match(await host.text('transfer'), /more bytes/);
    }),
  },
  {
    name: 'the page works by keyboard alone and keeps the language',
    run: (/** @type {any} */ t) => withMock({}, async (mock) => {
      const tab = await t.newTab();
      await tab.goto(mock.url);
      await tab.page.bringToFront();
      const seen = new Set();
      for (let i = 0; i < 30; i++) {
        await tab.page.keyboard.press('Tab');
        seen.add(await tab.eval(() => document.activeElement?.getAttribute('data-testid') ?? document.activeElement?.id ?? ''));
      }
      for (const id of ['language', 'role-page', 'connect-glass', 'invite', 'toggle-signaling', 'toggle-channel', 'server-toggle']) {
        assert.ok(seen.has(id), `Tab reaches ${id}; it reached ${[...seen].join(' ')}`);
      }
      const change = () => {
        const select = /** @type {any} */ (document.querySelector('[data-testid=language]'));
        select.value = 'ur-Latn';
        select.dispatchEvent(new Event('change'));
      };
      await tab.eval(change);
      await tab.untilText('connect-glass', /karen/, 20_000);
      await tab.reload();
      await tab.untilText('connect-glass', /karen/, 20_000);
      assert.equal(await tab.eval(() => document.documentElement.lang), 'ur-Latn');
      await tab.eval(() => localStorage.clear());
    }),
  },
];
