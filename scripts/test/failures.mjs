// What failed, in few lines: `npm test` repeats it at its end, where those look who see only the end of a log.

const linesOfOne = 30;
const mostOfASuite = 5;

/**
 * @param {string[]} lines
 * @param {number} from
 */
function excerpt(lines, from) {
  return lines.slice(from, from + linesOfOne).join('\n');
}

/**
 * The failed cases of a doctest program, and the report with which it ended early.
 *
 * @param {string} output
 * @returns {string[]} one text for each; the end of the output when there is nothing better
 */
export function doctestFailures(output) {
  const lines = output.trimEnd().split('\n');
  const found = [];
  for (let index = 0; index < lines.length; ++index) {
    if (!/^TEST (CASE|SUITE): /.test(lines[index] ?? '')) continue;
    let end = index + 1;
    while (end < lines.length && !/^={40,}$/.test(lines[end] ?? '')) ++end;
    if (lines.slice(index, end).some((line) => /: (FATAL )?ERROR: /.test(line))) found.push(excerpt(lines, index));
    index = end;
  }
  const early = lines.findIndex((line) => /^(DEADLINE: |==\d+==ERROR: |WARNING: ThreadSanitizer)/.test(line));
  if (found.length === 0 && early >= 0) found.push(excerpt(lines, early));
  if (found.length === 0) found.push(lines.slice(-linesOfOne).join('\n'));
  return found.slice(0, mostOfASuite);
}

/**
 * The failed trials of lithe_faults, each with what it said; the end of the output when it did not come so far.
 *
 * @param {string} output
 * @returns {string[]}
 */
export function faultFailures(output) {
  const lines = output.trimEnd().split('\n');
  const found = lines.flatMap((line, index) => (line.startsWith('FAILED: ') ? [excerpt(lines, index)] : []));
  return (found.length > 0 ? found : [lines.slice(-linesOfOne).join('\n')]).slice(0, mostOfASuite);
}

/**
 * The failed tests of vitest's JSON report.
 *
 * @param {string | undefined} report its text, undefined when there is none
 * @returns {string[]}
 */
export function vitestFailures(report) {
  /** @type {{ testResults: { name: string, status: string, message: string, assertionResults: { status: string, fullName: string, failureMessages?: string[] }[] }[] }} */
  let parsed;
  try {
    parsed = JSON.parse(report ?? '');
  } catch {
    return ['vitest has left no report'];
  }
  const found = [];
  for (const file of parsed.testResults) {
    if (file.status === 'failed' && file.assertionResults.length === 0) found.push(`${file.name}\n${file.message}`);
    for (const { status, fullName, failureMessages = [] } of file.assertionResults) {
      if (status === 'failed') found.push(`${file.name}: ${fullName}\n${failureMessages.join('\n')}`);
    }
  }
  return found.slice(0, mostOfASuite).map((text) => excerpt(text.split('\n'), 0));
}
