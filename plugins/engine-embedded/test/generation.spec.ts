import { EngineError, type EngineEvent } from '@llama-orch/plugin-sdk';

import { Generation, type GenerationPort } from '../src/generation.js';
import { requestFor, text } from './support/replica.js';

/** A connection that only writes down what it is asked. */
class Notes implements GenerationPort {
  readonly asked: string[] = [];
  start = () => void this.asked.push('start');
  cancel = () => void this.asked.push('cancel');
  pause = () => void this.asked.push('pause');
  resume = () => void this.asked.push('resume');
}

const token = (text: string): EngineEvent => ({ type: 'token', text, tokens: 1 });
const end: EngineEvent = {
  type: 'end',
  finish: 'stop',
  engineFinish: 'eogToken',
  usage: { promptTokens: 1, completionTokens: 1, exact: true },
};

function begin() {
  const notes = new Notes();
  const abort = new AbortController();
  const generation = new Generation(1, requestFor(text('a')), abort.signal, notes);
  return { notes, abort, generation };
}

describe('the events of one request', () => {
  it('ask for nothing before the first pull', () => {
    expect(begin().notes.asked).toEqual([]);
  });

  it('come in one batch when they arrived together, and the end is the last', async () => {
    const { generation } = begin();
    const first = generation.next();
    [token('a'), token('b'), end].forEach((event) => generation.push(event));
    expect((await first).value).toEqual([token('a'), token('b'), end]);
    expect((await generation.next()).done).toBe(true);
  });

  it('pause the runner when the consumer lags behind, and let it go on afterwards', async () => {
    const { generation, notes } = begin();
    const first = generation.next();
    generation.push(token('a'));
    await first;
    for (let index = 0; index < 80; index += 1) generation.push(token('x'.repeat(1_024)));
    expect(notes.asked).toEqual(['start', 'pause']);
    expect((await generation.next()).value).toHaveLength(80);
    expect(notes.asked).toEqual(['start', 'pause', 'resume']);
  });

  it('stop at the abort, even those that were already here, and wait until the slot is free (ORCH-3026)', async () => {
    const { generation, abort, notes } = begin();
    const first = generation.next();
    generation.push(token('a'));
    await first;
    generation.push(token('late'));
    abort.abort();
    let settled = false;
    const last = generation.next().finally(() => (settled = true));
    generation.push(token('later'));
    await Promise.resolve();
    expect(settled).toBe(false);
    generation.release({ type: 'end' });
    expect(await last).toEqual({ done: true, value: undefined });
    expect(notes.asked).toEqual(['start', 'cancel']);
  });

  it('are dropped when the abort comes between the end and its delivery', async () => {
    const { generation, abort } = begin();
    const first = generation.next();
    generation.push(token('a'));
    await first;
    generation.push(end);
    abort.abort();
    expect((await generation.next()).done).toBe(true);
  });

  it('give the slot back when the end was on its way as the abort came (ORCH-3026)', async () => {
    const { generation, abort } = begin();
    const first = generation.next();
    generation.push(token('a'));
    await first;
    const last = generation.next();
    abort.abort();
    generation.push(end);
    const tooLate = new Promise((resolve) => setImmediate(() => resolve('kept')));
    expect(await Promise.race([last, tooLate])).toEqual({ done: true, value: undefined });
  });

  it('end in one throw, after which nothing follows', async () => {
    const { generation } = begin();
    const first = generation.next();
    const error = new EngineError('reset', 'gone');
    generation.release({ type: 'error', error });
    await expect(first).rejects.toBe(error);
    expect((await generation.next()).done).toBe(true);
  });
});
