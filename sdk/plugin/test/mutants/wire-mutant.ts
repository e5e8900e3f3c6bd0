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
