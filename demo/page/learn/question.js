// learn/question.js - predict first, then look: the right answer is read from the trace.
import { make } from '../dom.js';
import { t } from '../i18n.js';

/** What was answered, by chapter: the answer outlives a redraw. @type {Map<string, string>} */
const given = new Map();

/**
 * @param {HTMLFormElement} form @param {string} chapter @param {import('./chapters.js').Question} question
 * @param {import('./trace.js').Model} model
 */
export function makeQuestion(form, chapter, question, model) {
  const right = question.right(model);
  const answer = given.get(chapter);
  const options = question.options(model).map((option) => make('label', { class: 'choice' },
    make('input', {
      type: 'radio', name: 'answer', value: option, checked: option === answer, 'data-key': `q${option}`,
      onchange: () => {
        given.set(chapter, option);
        makeQuestion(form, chapter, question, model);
        /** @type {HTMLElement | null} */ (form.querySelector('input:checked'))?.focus();
      },
    }), make('bdi', {}, option)));
  const verdict = answer === undefined ? '' : answer === right ? t('question.right', { right }) : t('question.wrong', { right });
  form.replaceChildren(
    make('fieldset', {}, make('legend', {}, t(`q.${chapter}`)), ...options),
    make('p', { role: 'status', 'data-testid': 'verdict', class: answer === right ? 'equal' : 'quiet' }, verdict));
  form.onsubmit = (event) => event.preventDefault();
  form.hidden = false;
}
