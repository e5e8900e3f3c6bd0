import { requestEvent } from '../../../../test/policy/events.js';
import { doing, policyOf } from '../../../../test/policy/modules.js';
import { SystemClock } from '../../../kernel/clock.js';
import { type PolicyLimits } from '../../limits.js';
import { prepareModule } from '../../module/prepare.js';
import { engineOf } from '../engine/engines.js';
import { NO_RULES } from '../host/findings.js';
import { ask } from '../run-chain.js';
import { Subject, textOfEvent } from '../subject.js';
import { PolicyInstance } from './policy-instance.js';
import { warmUp } from './warm-up.js';

const clock = new SystemClock();
const terms = { rules: NO_RULES, clock };
const chain = { hook: 'on_request', counters: {}, unavailable: [], onTurn: () => undefined, ...terms } as const;

/** A policy that was warmed up, and how often its engine was asked meanwhile. */
async function warmed(bytes: Uint8Array, limits: Partial<PolicyLimits> = {}, mostMs?: number) {
  const prepared = prepareModule(bytes, limits);
  const instance = await PolicyInstance.open(prepared, await engineOf('plain'));
  const hooks: string[] = [];
  const call = instance.call.bind(instance);
  instance.call = (name, ...rest) => (hooks.push(name), call(name, ...rest));
  await warmUp(instance, prepared, { ...terms, ...(mostMs !== undefined && { mostMs }) });
  const seat = { id: 'a', mayModify: true, mode: 'enforce', instance, config: {}, configText: '{}' } as const;
  const asked = [...hooks];
  const decide = () =>
    ask(
      { ...seat, eventBytes: prepared.limits.eventBytes },
      new Subject(textOfEvent(requestEvent()), new Map()),
      chain,
    );
  return { asked, decide };
}

/** Answers with the number of calls that its memory and its global know of, this one included. */
const COUNTS = {
  body: `
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store8 (i32.const 16) (i32.add (i32.load8_u (i32.const 16)) (i32.const 1)))
    (drop (memory.grow (i32.const 1)))
    (if (i32.and (i32.eq (global.get $calls) (i32.const 1)) (i32.eq (i32.load8_u (i32.const 16)) (i32.const 1)))
      (then (call $answer %first)) (else (call $answer %later)))`,
  more: '(global $calls (mut i32) (i32.const 0))',
  texts: { first: '{"decision":"allow","code":"FIRST"}', later: '{"decision":"allow","code":"LATER"}' },
};
const golden = {
  name: 'a call',
  hook: 'on_request',
  event: requestEvent(),
  config: {},
  expect: { decision: 'allow' },
} as const;

describe('A policy that is warmed up', () => {
  it('is asked its own tests again and again, and knows nothing of them afterwards (OC-POLICY-4010)', async () => {
    const { asked, decide } = await warmed(
      await policyOf({ ...COUNTS, manifest: { tests: [golden, golden] } }),
      {},
      300,
    );
    expect(new Set(asked)).toEqual(new Set(['on_request']));
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.length).toBeLessThanOrEqual(41);
    expect((await decide()).answer.decision?.code).toBe('FIRST');
  });

  it('is asked about made-up events where it has no tests, at each of its hooks', async () => {
    const hooks = ['on_request', 'on_response', 'on_admission'] as const;
    const { asked } = await warmed(await policyOf({ ...COUNTS, manifest: { hooks } }));
    expect(asked.slice(0, 3)).toEqual(hooks);
  });

  it('takes the same fuel as one that was not', async () => {
    const bytes = await policyOf(COUNTS);
    const [cold, warm] = [await warmed(bytes, {}, 0), await warmed(bytes)];
    expect(cold.asked).toEqual([]);
    expect((await warm.decide()).answer.fuel).toBe((await cold.decide()).answer.fuel);
  });

  it('gets no more than the fuel of the start, and is left alone when it fails', async () => {
    const bytes = await doing('(loop $again (br $again))');
    const { asked, decide } = await warmed(bytes, { fuel: 1e15, startFuel: 1_000_000 });
    expect(asked).toEqual(['on_request']);
    expect(decide).toBeDefined();
  });
});
