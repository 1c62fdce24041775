// dom.js - making and finding elements. Text only ever goes in as text: nothing here parses HTML.

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | number | ((event: any) => void) | undefined>} [props]
 *   attributes; a function under `onclick` and the like becomes a listener
 * @param {...(Node | string | null | undefined)} children
 * @returns {any}
 */
export function make(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) node.append(child);
  return node;
}

/** The element with this id, which index.html promises. @param {string} id @returns {any} */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`index.html has no #${id}`);
  return node;
}

/** A word of a machine (address, hash, SDP): always left to right. @param {string} text */
export function code(text) {
  return make('bdi', { dir: 'ltr', class: 'code' }, text);
}

/**
 * Runs `work` soon after it was asked for, at most once per `milliseconds`.
 * @param {() => void} work @param {number} milliseconds
 */
export function throttled(work, milliseconds) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      work();
    }, milliseconds);
  };
}
