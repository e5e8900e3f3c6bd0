import { mockEngine, request, run } from './support.js';

describe('faults of the mock engine', () => {
  it.each([
    { fault: { kind: 'error', code: 'timeout' }, code: 'timeout', reason: 'injected' },
    { fault: { kind: 'error' }, code: 'internal', reason: 'injected' },
    { fault: { kind: 'reset' }, code: 'reset', reason: 'stream_truncated' },
    { fault: { kind: 'out-of-memory' }, code: 'out-of-memory', reason: 'alloc' },
    { fault: { kind: 'die' }, code: 'reset', reason: 'engine_crashed' },
  ])('strike with $code for $fault after the tokens before (ORCH-3058)', async ({ fault, code, reason }) => {
    const connection = await mockEngine({ fail: [{ ...fault, at_token: 3 }] })();
    const { tokens, end, error } = await run(connection, request('hello'));
    expect(tokens).toHaveLength(3);
    expect(end).toBeUndefined();
    expect(error).toMatchObject({ name: 'EngineError', code, reason });
    expect(connection.busySlots).toBe(0);
  });

  it('strike between the last token and the end, too (ORCH-3058)', async () => {
    const connection = await mockEngine({ tokens: 4, fail: [{ kind: 'reset', at_token: 4 }] })();
    const { tokens, end, error } = await run(connection, request('hello'));
    expect([tokens.length, end, error?.code]).toEqual([4, undefined, 'reset']);
  });

  it('strike at their token although a read would bring more (ORCH-3058)', async () => {
    const connection = await mockEngine({ batch_tokens: 8, fail: [{ kind: 'reset', at_token: 2 }] })();
    expect((await run(connection, request('hello'))).tokens).toHaveLength(2);
  });

  it('strike as often as `times` says (ORCH-3058)', async () => {
    const connection = await mockEngine({ fail: [{ kind: 'reset', times: 2 }] })();
    const codes = [];
    for (let runs = 0; runs < 4; runs++) codes.push((await run(connection, request('hello'))).error?.code);
    expect(codes).toEqual(['reset', 'reset', undefined, undefined]);
  });

  it('stall until the task is aborted, then return without a word (ORCH-3058)', async () => {
    const connection = await mockEngine({ fail: [{ kind: 'stall', at_token: 1 }] })();
    const abort = new AbortController();
    const stream = connection.generate(request('hello'), abort.signal);
    expect((await stream.next()).value).toHaveLength(1);
    const pending = stream.next();
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    expect(await pending).toEqual({ done: true, value: undefined });
  });

  it('kill the replica with all that runs on it, and no other replica (ORCH-3058)', async () => {
    const connect = mockEngine({
      fail: [
        { kind: 'stall', times: 1 },
        { kind: 'die', at_token: 2, times: 1 },
      ],
    });
    const [connection, other] = [await connect(), await connect()];
    const stalled = run(connection, request('first'));
    const dying = run(connection, request('second'));
    expect((await dying).error?.reason).toBe('engine_crashed');
    expect((await stalled).error?.reason).toBe('engine_crashed');
    expect(await connection.lost).toMatchObject({ code: 'reset' });
    expect(await connection.health()).toMatchObject({ state: 'failed' });
    expect((await run(other, request('third'))).error).toBeUndefined();
  });

  it('keep as many replicas from becoming ready as `times` says (ORCH-3058)', async () => {
    const connect = mockEngine({ fail: [{ kind: 'never-ready', times: 1 }] });
    const [first, second] = [await connect(), await connect()];
    expect([(await first.health()).state, (await second.health()).state]).toEqual(['loading', 'ready']);
  });

  it('strike embeddings at token 0 (ORCH-3058)', async () => {
    const connection = await mockEngine({ fail: [{ kind: 'out-of-memory' }] })();
    const call = connection.embed({ taskId: 'task', inputs: ['hello'] }, new AbortController().signal);
    await expect(call).rejects.toMatchObject({ code: 'out-of-memory', memory: 'vram' });
  });
});

describe('controls in a prompt of the mock engine', () => {
  it('ask for a fault of this task alone (ORCH-3058)', async () => {
    const connection = await mockEngine()();
    const { tokens, error } = await run(connection, request('[[mock:error@2=adapter]] hello'));
    expect([tokens.length, error?.code]).toEqual([2, 'adapter']);
    expect((await run(connection, request('hello'))).error).toBeUndefined();
  });

  it('ask for a fault that strikes a task once, also when the task comes again (ORCH-3058)', async () => {
    const connection = await mockEngine()();
    const attempts = ['one', 'one', 'two'].map((taskId) => request('[[mock:reset@0x1]] hello', { taskId }));
    const codes = [];
    for (const attempt of attempts) codes.push((await run(connection, attempt)).error?.code);
    expect(codes).toEqual(['reset', undefined, 'reset']);
  });

  it('may stand in the newest message of a chat and leave the answer as it is (ORCH-3058)', async () => {
    const connection = await mockEngine()();
    const chat = (content: string) => request({ type: 'chat', messages: [{ role: 'user', content }] });
    const plain = await run(connection, chat(' hello'));
    const struck = await run(connection, chat('[[mock:reset@3]] hello'));
    expect(struck.error?.code).toBe('reset');
    expect(struck.tokens).toEqual(plain.tokens.slice(0, 3));
  });

  it('set length and emoji, several at a time, and count as no tokens (ORCH-3058)', async () => {
    const connection = await mockEngine()();
    const asked = request('[[mock:tokens=30]][[mock:emoji]] two words', { maxTokens: 64 });
    const { tokens, end } = await run(connection, asked);
    expect(tokens).toHaveLength(30);
    expect(tokens.join('')).toMatch(/[^\p{ASCII}]/u);
    expect(end?.usage.promptTokens).toBe(2);
    expect(await connection.countTokens(asked.prompt)).toBe(2);
  });

  it.each(['nonsense', 'never-ready@0', 'stall@x', 'error@1=teapot', 'stall@1=internal', 'tokens=-1'])(
    'are refused when they mean nothing: %s (ORCH-3058)',
    async (control) => {
      const { error } = await run(await mockEngine()(), request(`[[mock:${control}]] hello`));
      expect(error).toMatchObject({ code: 'invalid-input', reason: 'not_supported' });
    },
  );
});
