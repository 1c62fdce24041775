// learn/ask.js - what the server computes beside runs. The page draws the answer and computes nothing.
import { t } from '../i18n.js';

/** @param {string} path @param {string} query @returns {Promise<any>} the answer, or a sentence as an Error */
export async function ask(path, query) {
  let text = '';
  try {
    const answer = await fetch(`${path}?${query}`, { cache: 'no-store' });
    text = await answer.text();
    if (answer.ok) return JSON.parse(text);
  } catch (error) {
    text = String(error);
  }
  throw new Error(t('ask.failed', { text: text.trim().slice(0, 200) }));
}
