import { Contract } from './support/openapi.js';

const validate = new Contract('data').schema('CreateTask');
const COMPLETION = { workload: 'completion', model_ref: 'qwen', priority: 'interactive', prompt: 'hi', max_tokens: 8 };

function pointersOf(body: unknown): string[] {
  validate(body);
  return (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if').map(({ instancePath }) => instancePath);
}

function without(member: keyof typeof COMPLETION): object {
  return Object.fromEntries(Object.entries(COMPLETION).filter(([name]) => name !== member));
}

describe('The body of a task', () => {
  it.each([
    ['a completion of a prompt', COMPLETION],
    ['a completion of messages', { ...without('prompt'), messages: [{ role: 'user', content: 'hi' }] }],
    ['an embedding', { workload: 'embedding', model_ref: 'm', priority: 'batch', inputs: ['a'] }],
    ['a rerank', { workload: 'rerank', model_ref: 'm', priority: 'batch', prompt: 'q', inputs: ['a'] }],
    ['the largest seed, as digits', { ...COMPLETION, seed: '9223372036854775807' }],
    ['a deadline that admission will refuse', { ...COMPLETION, deadline_ms: 0 }],
    ['a task id in upper case', { ...COMPLETION, task_id: '0198F1D2-7C3A-7B21-8F3E-5A0D1C2B3E4F' }],
  ])('may be %s (ORCH-2001, FR-DP-001)', (_title, body) => {
    expect(pointersOf(body)).toEqual([]);
  });

  it.each([
    ['no prompt and no messages', without('prompt'), ''],
    ['no max_tokens', without('max_tokens'), ''],
    ['prompt and messages', { ...COMPLETION, messages: [{ role: 'user', content: 'hi' }] }, '/messages'],
    ['inputs of a completion', { ...COMPLETION, inputs: ['a'] }, '/inputs'],
    ['a prompt of an embedding', { ...COMPLETION, workload: 'embedding', inputs: ['a'] }, '/prompt'],
    ['messages of a rerank', { ...COMPLETION, workload: 'rerank', inputs: ['a'], messages: [{}] }, '/messages'],
    ['a rerank without documents', { ...COMPLETION, workload: 'rerank' }, ''],
  ])('is refused with %s (ORCH-4112)', (_title, body, pointer) => {
    expect(pointersOf(body)).toContain(pointer);
  });

  it.each([
    ['an unknown workload', { ...COMPLETION, workload: 'poem' }, '/workload'],
    ['max_tokens 0', { ...COMPLETION, max_tokens: 0 }, '/max_tokens'],
    ['max_tokens over the limit', { ...COMPLETION, max_tokens: 50_001 }, '/max_tokens'],
    ['a negative ctx', { ...COMPLETION, ctx: -1 }, '/ctx'],
    ['a negative seed', { ...COMPLETION, seed: -1 }, '/seed'],
    ['a seed with a fraction', { ...COMPLETION, seed: 1.5 }, '/seed'],
    ['a seed that is no number', { ...COMPLETION, seed: '12x' }, '/seed'],
    ['a deadline over a day', { ...COMPLETION, deadline_ms: 86_400_001 }, '/deadline_ms'],
    ['top_p 0', { ...COMPLETION, params: { top_p: 0 } }, '/params/top_p'],
    ['nine stops', { ...COMPLETION, params: { stop: Array<string>(9).fill('x') } }, '/params/stop'],
    ['an empty list of inputs', { ...COMPLETION, workload: 'embedding', inputs: [] }, '/inputs'],
    ['a foreign role', { ...without('prompt'), messages: [{ role: 'judge', content: '' }] }, '/messages/0/role'],
  ])('is refused with %s, and the place is named (ORCH-2001, ORCH-4104)', (_title, body, pointer) => {
    expect(pointersOf(body)).toContain(pointer);
  });

  it('is refused with an unknown member at any depth (ORCH-4107, ORCH-3030)', () => {
    expect(validate({ ...COMPLETION, colour: 'red' })).toBe(false);
    expect(validate({ ...COMPLETION, params: { heat: 1 } })).toBe(false);
    expect(validate({ ...without('prompt'), messages: [{ role: 'user', content: '', name: 'x' }] })).toBe(false);
  });
});
