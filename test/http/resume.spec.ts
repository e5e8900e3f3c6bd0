import { type StreamFrame } from '@llama-orch/client';
import { Events, textOf, terminalOf } from '../support/read-events.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblemBody, expectSchema } from './contract.js';

const SEEDED = { seed: 7, params: { temperature: 0.7 } };

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ pools: [mockPool({}, { slots: 4 })] });
});

/** The bytes of a stream that was cut after `cuts` frames each time and resumed after the last one that came. */
async function readInPieces(url: string, cuts: readonly number[], how: (after: number) => object): Promise<string> {
  let text = '';
  let last: StreamFrame | undefined;
  for (const cut of cuts) {
    const stream = await Events.open(url, last === undefined ? {} : how(last.id));
    for (let count = 0; count < cut; count++) last = (await stream.next()) ?? last;
    stream.close();
    text += bytesUpTo(stream, cut);
  }
  const stream = await Events.open(url, last === undefined ? {} : how(last.id));
  await stream.rest();
  return text + stream.text;
}

/** The first `count` frames as they came. */
function bytesUpTo(stream: Events, count: number): string {
  return stream.text
    .split('\n\n')
    .slice(0, count)
    .map((frame) => `${frame}\n\n`)
    .join('');
}

const byHeader = (after: number) => ({ headers: { 'last-event-id': String(after) } });
const byQuery = (after: number) => ({ query: `after=${after}` });

describe('A stream that is cut and resumed', () => {
  it('gives the same bytes as one that never was, at every cut (ORCH-4202)', async () => {
    const { task_id } = await app.submit(completion('a frog', { ...SEEDED, max_tokens: 8 }));
    const url = `${app.url}/v1/tasks/${task_id}/stream`;
    const whole = await Events.open(url);
    const count = (await whole.rest()).length;
    for (let cut = 1; cut < count; cut++) {
      expect(await readInPieces(url, [cut], byHeader)).toBe(whole.text);
      expect(await readInPieces(url, [cut], byQuery)).toBe(whole.text);
    }
  });

  it('goes on live, however often it is cut, with the output of an uncut run of the same seed (ORCH-4202, ORCH-3045)', async () => {
    const slow = await app.submit(completion('[[mock:token_ms=4]] a frog', { ...SEEDED, max_tokens: 24 }));
    const witness = await app.follow(slow.task_id);
    const pieces = await readInPieces(`${app.url}/v1/tasks/${slow.task_id}/stream`, [1, 2, 3, 5, 1], byHeader);
    await witness.rest();
    expect(pieces).toBe(witness.text);
    const uncut = await app.submit(completion(' a frog', { ...SEEDED, max_tokens: 24 }));
    expect(textOf(witness.all)).toBe(textOf(await app.frames(uncut.task_id)));
  });

  it('takes the cursor of the query before that of the header (ORCH-4202)', async () => {
    const { task_id } = await app.submit(completion('a frog', { max_tokens: 4 }));
    const whole = await app.frames(task_id);
    const frames = await app.frames(task_id, { query: 'after=3', headers: { 'last-event-id': '1' } });
    expect(frames).toEqual(whole.slice(3));
  });

  it('starts behind any frame of a batch that the engine gave at once (ORCH-4202)', async () => {
    const batches = await startTestApp({ pools: [mockPool({ batch_tokens: 5 })] });
    const { task_id } = await batches.submit(completion('a frog', { max_tokens: 12 }));
    const whole = await batches.frames(task_id);
    for (let after = 0; after < whole.length; after++) {
      expect(await batches.frames(task_id, byQuery(after))).toEqual(whole.slice(after));
    }
  });

  it('is over at once behind the terminal frame (ORCH-4202)', async () => {
    const { task_id } = await app.submit(completion());
    const last = (await app.frames(task_id)).at(-1)!.id;
    const stream = await app.follow(task_id, byQuery(last));
    expect([stream.status, await stream.rest(), stream.complete]).toEqual([200, [], true]);
  });
});

