// cases/learn.mjs - the walkthrough: every chapter forwards and backwards, by keyboard, narrow and wide.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';

export const privacy = 'default';
const SHOTS = path.resolve(import.meta.dirname, '../../../build/screenshots');
const { CHAPTERS } = await import('../../../demo/page/learn/chapters.js');

/** @param {any} t @param {string} [hash] */
async function open(t, hash = '') {
  const [tab, glass] = [await t.newTab(), await t.glass({ namespace: t.network.alone })];
  await tab.page.goto(`${glass.url}learn${hash}`, { waitUntil: 'load' });
  await tab.untilAttribute('learn', 'data-state', 'ready');
  return tab;
}

/** All that is shown of an instant. @param {any} tab @returns {Promise<string>} */
const shown = (tab) => tab.eval(() => {
  const events = [...document.querySelectorAll('#events > li')].map((item) => `${item.getAttribute('data-when')} ${item.textContent}`);
  const legs = [...document.querySelectorAll('.leg')].map((leg) => leg.getAttribute('data-when'));
  const html = (/** @type {string} */ id) => document.getElementById(id)?.innerHTML ?? '';
  return [location.hash, html('lesson-text'), html('clock'), html('details-title'), html('tabs'), html('panel'), events.join('\n'), legs.join()].join('\n');
});

/** Steps until nothing changes any more. @param {any} tab @param {string} button @returns {Promise<string[]>} */
async function walk(tab, button) {
  const views = [await shown(tab)];
  while (!(await tab.eval((/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id)).disabled, button))) {
    const before = await tab.eval(() => location.hash);
    await tab.eval((/** @type {string} */ id) => document.getElementById(id)?.click(), button);
    await tab.until('the next step', async () => (await tab.eval(() => location.hash)) !== before);
    views.push(await shown(tab));
  }
  return views;
}

