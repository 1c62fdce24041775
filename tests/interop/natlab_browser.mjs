// natlab_browser.mjs - the Chromium of natlab.mjs, started inside the namespace that it lives in.
//
// node natlab_browser.mjs FOLDER. Each line on stdin is a link to open; for each a line of JSON says which
// kind of path the page chose and what the file hashed to, or the error.
import readline from 'node:readline';
import { launch } from '../browser/lib/browsers.mjs';

const OPEN_WITHIN_MS = 25_000;
const browser = await launch('chromium', 'default', process.argv[2] ?? '');

/** @param {string} link */
async function take(link) {
  const tab = await browser.newTab();
  try {
    await tab.goto(link);
    await tab.click('join');
    await tab.untilAttribute('connection-state', 'data-state', 'connected', OPEN_WITHIN_MS);
    await tab.until('the offer', async () => (await tab.attribute('transfer', 'data-state')) === 'offered');
    const kind = await tab.attribute('path', 'data-kind');
    const words = await tab.text('path');
    await tab.click('transfer-accept');
    await tab.untilAttribute('transfer', 'data-state', 'done');
    return { kind, path: words, hash: await tab.text('hash-local') };
  } catch (error) {
    return { error: String(error) };
  } finally {
    await tab.close();
  }
}

for await (const link of readline.createInterface({ input: process.stdin })) console.log(JSON.stringify(await take(link)));
await browser.close();
