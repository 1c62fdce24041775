// captures.mjs - Wireshark reads the capture of every scenario: node captures.mjs [filter]
//
// tshark finds no malformed frame, each frame carries its comment, and where two peers got through to each other the
// layers inside DTLS are there in the open, on an interface of their own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { glass, runCases } from './cases.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'glass-captures-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
const LIMIT_MS = 120_000;
/** @type {Record<string, string[]>} what a scenario asks for besides its name */
const MORE = { nat: ['--a-nat', 'apd/ad', '--b-nat', 'ei/ei'] };
/** @type {string} what the last program said */
let said = '';

/** @param {string} program @param {string[]} args @param {number[]} good exit codes */
function run(program, args, good = [0]) {
  const done = spawnSync(program, args, { encoding: 'utf8', timeout: LIMIT_MS, maxBuffer: 1 << 28 });
  said = `${done.stderr ?? ''}${done.error ?? ''}`;
  assert.ok(good.includes(done.status ?? -1), `${program} ${args.join(' ')}: ${done.status} ${said}`);
  return done.stdout;
}

/** @param {string} name */
function capture(name) {
  const file = path.join(folder, `${name}.pcapng`);
  // A run whose peers do not meet ends with 1.
  const story = run(glass, ['run', name, ...(MORE[name] ?? []), '--pcapng', file], [0, 1]);
  const table = run('tshark', ['-r', file, '-T', 'fields', '-e', 'frame.number', '-e', 'frame.interface_name', '-e', '_ws.malformed',
    '-e', 'frame.protocols', '-e', 'frame.comment']);
  const frames = table.trimEnd().split('\n').map((line) => line.split('\t'));
  assert.ok(frames.some(([, where]) => where === 'wire'), 'nothing is on the wire');
  for (const [number, where, malformed, protocols, comment] of frames) {
    assert.equal(malformed, '', `frame ${number}: ${protocols}`);
    assert.ok(comment, `frame ${number} has no comment`);
    if (where === 'decrypted') assert.match(protocols, /^exported_pdu:/, `frame ${number}`);
  }
  if (!/ -> ESTABLISHED$/m.test(story)) return;
  assert.ok(frames.some(([, where, , protocols]) => where === 'decrypted' && protocols.includes(':sctp')), 'SCTP is hidden');
}

const names = run(glass, ['run', '--list']).trim().split('\n').map((line) => line.slice(0, line.indexOf(':')));
process.exit(await runCases(names.map((name) => [`the capture of ${name}`, () => capture(name)]), () => said));
