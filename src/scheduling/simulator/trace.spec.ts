import { oneFleet, spec } from '../../../test/support/simulator-rig.js';
import { ConfigError } from '../../config/index.js';
import { readTrace } from './trace.js';

const line = (members: object) =>
  JSON.stringify({ arrival_ms: 0, prompt_tokens: 10, output_tokens: 20, max_tokens: 30, ...members });
const read = (text: string, fleet = oneFleet()) => readTrace('t.jsonl', text, fleet);

function problemsOf(text: string, fleet = oneFleet()): readonly string[] {
  try {
    read(text, fleet);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ position, message }) => `${position?.line}: ${message}`);
    throw error;
  }
  throw new Error('the trace was accepted');
}

it('reads JSON lines in any order, with defaults (ORCH-4955)', () => {
  const text = [
    line({ arrival_ms: 9, priority: 'batch', tenant: 'a', session: 's', deadline_ms: 5 }),
    '',
    line({}),
  ].join('\r\n');
  const trace = read(text);
  expect(trace.count).toBe(2);
  const plain = { promptTokens: 10, outputTokens: 20, maxTokens: 30, retries: 2 };
  expect([...trace.tasks()]).toEqual([
    spec(plain),
    spec({ ...plain, arrivalMs: 9, priority: 'batch', tenant: 'a', session: 's', deadlineMs: 5 }),
  ]);
});

it('reads CSV with a head line; an empty cell is an absent member (ORCH-4955)', () => {
  const text =
    'arrival_ms,prompt_tokens,output_tokens,max_tokens,tenant,deadline_ms\n1.5,10,20,30,"a, ""b""",\n2,10,20,30,1,99\n';
  const [first, second] = [...read(text).tasks()];
  expect(first).toMatchObject({ arrivalMs: 1.5, tenant: 'a, "b"', deadlineMs: undefined });
  expect(second).toMatchObject({ tenant: '1', deadlineMs: 99 });
});

it.each([
  ['no JSON', `${line({})}\n{oops`, ['2: not valid JSON']],
  ['an unknown member', line({ colour: 'red' }), ['1: unknown member "colour"']],
  ['more output than max_tokens', line({ output_tokens: 31 }), ['1: output_tokens: must be at most max_tokens']],
  [
    'a word for a number',
    `arrival_ms,prompt_tokens\nx,1`,
    [expect.stringMatching(/^2: arrival_ms: .*number/), expect.any(String), expect.any(String)],
  ],
  ['an unknown column', 'arrival_ms,colour\n', ['1: unknown column "colour"']],
  ['nothing', '\n', ['undefined: holds no task']],
])('says where there is %s (ORCH-4802)', (_what, text, problems) => {
  expect(problemsOf(text)).toEqual(problems);
});

it('stops at ten problems (ORCH-4802)', () => {
  expect(problemsOf('{\n'.repeat(50))).toHaveLength(10);
});

it('refuses a model that no pool serves, unless a pool serves every one (ORCH-4802)', () => {
  expect(problemsOf(line({ model: 'b' }), oneFleet({}, { model: 'a' }))).toEqual([
    '1: no pool of the fleet serves model "b"',
  ]);
  expect(read(line({ model: 'b' })).count).toBe(1);
});
