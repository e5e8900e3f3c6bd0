import { requestEvent } from '../../test/policy/events.js';
import { type LineBlock } from '../audit/log-files.js';
import { recordLine } from '../audit/record-check.js';
import { type DecisionSource, ExportedDecisions, LoggedDecisions } from './decisions.js';

const POLICY = {
  ...{ kind: 'policy', hook: 'on_request', event: requestEvent(), decision: 'allow', hint: null, by: null },
  ...{ outcomes: [], not_replayable: null },
};
const ROW = {
  ...{ actor: 'a', action: 'tool.request', target: 'h', decision: 'allow', ts_ms: 1, code: null, reason: null },
  ...{ plugin: null, url: null },
};

function row(seq: number, record: string | null): string {
  return JSON.stringify({ ...ROW, decision_id: `d-${seq}`, record, seq });
}

async function* blockOf(lines: readonly string[]): AsyncGenerator<LineBlock> {
  yield await Promise.resolve({ lines: lines.map((line) => Buffer.from(line)) });
}

const ROWS = [row(1, null), row(2, 'a'), row(3, 'b'), row(4, 'c')];
const RECORDS = [2, 3, 4].map((seq) => recordLine(seq, JSON.stringify({ ...POLICY, counters: { seq } })));

const exported = new ExportedDecisions(() => blockOf(ROWS.flatMap((line, at) => [line, ...RECORDS.slice(at - 1, at)])));

function logged(records: readonly string[]): LoggedDecisions {
  const segment = { firstSeq: 1, name: 'rows', recordsName: 'records' };
  const files = { rows: () => blockOf(ROWS), records: () => blockOf(records) };
  return new LoggedDecisions(() => ({ head: undefined, cut: undefined, segments: [{ ...segment, ...files }] }));
}

async function read(source: DecisionSource): Promise<(readonly [number, unknown])[]> {
  const found: (readonly [number, unknown])[] = [];
  for await (const { row, record } of source.rows()) found.push([row.seq, record?.counters['seq']]);
  return found;
}

describe.each<readonly [string, DecisionSource]>([
  ['an export', exported],
  ['a data folder', logged(RECORDS)],
])('Decisions of %s', (_what, source) => {
  it('are rows with their records, oldest first (ORCH-4704)', async () => {
    await expect(read(source)).resolves.toEqual([
      [1, undefined],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
  });

  it('are the newest ones where so many are asked for (ORCH-4704)', async () => {
    const seqs: number[] = [];
    for await (const one of source.newest(2)) seqs.push(one.row.seq);
    expect(seqs).toEqual([3, 4]);
  });

  it.each(['3', 'd-3'])('are found by %s (OC-POLICY-4020)', async (name) => {
    expect((await source.find(name)).map(({ row }) => row.seq)).toEqual([3]);
    await expect(source.find('none')).resolves.toEqual([]);
  });
});

it('a record that is missing costs its own row alone (ORCH-4704)', async () => {
  const [first = '', , third = ''] = RECORDS;
  await expect(read(logged([first, third]))).resolves.toEqual([
    [1, undefined],
    [2, 2],
    [3, undefined],
    [4, 4],
  ]);
});
