import { parentPort, workerData } from 'node:worker_threads';
import { StoreError } from '../store-error.js';
import { type Connection, openConnection } from './connection.js';
import { type FromThread, type ThreadSetup, type ToThread } from './protocol.js';
import { failureOf } from './sqlite-error.js';
import { type Named, StoreDesk } from './store-desk.js';

/** Opens the store in this thread, then serves one request after the other, in the order in which they come. */
export async function serveStore(named?: Named): Promise<void> {
  const desk = await open(workerData as ThreadSetup, named);
  if (desk === undefined) parentPort!.close();
  else serveAll(desk);
}

async function open({ folder, epochMs }: ThreadSetup, named: Named | undefined): Promise<StoreDesk | undefined> {
  let connection: Connection | undefined;
  try {
    connection = await openConnection(folder, epochMs);
    return new StoreDesk(connection, named);
  } catch (error) {
    connection?.db.close();
    const fault = error instanceof StoreError ? error.fault : undefined;
    send({ type: 'unopened', fault, message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

function serveAll(desk: StoreDesk): void {
  let before: Promise<void> = Promise.resolve();
  parentPort!.on('message', (request: ToThread) => {
    if (request.type === 'snapshot') void answer(desk, request);
    else before = before.then(() => answer(desk, request));
  });
  send({ type: 'ready' });
}

async function answer(desk: StoreDesk, request: ToThread): Promise<void> {
  const { id } = request;
  try {
    send({ type: 'answer', id, answer: await desk.serve(request) });
  } catch (error) {
    send({ type: 'failed', id, failure: failureOf(error) });
  }
  if (request.type === 'close') parentPort!.close();
}

function send(message: FromThread): void {
  parentPort!.postMessage(message);
}
