// cases.mjs - what the programs of this folder share: which glass is tried, and cases that run one after another.
import fs from 'node:fs';
import path from 'node:path';

export const glass = path.resolve(process.env.GLASS ?? '');
const filter = process.argv[2] ?? '';

/** Fails early where the program is missing, or who runs may not make network namespaces. */
export function needRootAndGlass() {
  if (process.getuid?.() !== 0) throw new Error('run as root: network namespaces are needed');
  if (!process.env.GLASS || !fs.existsSync(glass)) throw new Error('set GLASS to the path of the program glass');
}

/** @typedef {[string, () => void | Promise<void>]} Case its name, and what throws when it fails */

/** Runs the cases whose name holds the program's first argument. @param {Case[]} cases @param {() => string} [log] what the servers said
 * @returns {Promise<number>} an exit code: 0 if some ran and none failed */
export async function runCases(cases, log = () => '') {
  let [passed, failed] = [0, 0];
  for (const [title, work] of cases) {
    if (!title.includes(filter)) continue;
    const started = Date.now();
    const error = await Promise.resolve().then(work).then(() => '', (thrown) => String(thrown?.stack ?? thrown));
    console.log(`${error ? 'FAIL' : 'ok  '} ${title} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (error) console.log(`     ${error}`);
    if (error && log()) console.log(`     the servers said: ${log().slice(-800)}`);
    error ? failed++ : passed++;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}
