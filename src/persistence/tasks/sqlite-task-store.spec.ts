import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalStore } from '../../../test/support/local-store.js';
import { type TaskKey } from '../../kernel/ids.js';
import { tokenFrameText } from '../../tasks/frames.js';
import { type EndedRecord, type TaskRecord } from '../../tasks/task-record.js';
import { type HistoryLimits } from '../../tasks/task-store.js';
import { storePath } from '../store/connection-path.js';
import { SqliteAnswerStore, SqliteTaskStore } from './sqlite-task-store.js';

const NOW = 1_700_000_000_000;
const LIMITS: HistoryLimits = { nowMs: NOW, tasksBeforeMs: 0, framesBeforeMs: 0, tasksKept: 100_000 };

let folder: string;
let store: LocalStore;
let tasks: SqliteTaskStore;
let answers: SqliteAnswerStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-task-store-'));
  store = await LocalStore.open(folder);
  tasks = new SqliteTaskStore(store);
  answers = new SqliteAnswerStore(store);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const keyOf = (number: number) => `default/${number}` as TaskKey;
const bytesOf = (...texts: readonly string[]) =>
  new Uint8Array(Buffer.from(texts.map((text, at) => tokenFrameText(at + 1, at, { type: 'token', text })).join('')));

function accept(number: number, prompt = 'Hello'): Promise<void> {
  const request = { prompt: { type: 'text', text: prompt } };
  return tasks.accept({ task: { key: keyOf(number), request } as unknown as TaskRecord, answers: [] }, []);
}

function end(number: number, endedMs: number, ...texts: readonly string[]): Promise<void> {
  const record = { key: keyOf(number), endedMs, tokensOut: texts.length, decodeMs: 1 } as EndedRecord;
  return tasks.end({
    key: keyOf(number),
    record,
    frames: { firstSeq: 1, count: texts.length, bytes: bytesOf(...texts) },
  });
}

async function ended(number: number, endedMs: number, ...texts: readonly string[]): Promise<void> {
  await accept(number);
  await end(number, endedMs, ...texts);
}

/** How many passes it takes until nothing is over. */
async function sweepAll(limits: Partial<HistoryLimits>): Promise<number> {
  let passes = 1;
  while (await tasks.sweep({ ...LIMITS, ...limits })) passes++;
  return passes;
}

/** Files of the folder in which a text stands. */
function filesWith(text: string): readonly string[] {
  return readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(text));
}

describe('the history', () => {
  it('is the newest tasks that ended, oldest first, however many pages they take (ORCH-4106, ORCH-4210)', async () => {
    // Every second one ended in the same moment as the one before it.
    for (let number = 0; number < 1_203; number++) await ended(number, NOW + Math.floor(number / 2), 'x');
    await accept(5_000);
    const keys = async (most: number) => (await tasks.history(most)).map(({ key }) => key);
    const all = Array.from({ length: 1_203 }, (_, number) => keyOf(number));
    expect(await keys(2_000)).toEqual(all);
    expect(await keys(1_203)).toEqual(all);
    expect(await keys(701)).toEqual(all.slice(-701));
    expect(await keys(1)).toEqual(all.slice(-1));
  });

  it('tells what an answer said, from its frames and from what stays of them (ORCH-4203)', async () => {
    await ended(1, NOW - 10, 'the ', 'answer');
    await ended(2, NOW - 10);
    await accept(3);
    expect(await tasks.answerOf(keyOf(1))).toBe('the answer');
    await sweepAll({ framesBeforeMs: NOW });
    expect(await tasks.framesOf(keyOf(1))).toEqual([]);
    expect([await tasks.answerOf(keyOf(1)), await tasks.answerOf(keyOf(2))]).toEqual(['the answer', '']);
    expect([await tasks.answerOf(keyOf(3)), await tasks.answerOf(keyOf(4))]).toEqual([undefined, undefined]);
  });
});

describe('what is over', () => {
  it('goes in passes of so many rows, the answers to calls too (ORCH-4210)', async () => {
    const expired = Array.from({ length: 650 }, (_, at) => ({
      name: `call/${at}`,
      digest: 'd',
      answer: '{}',
      expiresMs: NOW,
    }));
    for (const answer of expired) await answers.remember(answer);
    await answers.remember({ name: 'call/alive', digest: 'd', answer: '{}', expiresMs: NOW + 1 });
    expect(await sweepAll({})).toBe(4);
    expect(await answers.names()).toEqual(['call/alive']);
  });

  it('goes in passes of so many bytes, so that writers wait for a moment only (ORCH-4210)', async () => {
    const long = 'x'.repeat(200_000);
    for (let number = 0; number < 9; number++) await ended(number, NOW - 10, long);
    for (let at = 0; at < 5; at++) await answers.remember({ name: `${at}`, digest: 'd', answer: long, expiresMs: NOW });
    const frames = async () =>
      (await Promise.all(Array.from({ length: 9 }, (_, at) => tasks.framesOf(keyOf(at))))).flat();
    expect(await tasks.sweep({ ...LIMITS, framesBeforeMs: NOW })).toBe(true);
    expect((await frames()).length).toBe(6);
    expect(await sweepAll({ framesBeforeMs: NOW })).toBe(4);
    expect([await frames(), await answers.names()]).toEqual([[], []]);
    expect(await tasks.answerOf(keyOf(8))).toBe(long);
    await ended(20, NOW - 10, long);
    expect(await sweepAll({ tasksBeforeMs: NOW })).toBe(1);
    expect(await tasks.history(10)).toEqual([]);
  });

  it('leaves the newest ended tasks, as many as are kept (ORCH-4106)', async () => {
    for (let number = 0; number < 5; number++) await ended(number, NOW + number, 'x');
    await sweepAll({ tasksKept: 2 });
    expect((await tasks.history(10)).map(({ key }) => key)).toEqual([3, 4].map(keyOf));
  });
});

describe('what a task was asked', () => {
  it.each([
    ['a short', 1],
    ['a long', 4_000],
  ])(
    '%s prompt is in no file any more after the task has ended and a sweep has passed (ORCH-4210)',
    async (_, times) => {
      const secret = 'correct horse battery staple';
      await accept(1, secret.repeat(times));
      expect(filesWith(secret)).toEqual(['store.db-wal']);
      await end(1, NOW, 'x');
      await sweepAll({});
      expect(filesWith(secret)).toEqual([]);
      // Also where the log had been written back before the end came.
      await accept(2, secret.repeat(times));
      await store.read('cutLog');
      expect(filesWith(secret)).toEqual(['store.db']);
      await end(2, NOW, 'x');
      await sweepAll({});
      expect([filesWith(secret), readFileSync(storePath(folder)).includes('default/2')]).toEqual([[], true]);
    },
  );
});
