import { parentPort, workerData } from 'node:worker_threads';
import { SystemClock } from '../../../kernel/clock.js';
import { engineOf } from '../engine/engines.js';
import { PolicyError } from '../../policy-error.js';
import { type FromWorker, type JobError, type ToWorker, type WorkerSetup } from './protocol.js';
import { Workshop } from './workshop.js';

/** Entry of a sandbox worker: one job after the other, in the order in which they come. */
const port = parentPort!;
const setup = workerData as WorkerSetup;
const workshop = new Workshop(await engineOf(setup.engine), setup, new SystemClock());
let before: Promise<void> = Promise.resolve();

port.on('message', (job: ToWorker) => {
  before = before.then(() => serve(job));
});
send({ type: 'ready' });

async function serve(job: ToWorker): Promise<void> {
  try {
    const answer = await workshop.serve(job);
    if (answer !== undefined) send(answer);
  } catch (error) {
    if ('id' in job) send({ type: 'failed', id: job.id, error: jobError(error) });
  }
  await workshop.tidyUp();
}

function send(message: FromWorker): void {
  port.postMessage(message);
}

function jobError(error: unknown): JobError {
  if (error instanceof PolicyError) return { code: error.code, message: error.message };
  return { code: undefined, message: error instanceof Error ? error.message : 'an unknown error' };
}
