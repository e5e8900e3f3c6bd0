// A Jest reporter whose one line is the last of the run: `N passed, N failed, N skipped`.
import { writeSync } from 'node:fs';

const STDOUT = 1;

export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Counts of a run; a test file that could not be run at all counts as one failure. */
export function countsOf(results) {
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

export default class ClosingLineReporter {
  /** Jest prints its own summary after every reporter was asked, so the line waits for the end of the process. */
  onRunComplete(_contexts, results) {
    process.once('exit', () => writeSync(STDOUT, `${closingLine(countsOf(results))}\n`));
  }
}
