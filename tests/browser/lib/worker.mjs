// lib/worker.mjs - runs the cases of one group with one browser, inside that group's namespace.
//
// node worker.mjs GROUP BROWSER FILTER, started by run.mjs, to which each result goes as a line of JSON.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { launch } from './browsers.mjs';
import { Glass } from './glass.mjs';

const [group, kind, filter] = process.argv.slice(2);
const network = JSON.parse(process.env.GLASS_NETWORK ?? '{}');
const folder = process.env.GLASS_RUN_FOLDER ?? '';
const { privacy, cases, prepare } = await import(`../cases/${group}.mjs`);
const prepared = prepare?.(folder);
if (prepared?.names) nameHosts(prepared.names);

/** @type {Map<string, Glass>} */
const programs = new Map();
/** @type {any} */
let browser = null;
let nextPort = 8080;

/**
 * Nobody but this worker and its children sees it: `ip netns exec` gave them mounts of their own. Chromium asks a name
 * server all the same, and shall hear at once that there is none.
 * @param {Record<string, string>} names addresses by name
 */
function nameHosts(names) {
  const lines = Object.entries(names).map(([name, address]) => `${address} ${name}\n`);
  const files = { hosts: `127.0.0.1 localhost\n::1 localhost\n${lines.join('')}`, 'resolv.conf': 'nameserver 127.0.0.1\n' };
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, `${group}-${name}`);
    fs.writeFileSync(file, text);
    execFileSync('mount', ['--bind', file, `/etc/${name}`]);
  }
}

// A run that is killed takes its workers along.
process.stdin.on('close', () => process.exit(1)).resume();

/** What a case gets. */
function makeContext() {
  /** @type {import('./browsers.mjs').Tab[]} */
  const tabs = [];
  /** @type {Glass[]} */
  const used = [];
  return {
    kind, folder, network, tabs, used, prepared,
    newTab: async () => {
      const tab = await browser.newTab();
      tabs.push(tab);
      return tab;
    },
    /** The same options give the same running program. @param {{ command?: string, namespace: string, host?: string, args?: string[] }} options */
    glass: async (options) => {
      const key = JSON.stringify(options);
      let glass = programs.get(key);
      if (!glass || glass.exit !== null) {
        const port = nextPort++;
        glass = new Glass({ ...options, port, folder: path.join(folder, `glass-${group}-${kind}-${port}`) });
        programs.set(key, glass);
        await glass.ready();
      }
      used.push(glass);
      return glass;
    },
  };
}

/** @param {any} one */
async function runCase(one) {
  const context = makeContext();
  const started = Date.now();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const limit = one.timeout ?? 60_000;
  let error = '';
  try {
    browser ??= await launch(kind, privacy, folder, prepared?.ca);  // has a limit of its own
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`took longer than ${limit / 1000} s`)), limit);
    });
    await Promise.race([one.run(context), late]);
    for (const tab of context.tabs) if (tab.errors.length > 0) throw new Error(`page errors: ${tab.errors.join(' | ')}`);
    for (const glass of context.used) if (glass.exit !== null) throw new Error(`glass ended (${glass.exit}) during the case`);
  } catch (thrown) {
    error = String(thrown?.stack ?? thrown);
    const glass = context.used.at(-1);
    if (glass) error += `\n  glass said: ${glass.log.slice(-1500)}`;
    if (process.env.KEEP_SHOTS) await context.tabs[0]?.screenshot(`${process.env.KEEP_SHOTS}/${kind}-${Date.now()}.png`).catch(() => {});
  }
  clearTimeout(timer);
  await tidy(context, error !== '');
  process.stdout.write(`${JSON.stringify({ name: one.name, ms: Date.now() - started, error })}\n`);
}

/** Closes the tabs; after a failure the browser as well, for it may hang. @param {any} context @param {boolean} failed */
async function tidy(context, failed) {
  const limit = new Promise((resolve) => setTimeout(resolve, 5000));
  for (const tab of context.tabs) await Promise.race([tab.close().catch(() => {}), limit]);
  if (!failed || !browser) return;
  await Promise.race([browser.close().catch(() => {}), limit]);
  browser = null;
}

for (const one of cases) {
  if (`${kind} ${group}: ${one.name}`.includes(filter) && !(one.only && one.only !== kind)) await runCase(one);
}
let error = '';
for (const glass of programs.values()) await glass.stop().catch((thrown) => (error = String(thrown)));
if (error) process.stdout.write(`${JSON.stringify({ name: 'glass stops when asked', ms: 0, error })}\n`);
await Promise.race([browser?.close().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 5000))]);
process.exit(0);
