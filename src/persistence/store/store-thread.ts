import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { StoreError } from '../store-error.js';
import { type FromThread, type ThreadSetup, type ToThread } from './protocol.js';
import { StoreFailure } from './store-failure.js';

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

type WithoutId<Message> = Message extends unknown ? Omit<Message, 'id'> : never;
export type StoreRequest = WithoutId<ToThread>;

/** A thread starts the built file, also when the tests run the sources. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? '../../../dist/persistence/store/worker.js' : './worker.js',
  import.meta.url,
);

/** One life of the thread that has the database open. It holds the process only while somebody waits for it. */
export class StoreThread {
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private end: StoreFailure | undefined;

  private constructor(
    private readonly worker: Worker,
    private readonly lost: (why: string) => void,
  ) {
    worker.on('message', (message: FromThread) => this.hear(message));
    worker.on('error', (error) => this.die(messageOf(error)));
    worker.on('exit', (code) => this.die(`the thread of the store ended with ${code}`));
    worker.unref();
  }

  /** @param lost is called once, when it ends unasked @throws StoreError when the store cannot be opened */
  static async start(setup: ThreadSetup, lost: (why: string) => void, entry = ENTRY): Promise<StoreThread> {
    const worker = new Worker(entry, { workerData: setup, name: 'store' });
    await opened(worker);
    return new StoreThread(worker, lost);
  }

  /** Requests are served in the order in which they are made. @throws StoreFailure */
  ask(request: StoreRequest, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.end !== undefined) return Promise.reject(this.end);
    const id = ++this.lastId;
    try {
      this.worker.postMessage({ ...request, id }, [...transfer]);
    } catch (error) {
      return Promise.reject(new StoreFailure({ reason: 'refused', detail: messageOf(error) }));
    }
    if (this.pending.size === 0) this.worker.ref();
    return new Promise((resolve, reject) => this.pending.set(id, { resolve, reject }));
  }

  /** Closes the database after all that was asked before. */
  async close(): Promise<void> {
    const closed = this.ask({ type: 'close' });
    this.end = new StoreFailure({ reason: 'closed', detail: 'the store is closed' });
    await closed.finally(() => this.worker.terminate());
  }

  private hear(message: FromThread): void {
    if (message.type !== 'answer' && message.type !== 'failed') return;
    const pending = this.pending.get(message.id);
    this.pending.delete(message.id);
    if (this.pending.size === 0) this.worker.unref();
    if (message.type === 'answer') pending?.resolve(message.answer);
    else pending?.reject(new StoreFailure(message.failure));
  }

  private die(why: string): void {
    const failure = new StoreFailure({ reason: 'lost', detail: why });
    for (const { reject } of this.pending.values()) reject(failure);
    this.pending.clear();
    if (this.end !== undefined) return;
    this.end = failure;
    this.lost(why);
  }
}

async function opened(worker: Worker): Promise<void> {
  const heard = new AbortController();
  const signal = heard.signal;
  const failed = once(worker, 'error', { signal }).then(([error]) => Promise.reject(error as Error));
  const ended = once(worker, 'exit', { signal }).then(() => Promise.reject(new Error('the thread of the store ended')));
  const message = once(worker, 'message', { signal }).then(([first]) => first as FromThread);
  for (const late of [failed, ended, message]) late.catch(() => {});
  const first = await Promise.race([message, failed, ended]).finally(() => heard.abort());
  if (first.type !== 'unopened') return;
  await worker.terminate();
  throw first.fault === undefined ? new Error(first.message) : new StoreError(first.fault, first.message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
