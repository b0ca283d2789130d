/**
 * Says what the setup is doing, one line per change, with the time since the process started:
 *
 *     [  12.3 s] native build: 14 of 41 files
 *
 * @typedef {object} Progress
 * @property {(text: string) => void} say       prints a line now
 * @property {(text: string) => void} sayRarely prints the line unless another was printed within the last five seconds
 */

const quietMs = 5000;

/**
 * @param {{ write: (text: string) => unknown }} [stream] where lines go; stderr, so that stdout stays the program's own
 * @param {() => number} [now] milliseconds since the start
 * @returns {Progress}
 */
export function createProgress(stream = process.stderr, now = () => performance.now()) {
  let last = Number.NEGATIVE_INFINITY;
  /** @param {string} text */
  const say = (text) => {
    last = now();
    stream.write(`[${(last / 1000).toFixed(1).padStart(6)} s] ${text}\n`);
  };
  return {
    say,
    sayRarely(text) {
      if (now() - last >= quietMs) say(text);
    },
  };
}
