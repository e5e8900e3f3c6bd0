import { setTimeout as pause } from 'node:timers/promises';
import { cpuMs } from '../../src/conformance/charged-time.js';
import { EngineError, type GenerateRequest } from '../../src/index.js';
import { type SoundAnswer, SoundWire } from './sound-wire.js';
import { type SoundWireClass } from './sound-wire-fixture.js';

export interface WireMutant {
  readonly wrong: string;
  readonly caughtBy: string;
  readonly Connection: SoundWireClass;
}

type AnswerClass = new (...parts: ConstructorParameters<typeof SoundAnswer>) => SoundAnswer;

/** Goes wrong within one answer. */
export function answers(wrong: string, caughtBy: string, Answer: AnswerClass): WireMutant {
  class Connection extends SoundWire {
    protected override answer(request: GenerateRequest, signal: AbortSignal): SoundAnswer {
      return new Answer(this, request, signal);
    }
  }
  return { wrong, caughtBy, Connection };
}

export function connects(wrong: string, caughtBy: string, Connection: SoundWireClass): WireMutant {
  return { wrong, caughtBy, Connection };
}

/** An error that a mutant throws. */
export const failing = (code: ConstructorParameters<typeof EngineError>[0], message: string, reason = 'mutant') =>
  new EngineError(code, message, { reason });

const STEP_MS = 5;

/** Acts late, in steps: on a slow machine as much later as the checks count slower. */
export async function after(ms: number, act: () => void): Promise<void> {
  for (let spentMs = 0; spentMs < ms; spentMs += STEP_MS) await pause(STEP_MS);
  act();
}

/** Keeps the event loop at work: on a machine that gives little processor time, for longer. */
export function holdLoop(ms: number): void {
  const [wallMs, workMs] = [performance.now() + ms, cpuMs() + ms];
  while (performance.now() < wallMs || cpuMs() < workMs);
}
