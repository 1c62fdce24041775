// pictures.mjs - the screenshots of the README, made anew: GLASS=/path/to/glass node pictures.mjs
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

const FOLDER = path.resolve(import.meta.dirname, '../../demo/pictures');
const PORT = '8998';
/** The scenario, and the step of the walkthrough that shows it. @type {[string, string][]} */
const STEPS = [['first-light', '#c=ice&s=5'], ['port-restricted', '#c=nat&s=4'], ['no-relay', '#c=turn&s=4']];

const glass = spawn(process.env.GLASS ?? 'glass', ['lab', '--port', PORT], { stdio: ['ignore', 'pipe', 'inherit'] });
await new Promise((resolve) => glass.stdout.once('data', resolve));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
fs.mkdirSync(FOLDER, { recursive: true });
for (const [scenario, step] of STEPS) {
  const page = await browser.newPage({ viewport: { width: 1100, height: 1040 } });
  await page.goto(`http://127.0.0.1:${PORT}/learn${step}`);
  await page.waitForFunction(() => /e=\d+/.test(location.hash));
  await page.waitForTimeout(500);
  await page.screenshot({ path: path.join(FOLDER, `${scenario}.png`) });
  await page.close();
}
await browser.close();
glass.kill();