describe('Several readers', () => {
  it('all get the same frames, early, late and after the end (ORCH-4206, ORCH-4202)', async () => {
    const { task_id } = await app.submit(completion('[[mock:token_ms=3]]', { max_tokens: 12 }));
    const early = await Promise.all([1, 2, 3].map(() => app.follow(task_id)));
    await early[0]!.until('token');
    const midway = await app.follow(task_id);
    const texts = await Promise.all([...early, midway].map(async (stream) => (await stream.rest(), stream.text)));
    const late = await app.follow(task_id);
    expect(terminalOf(await late.rest()).event).toBe('end');
    expect(new Set([...texts, late.text]).size).toBe(1);
  });
});

describe('A cursor', () => {
  it('above the last frame answers 410 with the whole text so far (ORCH-4203)', async () => {
    const { task_id } = await app.submit(completion('[[mock:stall@5]]'));
    const live = await app.follow(task_id);
    for (let count = 0; count < 5; count++) await live.until('token');
    const stream = await app.follow(task_id, byHeader(999));
    const body = await stream.body();
    expectProblemBody(body, 410);
    const { snapshot } = body as { snapshot: { next_seq: number } };
    expectSchema('StreamSnapshot', snapshot);
    expect(snapshot).toMatchObject({
      task_id,
      state: 'streaming',
      text: textOf(live.all),
      next_seq: 7,
      finish_reason: null,
      error: null,
    });
    const goesOn = await app.follow(task_id, byQuery(snapshot.next_seq - 1));
    await app.cancel(task_id);
    expect((await goesOn.rest()).map(({ id }) => id)).toEqual([7, 8].slice(0, goesOn.all.length));
    expect(terminalOf(await live.rest()).data).toMatchObject({ finish_reason: 'cancelled', tokens_out: 5 });
  });

  it.each(['-1', '1.5', 'abc', '', '99999999999999999999', '0x1', '1e3', ' 1'])(
    '%j is refused with 400 (ORCH-4202)',
    async (cursor) => {
      const { task_id } = await app.submit(completion());
      const refused = await app.follow(task_id, { query: `after=${encodeURIComponent(cursor)}` });
      expect(refused.status).toBe(400);
      const body = await refused.body();
      expectProblemBody(body, 400);
      expect(body).toMatchObject({ code: 'INVALID_PARAMS', errors: [{ pointer: '/after' }] });
    },
  );

  it('sent twice, or as a header that is no number, is refused with 400 (ORCH-4202)', async () => {
    const { task_id } = await app.submit(completion());
    expect((await app.follow(task_id, { query: 'after=1&after=2' })).status).toBe(400);
    expect((await app.follow(task_id, { headers: { 'last-event-id': 'x' } })).status).toBe(400);
  });
});

describe('A log longer than its ring', () => {
  let small: TestApp;
  beforeAll(async () => {
    small = await startTestApp({ stream: { ring_bytes: 1024 }, pools: [mockPool({ tokens: 10_000, emoji: true })] });
  });

  /** A task with all its frames: its reader is there before its first token. */
  async function witnessed(): Promise<{ readonly task_id: string; readonly frames: StreamFrame[] }> {
    const holder = await small.submit(completion('[[mock:stall@0]]'));
    const { task_id } = await small.submit(completion('[[mock:token_ms=1]] x', { max_tokens: 100 }));
    const witness = await small.follow(task_id);
    await small.cancel(holder.task_id);
    return { task_id, frames: await witness.rest() };
  }

  it('answers 410 with a snapshot of the whole text, and goes on from there (ORCH-4203)', async () => {
    const { task_id, frames } = await witnessed();
    const stream = await small.follow(task_id);
    expect(stream.status).toBe(410);
    const body = await stream.body<{ snapshot: { text: string; next_seq: number } }>();
    expectSchema('StreamSnapshot', body.snapshot);
    expect(body.snapshot).toMatchObject({
      state: 'completed',
      text: textOf(frames),
      finish_reason: 'length',
      next_seq: frames.length + 1,
    });
    expect((await small.follow(task_id, byQuery(body.snapshot.next_seq - 1))).status).toBe(200);
  });

  it('still resumes near its end (ORCH-4202)', async () => {
    const { task_id, frames } = await witnessed();
    const after = frames.length - 5;
    expect(await small.frames(task_id, byQuery(after))).toEqual(frames.slice(after));
  });
});
