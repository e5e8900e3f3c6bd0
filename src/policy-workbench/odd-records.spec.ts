import fc from 'fast-check';
import { requestEvent, responseEvent, admissionEvent } from '../../test/policy/events.js';
import { type LineBlock } from '../audit/log-files.js';
import { recordLine } from '../audit/record-check.js';
import { ExportedDecisions, ModuleStore } from './decisions.js';
import { explain } from './explanation.js';
import { replay, suggest } from './records-jobs.js';
import { suggestionFor } from './suggestion.js';
import { UserInputError } from './user-input-error.js';

class NoModules extends ModuleStore {
  override read(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

const outcome = {
  ...{ policy: 'acme', version: '1.0.0', digest: `sha256:${'0'.repeat(64)}`, counts: true, onError: 'deny', fuel: 7 },
  ...{ hostResults: [], config: { hosts: ['*.example.com'] }, decision: { decision: 'deny', code: 'NO' }, error: null },
};
const recordFor = (event: object) => ({
  ...{ kind: 'policy', hook: 'on_request', event, counters: {}, decision: 'deny', code: 'NO', reason: 'r', hint: 'h' },
  ...{ by: 'acme', outcomes: [outcome], not_replayable: null },
});
const row = {
  ...{ actor: 'a', ts_ms: 1_700_000_000_000, seq: 1, tenant: 't', action: 'tool.request', target: 'h', record: 'x' },
  ...{ decision: 'allow', plugin: 'acme', version: '1', digest: null, code: 'NO', reason: 'r', url: 'http://h/' },
  ...{ decision_id: 'd-1' },
};

function archiveOf(lines: readonly string[]) {
  async function* blocks(): AsyncGenerator<LineBlock> {
    yield await Promise.resolve({ lines: lines.map((line) => Buffer.from(line)) });
  }
  return { decisions: new ExportedDecisions(blocks), modules: new NoModules() };
}

/** A document with one of its values, wherever it is, put in another's place. */
function oddly(document: object): fc.Arbitrary<unknown> {
  const places: (readonly string[])[] = [];
  const walk = (value: unknown, path: readonly string[]): void => {
    places.push(path);
    if (typeof value === 'object' && value !== null)
      for (const [name, inside] of Object.entries(value)) walk(inside, [...path, name]);
  };
  walk(document, []);
  return fc.tuple(fc.constantFrom(...places), ODD).map(([path, odd]) => put(document, path, odd));
}

function put(value: unknown, [name, ...rest]: readonly string[], odd: unknown): unknown {
  if (name === undefined) return odd;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
  copy[name] = put(copy[name], rest, odd);
  return copy;
}

const ODD = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, -1, 1e300, '', '*', '__proto__', 'a\u001b[2J\r\nb', [], {}, [[]], true),
  fc.jsonValue({ maxDepth: 2 }),
);
const EVENTS = [requestEvent(), responseEvent(), admissionEvent()];

describe('what is made of records', () => {
  it('is an answer or a sentence, whatever stands in them, and steers no terminal (OC-POLICY-4032)', async () => {
    const oddRecord = fc.constantFrom(...EVENTS).chain((event) => oddly(recordFor(event)));
    await fc.assert(
      fc.asyncProperty(oddRecord, fc.option(oddly(row), { nil: row }), async (record, odd) => {
        const lines = [JSON.stringify(odd) ?? 'null', recordLine(1, JSON.stringify(record) ?? 'null')];
        for (const job of [
          () => explain({ decision: 'd-1' }, archiveOf(lines)),
          () => suggest({ sinceMs: undefined }, archiveOf(lines)),
          () => replay({ decision: undefined, limit: undefined }, archiveOf(lines)),
        ]) {
          const done = await job().catch((error: unknown) => error);
          if (done instanceof Error) expect(done).toBeInstanceOf(UserInputError);
          else expect((done as { text: string }).text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('is a sentence where lines are no rows', async () => {
    for (const line of ['', 'x', 'null', '[]', '{}', JSON.stringify({ ...row, ts_ms: 1e20 })])
      await expect(suggest({ sinceMs: undefined }, archiveOf([line]))).rejects.toThrow('no row of the audit');
  });

  it('is no wider than what was called, although names can look like patterns (OC-POLICY-4002)', () => {
    const { url } = requestEvent().request;
    const called = (host: string) => requestEvent({ url: { ...url, host } });
    const suggestion = suggestionFor(['*.github.io', 'a.example', '*', '2001:db8::1'].map(called));
    expect(suggestion).toMatchObject({ calls: 2, left_out: 2, allow_hosts: { hosts: ['2001:db8::1', 'a.example'] } });
  });

  it('is made of as many calls as there are', () => {
    const many = Array.from({ length: 200_000 }, () => requestEvent());
    expect(suggestionFor(many).calls).toBe(200_000);
  });
});
