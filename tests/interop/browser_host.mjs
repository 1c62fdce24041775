// browser_host.mjs - a browser inside the namespace that this runs in, led from outside by remote_tab.mjs.
//
// node browser_host.mjs KIND PRIVACY FOLDER [PORT HOST]. Lines of JSON on stdin: {id, tab, method, args}; each is answered
// by {id, value} or {id, error}. With PORT and HOST, localhost:PORT leads to that port of the host: browsers give cameras
// to pages of localhost, and to no others without TLS.
import net from 'node:net';
import readline from 'node:readline';
import { launch } from '../browser/lib/browsers.mjs';

const [kind, privacy, folder, port, host] = process.argv.slice(2);
const browser = await launch(/** @type {any} */ (kind), /** @type {any} */ (privacy), folder);
/** @type {import('../browser/lib/browsers.mjs').Tab[]} */
const tabs = [];

if (port) {
  net.createServer((near) => {
    const far = net.connect(Number(port), host);
    near.pipe(far).pipe(near);
    // Either end may go at any time: the other end hears of it.
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  }).listen(Number(port), 'localhost');
}

/** @param {{ tab: number, method: string, args: any[] }} asked */
async function answer({ tab, method, args }) {
  if (method === 'newTab') return tabs.push(await browser.newTab()) - 1;
  if (method === 'eval') return tabs[tab].page.evaluate(args[0]);
  if (method === 'errors') return tabs[tab].errors;
  await /** @type {any} */ (tabs[tab])[method](...args);  // what it gives back belongs to this process
}

process.stdin.on('close', () => browser.close().finally(() => process.exit(0)));
for await (const line of readline.createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  answer(asked).then((value) => ({ id: asked.id, value }), (error) => ({ id: asked.id, error: String(error?.message ?? error) }))
    .then((said) => process.stdout.write(`${JSON.stringify(said)}\n`));
}
