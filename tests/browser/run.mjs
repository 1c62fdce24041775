// run.mjs - the lab page in Chromium and Firefox against the real program: node run.mjs [filter]
//
// GLASS=/path/to/glass names the program. Needs root, for the network namespaces that keep browsers
// from the internet. A case runs if "browser group: name" contains the filter.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { emptyNetwork, makeNetwork, removeNetwork, runFolder, sweep } from './lib/netns.mjs';
import { pageCases } from './cases/page.mjs';

const filter = process.argv[2] ?? '';
const GROUP_LIMIT_MS = 420_000;
/** Group and the namespace that its browser lives in. @type {[string, 'alone' | 'near'][]} */
const GROUPS = [
  ['call', 'alone'], ['denied', 'near'], ['relaycall', 'near'], ['pages', 'alone'], ['hostile', 'alone'], ['learn', 'alone'], ['loopback', 'alone'],
  ['veth', 'near'], ['newcomer', 'near'], ['relay', 'near'], ['tcp', 'near'],
];

let passed = 0;
let failed = 0;

/** @param {string} name @param {number} ms @param {string} error */
function report(name, ms, error) {
  if (error === '') passed += 1;
  else failed += 1;
  console.log(`${error === '' ? 'ok  ' : 'FAIL'} ${name} (${(ms / 1000).toFixed(1)} s)`);
  if (error !== '') console.log(`     ${error.replace(/\n/g, '\n     ')}`);
}

/** @param {string} group @param {string} namespace @param {string} browser @param {object} network */
function runGroup(group, namespace, browser, network) {
  const started = Date.now();
  const worker = spawn(
    'ip',
    ['netns', 'exec', namespace, process.execPath, path.join(import.meta.dirname, 'lib/worker.mjs'), group, browser, filter],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, GLASS_NETWORK: JSON.stringify(network), GLASS_RUN_FOLDER: runFolder(process.pid), TMPDIR: runFolder(process.pid) },
    });
  readline.createInterface({ input: worker.stdout }).on('line', (line) => {
    const { name, ms, error } = JSON.parse(line);
    report(`${browser} ${group}: ${name}`, ms, error);
  });
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      report(`${browser} ${group}`, Date.now() - started, `the group took longer than ${GROUP_LIMIT_MS / 1000} s`);
      worker.kill('SIGKILL');
    }, GROUP_LIMIT_MS);
    worker.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code !== 0 && signal !== 'SIGKILL') report(`${browser} ${group}`, Date.now() - started, `the worker ended with ${code ?? signal}`);
      resolve(undefined);
    });
  });
}

function cleanUp() {
  try {
    removeNetwork(process.pid);
  } catch (error) {
    console.error(String(error));
  }
}

async function main() {
  if (process.getuid?.() !== 0) throw new Error('run as root: network namespaces are needed');
  sweep();
  fs.mkdirSync(runFolder(process.pid), { recursive: true });
  for (const one of pageCases) {
    if (!`page: ${one.name}`.includes(filter)) continue;
    const started = Date.now();
    const error = await Promise.resolve().then(one.run).then(() => '', (thrown) => String(thrown?.stack ?? thrown));
    report(`page: ${one.name}`, Date.now() - started, error);
  }
  if (filter === 'page' || filter.startsWith('page:')) return;
  if (!process.env.GLASS || !fs.existsSync(process.env.GLASS)) throw new Error('set GLASS to the path of the program glass');
  const network = makeNetwork(process.pid);
  for (const [group, place] of GROUPS) {
    const { cases } = await import(`./cases/${group}.mjs`);
    for (const browser of ['chromium', 'firefox']) {
      if (!cases.some((/** @type {any} */ one) => `${browser} ${group}: ${one.name}`.includes(filter))) continue;
      await runGroup(group, network[place], browser, network);
      emptyNetwork(process.pid);
    }
  }
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => process.exit(130));
process.on('exit', cleanUp);
try {
  await main();
} catch (error) {
  report('the run', 0, String(error?.stack ?? error));
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
