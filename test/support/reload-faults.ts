import { EngineError } from '@llama-orch/plugin-sdk';
import { Crew } from '../../src/pools/crew.js';
import { type Journey } from '../../src/pools/reload/journey.js';
import { type StepName } from '../../src/pools/reload/reload.js';
import { ReloadSteps } from '../../src/pools/reload/steps.js';

export type Moment = 'before' | 'after';

type Step = (this: ReloadSteps, journey: Journey) => Promise<void>;

const steps = ReloadSteps.prototype;
/** What was replaced, so that it can be put back. */
const replaced = new Map<object, Map<string, unknown>>();

function replace(target: object, name: string, value: unknown): void {
  const known = replaced.get(target) ?? new Map<string, unknown>();
  replaced.set(target, known);
  if (!known.has(name)) known.set(name, Reflect.get(target, name));
  Reflect.set(target, name, value);
}

function stepOf(name: StepName): Step {
  return Object.getOwnPropertyDescriptor(steps, name)!.value as Step;
}

/** Breaks one step of every reload, before or after it has done its work. */
export function breakStep(step: StepName, moment: Moment, failure: Error = fault(step)): void {
  const before = stepOf(step);
  const broken: Step = async function (journey) {
    if (moment === 'after') await before.call(this, journey);
    throw failure;
  };
  replace(steps, step, broken);
}

/** Has every reload wait at one step, before it does its work, until the answer is called. */
export function holdStep(step: StepName): () => void {
  const before = stepOf(step);
  const { promise, resolve } = Promise.withResolvers<void>();
  const held: Step = async function (journey) {
    await promise;
    await before.call(this, journey);
  };
  replace(steps, step, held);
  return resolve;
}

/** Says of the first start that the memory holds only one model. */
export function shortOfMemoryOnce(): void {
  const before = stepOf('start');
  let isFirst = true;
  const start: Step = async function (journey) {
    if (!isFirst) return before.call(this, journey);
    isFirst = false;
    throw new EngineError('out-of-memory', 'no room', { reason: 'no_vram', memory: 'vram' });
  };
  replace(steps, 'start', start);
}

/** Has engines that were ended to make room stay away. */
export function breakRestore(): void {
  replace(Crew.prototype, 'restore', () => Promise.resolve(false));
}

/** To be called after each test. */
export function mendReloads(): void {
  for (const [target, members] of replaced) for (const [name, value] of members) Reflect.set(target, name, value);
  replaced.clear();
}

function fault(step: StepName): EngineError {
  return new EngineError('internal', `a fault at ${step}`, { reason: 'injected' });
}
