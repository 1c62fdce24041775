// cases/sdp.mjs - descriptions alone: the browser's peer connection and `glass sdp talk` offer and
// answer each other, with no page and no network between them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';

export const privacy = 'open';

/** `glass sdp talk`: one question, one answer. */
class Talk {
  #process;
  #lines;

  /** @param {string[]} [args] */
  constructor(args = []) {
    this.#process = spawn(path.resolve(process.env.GLASS ?? ''), ['sdp', 'talk', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = readline.createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Whatever it says. @param {object} request */
  async tell(request) {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('glass sdp talk ended');
    return JSON.parse(value);
  }

  /** What it says must be a yes. @param {object} request */
  async ask(request) {
    const answer = await this.tell(request);
    assert.ok(answer.ok, `${JSON.stringify(request).slice(0, 200)}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Makes a description of ours and sets it. @param {'offer' | 'answer'} type @param {object} [options] */
  async make(type, options = {}) {
    const { sdp } = await this.ask({ do: `create_${type}`, ...options });
    await this.ask({ do: 'set_local', type, sdp });
    return sdp;
  }

  close() {
    this.#process.stdin.end();
  }
}

/** A peer connection in an empty page, with tracks that need no device. @param {any} t @param {object} [configuration] */
async function open(t, configuration = {}) {
  const tab = await t.newTab();
  await tab.page.goto('about:blank');
  await tab.eval((/** @type {any} */ wanted) => {
    const scope = /** @type {any} */ (globalThis);
    scope.pc = new RTCPeerConnection(wanted);
    scope.addTrack = (/** @type {string} */ kind) => {
      if (kind === 'audio') {
        const context = new AudioContext();
        const stream = context.createMediaStreamDestination().stream;
        return scope.pc.addTrack(stream.getTracks()[0], stream);
      }
      const canvas = document.createElement('canvas');
      canvas.getContext('2d')?.fillRect(0, 0, 10, 10);
      const stream = canvas.captureStream(5);
      return scope.pc.addTrack(stream.getTracks()[0], stream);
    };
  }, configuration);
  return tab;
}

/** @param {any} tab */
const makeOffer = (tab) => tab.eval(async () => {
  const { pc } = /** @type {any} */ (globalThis);
  await pc.setLocalDescription(await pc.createOffer());
  return pc.localDescription.sdp;
});
/** @param {any} tab @param {string} sdp */
const makeAnswer = (tab, sdp) => tab.eval(async (/** @type {string} */ offer) => {
  const { pc } = /** @type {any} */ (globalThis);
  await pc.setRemoteDescription({ type: 'offer', sdp: offer });
  await pc.setLocalDescription(await pc.createAnswer());
  return pc.localDescription.sdp;
}, sdp);
/** @param {any} tab @param {string} type @param {string} sdp */
const setRemote = (tab, type, sdp) => tab.eval(async (/** @type {any} */ description) => {
  await /** @type {any} */ (globalThis).pc.setRemoteDescription(description);
}, { type, sdp });
/** @param {any} tab */
const transceivers = (tab) => tab.eval(() => /** @type {any} */ (globalThis).pc.getTransceivers().map((/** @type {any} */ one) => ({
  mid: one.mid, current: one.currentDirection, kind: one.receiver.track.kind,
})));

/** The browser offers, glass answers. @param {any} tab @param {Talk} talk */
async function browserOffers(tab, talk) {
  await talk.ask({ do: 'set_remote', type: 'offer', sdp: await makeOffer(tab) });
  const answer = await talk.make('answer');
  await setRemote(tab, 'answer', answer);
  return answer;
}

/** Glass offers, the browser answers. @param {any} tab @param {Talk} talk @param {object} [options] */
async function glassOffers(tab, talk, options) {
  const answer = await makeAnswer(tab, await talk.make('offer', options));
  await talk.ask({ do: 'set_remote', type: 'answer', sdp: answer });
  return answer;
}

/** Both say the same about every transceiver. @param {any} tab @param {Talk} talk */
async function expectAgreement(tab, talk) {
  const reversed = { sendrecv: 'sendrecv', sendonly: 'recvonly', recvonly: 'sendonly', inactive: 'inactive' };
  const ours = (await talk.ask({ do: 'state' })).transceivers.filter((/** @type {any} */ one) => !one.stopped && one.mid !== '');
  const theirs = (await transceivers(tab)).filter((/** @type {any} */ one) => one.mid !== null && one.current !== 'stopped');
  assert.deepEqual(
    ours.map((/** @type {any} */ one) => [one.mid, one.kind, one.current]).sort(),
    theirs.map((/** @type {any} */ one) => [one.mid, one.kind, reversed[/** @type {keyof typeof reversed} */ (one.current)]]).sort());
}

export const cases = [
  ...['balanced', 'max-compat', 'max-bundle'].map((policy) => ({
    name: `the browser offers sound, pictures and data under ${policy}`,
    async run(/** @type {any} */ t) {
      const tab = await open(t, { bundlePolicy: policy });
      const talk = new Talk();
      await talk.ask({ do: 'add_track', kind: 'audio' });
      await talk.ask({ do: 'add_track', kind: 'video' });
      await tab.eval(() => {
        const scope = /** @type {any} */ (globalThis);
        scope.addTrack('audio');
        scope.addTrack('video');
        scope.pc.createDataChannel('x');
      });
      await browserOffers(tab, talk);
      await expectAgreement(tab, talk);
      const { transceivers: ours } = await talk.ask({ do: 'state' });
      assert.equal(ours[0].current, 'sendrecv');
      assert.equal(ours[1].codecs[0], 'VP8/90000');
      await browserOffers(tab, talk);  // once more, with everything bundled
      await glassOffers(tab, talk);
      await expectAgreement(tab, talk);
      talk.close();
    },
  })),
  ...['balanced', 'max-compat', 'max-bundle'].map((policy) => ({
    name: `the browser answers sound, pictures and data under ${policy}`,
    async run(/** @type {any} */ t) {
      const tab = await open(t);
      const talk = new Talk(['--bundle', policy]);
      for (const kind of ['audio', 'video', 'video']) await talk.ask({ do: 'add_track', kind });
      await talk.ask({ do: 'create_data_channel' });
      await tab.eval(() => /** @type {any} */ (globalThis).addTrack('video'));
      const answer = await glassOffers(tab, talk);
      assert.match(answer, /a=group:BUNDLE 0 1 2 3/);
      await expectAgreement(tab, talk);
      await glassOffers(tab, talk);
      await browserOffers(tab, talk);
      await expectAgreement(tab, talk);
      talk.close();
    },
  })),
  {
    name: 'simulcast of the browser is answered',
    only: 'chromium',
    async run(t) {
      const tab = await open(t);
      const talk = new Talk();
      await tab.eval(() => {
        /** @type {any} */ (globalThis).pc.addTransceiver('video', { direction: 'sendonly', sendEncodings: [{ rid: 'q' }, { rid: 'h' }, { rid: 'f' }] });
      });
      const answer = await browserOffers(tab, talk);
      assert.match(answer, /a=simulcast:recv q;h;f/);
      const { transceivers: ours } = await talk.ask({ do: 'state' });
      assert.deepEqual(ours[0].receive_rids, ['q', 'h', 'f']);
      const encodings = await tab.eval(() => /** @type {any} */ (globalThis).pc.getSenders()[0].getParameters().encodings.length);
      assert.equal(encodings, 3);
      talk.close();
    },
  },
  {
    name: 'simulcast of ours comes to one stream or to several',
    async run(t) {
      const tab = await open(t);
      const talk = new Talk();
      await talk.ask({ do: 'add_transceiver', kind: 'video', direction: 'sendonly', rids: ['h', 'l'] });
      const answer = await glassOffers(tab, talk);
      const { transceivers: ours } = await talk.ask({ do: 'state' });
      assert.equal(ours[0].send_rids.length, /a=simulcast:recv/.test(answer) ? 2 : 1);
      talk.close();
    },
  },
  {
    name: 'tracks come and go fifty times, either side offering',
    timeout: 120_000,
    async run(t) {
      const tab = await open(t);
      const talk = new Talk();
      for (let round = 0; round < 50; round += 1) {
        if (round % 2 === 0) {
          await tab.eval((/** @type {string} */ kind) => {
            const scope = /** @type {any} */ (globalThis);
            scope.sender = scope.addTrack(kind);
          }, round % 4 === 0 ? 'video' : 'audio');
          await browserOffers(tab, talk);
          await expectAgreement(tab, talk);
          await tab.eval((/** @type {boolean} */ stops) => {
            const scope = /** @type {any} */ (globalThis);
            const one = scope.pc.getTransceivers().find((/** @type {any} */ any) => any.sender === scope.sender);
            if (stops) one.stop();
            else scope.pc.removeTrack(scope.sender);
          }, round % 6 === 0);
          await browserOffers(tab, talk);
        } else {
          const { id } = await talk.ask({ do: 'add_track', kind: round % 3 === 0 ? 'video' : 'audio' });
          await glassOffers(tab, talk);
          await expectAgreement(tab, talk);
          await talk.ask({ do: round % 5 === 0 ? 'stop' : 'remove_track', id });
          await glassOffers(tab, talk);
        }
        await expectAgreement(tab, talk);
      }
      talk.close();
    },
  },
  {
    name: 'ICE restarts, whoever asks',
    async run(t) {
      const tab = await open(t);
      const talk = new Talk();
      await talk.ask({ do: 'create_data_channel' });
      const ufrag = (/** @type {string} */ sdp) => /a=ice-ufrag:(\S+)/.exec(sdp)?.[1];
      const first = await glassOffers(tab, talk);
      const second = await glassOffers(tab, talk, { ice_restart: true });
      assert.notEqual(ufrag(first), ufrag(second));
      const before = await browserOffers(tab, talk);
      await tab.eval(() => /** @type {any} */ (globalThis).pc.restartIce());
      const after = await browserOffers(tab, talk);
      assert.notEqual(ufrag(before), ufrag(after));
      talk.close();
    },
  },
  {
    name: 'offers that cross end in one agreement: rollback on either side',
    async run(t) {
      const tab = await open(t);
      const talk = new Talk();
      await talk.ask({ do: 'add_track', kind: 'audio' });
      await tab.eval(() => /** @type {any} */ (globalThis).addTrack('video'));
      // The browser gives way: setRemoteDescription rolls its offer back.
      const lost = await makeOffer(tab);
      await glassOffers(tab, talk);
      assert.ok(lost.includes('m=video'));
      await browserOffers(tab, talk);
      await expectAgreement(tab, talk);
      // Glass gives way.
      await talk.ask({ do: 'add_track', kind: 'video' });
      await talk.make('offer');
      await tab.eval(() => /** @type {any} */ (globalThis).addTrack('audio'));
      const offer = await makeOffer(tab);
      assert.equal((await talk.tell({ do: 'set_remote', type: 'offer', sdp: offer })).name, 'InvalidStateError');
      await talk.ask({ do: 'set_local', type: 'rollback', sdp: '' });
      await talk.ask({ do: 'set_remote', type: 'offer', sdp: offer });
      await setRemote(tab, 'answer', await talk.make('answer'));
      await expectAgreement(tab, talk);
      talk.close();
    },
  },
];
