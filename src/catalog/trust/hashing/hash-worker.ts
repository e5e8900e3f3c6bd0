import { parentPort, workerData } from 'node:worker_threads';
import { ModelFilesError } from '../model-files-error.js';
import { type HashJob, type HashReply } from './file-digests.js';
import { hashFile } from './hash-file.js';

/** Entry of the worker that reads the files of one model. */
const NEWS_BYTES = 16 * 1024 * 1024;
let unreportedBytes = 0;

parentPort?.postMessage(answer(workerData as HashJob));

function answer({ files, allowLinks }: HashJob): HashReply {
  try {
    const digests = files.map((file) => hashFile(file, allowLinks, count));
    report();
    return { type: 'done', digests };
  } catch (error) {
    if (error instanceof ModelFilesError) return { type: 'failed', fault: error.fault, message: error.message };
    return { type: 'failed', fault: undefined, message: 'the files could not be hashed' };
  }
}

function count(bytes: number): void {
  unreportedBytes += bytes;
  if (unreportedBytes >= NEWS_BYTES) report();
}

function report(): void {
  parentPort?.postMessage({ type: 'read', bytes: unreportedBytes } satisfies HashReply);
  unreportedBytes = 0;
}
