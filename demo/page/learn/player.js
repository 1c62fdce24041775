// learn/player.js - plays a trace: from moment to moment, with pauses as long as those of the trace, in bounds.

export const SPEEDS = [0.25, 0.5, 1, 2, 4];
const SHORTEST = 250;  // ms that a moment stays on the screen at speed 1
const LONGEST = 1500;
const STRETCH = 20;    // a millisecond of the trace on the screen

/**
 * @param {{ advance: () => boolean, gap: () => number, changed: () => void }} hands `advance` gives false at the end; `gap` is
 *   the time to the next moment in ms of the trace
 */
export function makePlayer(hands) {
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;
  let speed = 1;
  const wait = () => {
    timer = setTimeout(() => {
      const more = hands.advance();
      timer = null;
      if (more) wait();
      hands.changed();
    }, Math.min(LONGEST, Math.max(SHORTEST, hands.gap() * STRETCH)) / speed);
  };
  const stop = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  return {
    stop,
    isPlaying: () => timer !== null,
    toggle: () => {
      if (timer !== null) stop();
      else wait();
      hands.changed();
    },
    /** @param {number} to */
    setSpeed: (to) => {
      speed = to;
    },
  };
}
