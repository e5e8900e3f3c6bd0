import { type Clock } from '../kernel/clock.js';
import { asEngineError } from './failure.js';

export type SelfTestName = 'preload' | 'decode' | 'cancel' | 'telemetry';

/** How one test of a start went. */
export interface SelfTestResult {
  readonly test: SelfTestName;
  readonly result: 'ok' | 'failed';
  readonly took_ms: number;
  /** Why it failed. */
  readonly message?: string;
}

/** What a start of an engine has to show before it is Ready, in this order: the first failure ends it. */
export class SelfTests {
  private readonly done: SelfTestResult[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly onResult: (result: SelfTestResult) => void,
  ) {}

  get results(): readonly SelfTestResult[] {
    return this.done;
  }

  /** The test that failed; undefined while none has. */
  get failed(): SelfTestName | undefined {
    return this.done.find(({ result }) => result === 'failed')?.test;
  }

  /** Answers what the test found. @throws what made it fail */
  async run<Value>(test: SelfTestName, check: () => Promise<Value>): Promise<Value> {
    const began = this.clock.now();
    const settle = (outcome: Pick<SelfTestResult, 'result' | 'message'>) => {
      const result = { test, took_ms: Math.round(this.clock.now() - began), ...outcome };
      this.done.push(result);
      this.onResult(result);
    };
    try {
      const value = await check();
      settle({ result: 'ok' });
      return value;
    } catch (error) {
      settle({ result: 'failed', message: asEngineError(error).message });
      throw error;
    }
  }
}