export const cases = [
  {
    name: 'all chapters forwards and backwards look the same at the same step',
    timeout: 120_000,
    async run(t) {
      const tab = await open(t);
      const forwards = await walk(tab, 'step-next');
      assert.equal(forwards.length, CHAPTERS.reduce((sum, chapter) => sum + chapter.steps.length, 0));
      const backwards = await walk(tab, 'step-back');
      backwards.reverse();
      for (const [k, view] of forwards.entries()) assert.equal(backwards[k], view, `step ${k}`);
    },
  },
  {
    name: 'each step stands at an event of its own that its words speak of',
    async run(t) {
      const tab = await open(t);
      for (const chapter of CHAPTERS) {
        const places = [];
        for (const n of chapter.steps.keys()) {
          await tab.eval((/** @type {string} */ hash) => { location.hash = hash; }, `#c=${chapter.id}&s=${n + 1}`);
          await tab.until(`${chapter.id} ${n + 1}`, async () => new RegExp(`^#c=${chapter.id}&s=${n + 1}&e=`).test(await tab.eval(() => location.hash)));
          places.push(Number(/e=(\d+)/.exec(await tab.eval(() => location.hash))?.[1]));
        }
        assert.deepEqual(places, [...places].sort((a, b) => a - b), `${chapter.id} goes back in time: ${places}`);
        assert.ok(new Set(places).size > places.length / 2, `${chapter.id}: ${places}`);
        await tab.resize(1280, 900);
        await tab.screenshot(path.join(SHOTS, `learn-${chapter.id}-1280-${t.kind}.png`));
        await tab.resize(360, 800);
        assert.ok(await tab.eval(() => document.documentElement.scrollWidth <= innerWidth), `${chapter.id} is too wide at 360 px`);
        await tab.screenshot(path.join(SHOTS, `learn-${chapter.id}-360-${t.kind}.png`));
        await tab.resize(1280, 900);
      }
    },
  },
  {
    name: 'event by event through a run by keyboard, there and back',
    timeout: 120_000,
    async run(t) {
      const tab = await open(t, '#c=nat&s=1');
      await tab.eval(() => /** @type {HTMLElement} */ (document.getElementById('main')).focus());
      const views = [];
      for (let k = 0; k < 25; k += 1) {
        views.push(await shown(tab));
        await tab.page.keyboard.press('ArrowRight');
      }
      for (let k = 24; k >= 0; k -= 1) {
        await tab.page.keyboard.press('ArrowLeft');
        assert.equal(await shown(tab), views[k], `event ${k}`);
      }
      await tab.page.keyboard.press('b');
      assert.equal(await tab.attribute('tab-packet', 'aria-selected'), 'true');
      await tab.page.keyboard.press('End');
      await tab.untilText('clock', /(\d+)\/\1$/);
      await tab.page.keyboard.press('?');
      assert.ok(await tab.eval(() => /** @type {HTMLDialogElement} */ (document.getElementById('help')).open));
      await tab.page.keyboard.press('Escape');
      await tab.page.keyboard.press('Enter');
      await tab.until('the second step', async () => (await tab.eval(() => location.hash)).startsWith('#c=nat&s=2'));
    },
  },
  {
    name: 'a field of a packet lights up its bytes, and a link leads back to it',
    async run(t) {
      const tab = await open(t, '#c=stun&s=4');
      const field = await tab.eval(() => {
        const button = [...document.querySelectorAll('#panel .fields button')].find((one) => /cookie/i.test(one.textContent ?? ''));
        /** @type {any} */ (button)?.click();
        return button?.getAttribute('data-key');
      });
      assert.ok(field, 'there is a magic cookie');
      const lit = () => tab.eval(() => [...document.querySelectorAll('.byte.on')].map((one) => one.textContent).join(''));
      assert.equal(await lit(), '2112a442');
      const hash = await tab.eval(() => location.hash);
      const other = await open(t, hash);
      assert.equal(await other.eval(() => [...document.querySelectorAll('.byte.on')].map((one) => one.textContent).join('')), '2112a442');
    },
  },
  {
    name: 'a question is answered by the trace',
    async run(t) {
      const tab = await open(t, '#c=ice&s=7');
      await tab.until('the question', () => tab.isShown('question'));
      await tab.eval(() => /** @type {any} */ (document.querySelector('#question input[value=bob]')).click());
      await tab.untilText('verdict', /it is alice/);
      await tab.eval(() => /** @type {any} */ (document.querySelector('#question input[value=alice]')).click());
      await tab.untilText('verdict', /^Yes: alice/);
    },
  },
  {
    name: 'an experiment runs with its own loss, and bad settings are refused in words',
    async run(t) {
      const tab = await open(t);
      await tab.type('try-loss', '20');
      await tab.type('try-seed', '7');
      await tab.click('try-run');
      await tab.untilText('experiment-note', / lost/, 20_000);
      assert.match(await tab.eval(() => location.hash), /scenario=first-light&seed=7&loss=20/);
      await tab.untilText('events', /does not arrive/);
      await tab.eval(() => { location.hash = '#scenario=quic&seed=1'; });
      await tab.until('the complaint', () => tab.isShown('problem'));
      await tab.untilText('problem', /no scenario of that name/);
      tab.errors.length = 0;  // the refused request is logged by the browser
    },
  },
  {
    name: 'the exported file walks all chapters from file://, and asks nobody',
    timeout: 120_000,
    async run(t) {
      const file = path.join(t.folder, `lessons-${t.kind}.html`);
      execFileSync(path.resolve(process.env.GLASS ?? ''), ['lab', 'export', '--html', file], { stdio: 'pipe' });
      const tab = await t.newTab();
      await tab.page.goto(`file://${file}`, { waitUntil: 'load' });
      await tab.untilAttribute('learn', 'data-state', 'ready');
      const views = await walk(tab, 'step-next');
      assert.equal(views.length, CHAPTERS.reduce((sum, chapter) => sum + chapter.steps.length, 0));
      const asked = await tab.eval(() => performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => !name.startsWith('data:')));
      assert.deepEqual(asked, []);
    },
  },
  {
    name: 'in Roman Urdu, and back',
    async run(t) {
      const tab = await open(t, '#c=nat&s=1');
      const english = await tab.text('lesson-text');
      const choose = (/** @type {string} */ language) => tab.eval((/** @type {string} */ value) => {
        const select = /** @type {HTMLSelectElement} */ (document.getElementById('language'));
        select.value = value;
        select.dispatchEvent(new Event('change'));
      }, language);
      await choose('ur-Latn');
      await tab.untilText('lesson-text', /NAT ke peeche/);
      assert.equal(await tab.eval(() => document.documentElement.lang), 'ur-Latn');
      await choose('en');
      await tab.until('English again', async () => (await tab.text('lesson-text')) === english);
    },
  },
];
