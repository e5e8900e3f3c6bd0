import { parentPort } from 'node:worker_threads';
import { prepareModule } from '../module/prepare.js';
import { PolicyError } from '../policy-error.js';
import { type PreparationJob, type PreparationReply } from './preparation.js';
import { settingsOf, settingsProblems } from './settings.js';

/** Entry of the worker that modules are checked in. */
parentPort?.on('message', (job: PreparationJob) => parentPort?.postMessage(answer(job)));

function answer({ bytes, limits, settings }: PreparationJob): PreparationReply {
  try {
    const prepared = prepareModule(bytes, limits);
    const { manifest } = prepared;
    return { type: 'prepared', prepared, problems: settingsProblems(manifest, settingsOf(manifest, settings)) };
  } catch (error) {
    if (error instanceof PolicyError) return { type: 'refused', code: error.code, message: error.message };
    throw error;
  }
}
