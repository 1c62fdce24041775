// coturn.mjs - TURN and STUN with coturn, both ways: node coturn.mjs [filter]
//
// `glass turn` asks coturn's server, coturn's clients ask `glass serve`; over UDP, TCP and TLS. All of it
// in a network namespace with nothing but loopback. GLASS=/path/to/glass names the program; needs root
// and the Debian packages coturn and openssl.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { HERE, aloneInANetwork, folder, makeCertificate, serve } from './alone.mjs';
import { glass, runCases } from './cases.mjs';

const CASE_LIMIT_MS = 60_000;
const COTURN = { plain: 3478, tls: 5349 };
const OURS = { plain: 3578, tls: 5449 };
const USER = ['--user', 'alice', '--password', 'wonderland'];

/** @param {string} program @param {string[]} args */
function run(program, args) {
  const done = spawnSync(program, args, { encoding: 'utf8', timeout: CASE_LIMIT_MS, cwd: folder });
  return { code: done.status, out: `${done.stdout ?? ''}`, all: `${done.stdout ?? ''}${done.stderr ?? ''}${done.error ?? ''}` };
}

/** @param {string} uri @param {string[]} more */
function ask(uri, ...more) {
  const { code, out, all } = run(glass, ['turn', uri, ...USER, '--json', ...more]);
  assert.equal(code, 0, all);
  const report = JSON.parse(out);
  assert.ok(report.ok && report.relayed && report.mapped, all);
  assert.ok(report.indication_ms !== null && report.channel_ms !== null, all);
}

/** @param {string} uri @param {string[]} more */
function see(uri, ...more) {
  const { code, out, all } = run(glass, ['stun', uri, '--json', ...more]);
  assert.equal(code, 0, all);
  const report = JSON.parse(out);
  assert.match(report.mapped, /^127\.0\.0\.1:\d+$/, all);
  assert.equal(report.nat, false, all);
}

/** coturn's client, talking to itself through two relayed addresses. @param {number} port @param {...string} more */
function uclient(port, ...more) {
  const { code, all } = run('turnutils_uclient', [
    '-y', '-u', 'alice', '-w', 'wonderland', '-p', String(port), '-n', '20', '-m', '2', '-l', '400', ...more, HERE]);
  assert.equal(code, 0, all.slice(-2000));
  assert.match(all, /Total lost packets 0 /, all.slice(-2000));
  const [sent, received] = [/tot_send_msgs=(\d+)/g, /tot_recv_msgs=(\d+)/g].map((form) => Number([...all.matchAll(form)].at(-1)?.[1] ?? 0));
  assert.ok(sent > 0 && sent === received, all.slice(-2000));
}

/** @type {import('./cases.mjs').Case[]} */
const cases = [
  ['glass turn, coturn over UDP', () => ask(`turn:${HERE}:${COTURN.plain}?transport=udp`)],
  ['glass turn, coturn over TCP', () => ask(`turn:${HERE}:${COTURN.plain}?transport=tcp`)],
  ['glass turn, coturn over TLS', () => ask(`turns:${HERE}:${COTURN.tls}`, '--ca', 'cert.pem')],
  ['glass stun, coturn over UDP', () => see(`stun:${HERE}:${COTURN.plain}`)],
  ['glass stun, coturn over TCP', () => see(`stun:${HERE}:${COTURN.plain}?transport=tcp`)],
  ['glass stun, coturn over TLS', () => see(`stuns:localhost:${COTURN.tls}`, '--ca', 'cert.pem')],
  ['glass stun trusts nobody over TLS whom nobody vouches for', () => {
    const { code, all } = run(glass, ['stun', `stuns:localhost:${COTURN.tls}`]);
    assert.equal(code, 4, all);
    assert.match(all, /certificate/);
    see(`stuns:localhost:${COTURN.tls}`, '--insecure');
  }],
  ['glass turn says 401 to a wrong password at coturn', () => {
    const { code, all } = run(glass, ['turn', `turn:${HERE}:${COTURN.plain}`, '--user', 'alice', '--password', 'mirror']);
    assert.equal(code, 4, all);
    assert.match(all, /401/);
  }],
  // Without -s this client binds channels from all of 0x4000 to 0x7FFF, as RFC 5766 had it: --old-channels takes them.
  ["coturn's client, Send indications over UDP", () => uclient(OURS.plain, '-s')],
  ["coturn's client, single allocations", () => uclient(OURS.plain, '-c', '-s')],
  ["coturn's client over TCP", () => uclient(OURS.plain, '-t', '-s')],
  ["coturn's client does not get in with a wrong password", () => {
    const { all } = run('turnutils_uclient', ['-y', '-u', 'alice', '-w', 'mirror', '-p', String(OURS.plain), '-n', '1', '-m', '1', HERE]);
    assert.match(all, /401|[Uu]nauthori[sz]ed|Cannot complete Allocation/);
  }],
  ["coturn's client, channels over UDP", () => uclient(OURS.plain)],
  ["coturn's client over TLS", () => uclient(OURS.tls, '-t', '-S', '-s')],
  ["coturn's NAT discovery, which knows RFC 5780", () => {
    const { code, all } = run('turnutils_natdiscovery', ['-m', '-f', '-H', '-P', '-p', String(OURS.plain), HERE]);
    assert.equal(code, 0, all);
    assert.match(all, /NAT with Endpoint Independent Mapping!/, all);
    assert.match(all, /NAT with Endpoint Independent Filtering!/, all);
    assert.match(all, /Other addr: : 127\.0\.0\.2:3579/, all);
    assert.match(all, /successful hairpinning/, all);
  }],
  ["coturn's STUN client", () => {
    const { code, all } = run('turnutils_stunclient', ['-p', String(OURS.plain), HERE]);
    assert.equal(code, 0, all);
    assert.match(all, /UDP reflexive addr: 127\.0\.0\.1:\d+/);
  }],
  ["coturn's STUN client, padded and answered from the other address", () => {
    const { code, all } = run('turnutils_stunclient', ['-f', '-p', String(OURS.plain), HERE]);
    assert.equal(code, 0, all);
    assert.match(all, /RFC 5780 response 3\n.*Response origin: : 127\.0\.0\.2:3579/, all);
  }],
];

await aloneInANetwork(import.meta.filename, async () => {
  makeCertificate(`IP:${HERE},DNS:localhost`);
  await serve('coturn', 'turnserver', ['-n', '--no-cli', `--listening-ip=${HERE}`, `--relay-ip=${HERE}`, `--listening-port=${COTURN.plain}`,
    `--tls-listening-port=${COTURN.tls}`, '--cert=cert.pem', '--pkey=key.pem', '--lt-cred-mech', '--user=alice:wonderland', '--realm=test', '--fingerprint',
    '--allow-loopback-peers', '--min-port=50000', '--max-port=50999', '--pidfile=coturn.pid', '--userdb=turndb', '--log-file=stdout', '--simple-log'], COTURN.plain);
  await serve('glass', glass, ['serve', '--port', '0', '--turn-port', String(OURS.plain), '--turns-port', String(OURS.tls), '--user', 'alice:wonderland',
    '--alternate', `127.0.0.2:${OURS.plain + 1}`, '--old-channels'], OURS.plain);
  return runCases(cases);
});
