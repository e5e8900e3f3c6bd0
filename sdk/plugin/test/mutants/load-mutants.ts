import {
  type EngineEvent,
  type EngineGauges,
  type EngineHealth,
  type GenerateRequest,
  type SlotTokens,
} from '../../src/index.js';
import { engine, type EngineMutant, misdescribe } from './engine-mutants.js';
import { SoundEngine } from './sound-engine.js';

type Batches = AsyncGenerator<readonly EngineEvent[]>;

class HurriesForSlowReaders extends SoundEngine {
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    let yieldedAt = 0;
    for await (const batch of super.generate(request, signal)) {
      const isSlow = yieldedAt > 0 && performance.now() - yieldedAt > 1.5;
      yieldedAt = performance.now();
      if (!isSlow || batch[0]?.type === 'end') yield batch;
    }
  }
}
class SurvivesACrash extends SoundEngine {
  override async health(): Promise<EngineHealth> {
    return { state: 'ready' };
  }
}
class HearsItsNeighbours extends SoundEngine {
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    const isAlone = this.busy === 0;
    yield* super.generate(isAlone ? request : { ...request, seed: request.seed + 1 }, signal);
  }
}
class ObeysControlTokens extends SoundEngine {
  override generate(request: GenerateRequest, signal: AbortSignal): Batches {
    const text = request.prompt.type === 'text' ? request.prompt.text : '';
    return super.generate({ ...request, prompt: { type: 'text', text: text.split('<|user|>').at(-1)! } }, signal);
  }
}
class StaysInTheQueue extends SoundEngine {
  protected override async waitForSlot(signal: AbortSignal): Promise<void> {
    await super.waitForSlot(signal);
    if (signal.aborted) this.waiting++;
  }
}
class WaitsInTheQueueAnyway extends SoundEngine {
  protected override async waitForSlot(): Promise<void> {
    await super.waitForSlot(new AbortController().signal);
  }
}
class HasAGaugeThatStands extends SoundEngine {
  override async scrape(): Promise<EngineGauges> {
    return { running: 0 };
  }
}
class ForgetsThePrefix extends SoundEngine {
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    for await (const [event] of super.generate(request, signal)) {
      yield [event!.type === 'end' ? { ...event!, usage: { ...event!.usage, cachedTokens: 0 } } : event!];
    }
  }
}
class LosesSavedSlots extends SoundEngine {
  override async restoreSlot(): Promise<SlotTokens> {
    return { tokens: 0 };
  }
}
class FreesTheSlotLater extends SoundEngine {
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    yield* super.generate(request, signal);
    if (!signal.aborted) return;
    this.busy++;
    setTimeout(() => this.busy--, 20);
  }
}
const features = { params: ['temperature', 'top_p', 'top_k', 'stop'] as const, chat: false };

export const loadMutants: readonly EngineMutant[] = [
  engine('leaves tokens out for slow readers', 'EA-01b', HurriesForSlowReaders),
  engine('says ready after a crash', 'EA-21', SurvivesACrash),
  engine('answers differently beside others', 'EA-28', HearsItsNeighbours),
  engine('obeys control tokens', 'EA-31', ObeysControlTokens),
  engine('stays in the queue after an abort', 'EA-33b', StaysInTheQueue),
  engine('ignores an abort in the queue', 'EA-33b', WaitsInTheQueueAnyway),
  engine('has a gauge that stands', 'EA-44', HasAGaugeThatStands),
  engine('declares a reuse that there is not', 'EA-49', ForgetsThePrefix),
  engine('frees the slot after it said so', 'EA-35f', FreesTheSlotLater),
  misdescribe('hides that it reuses a prefix', 'EA-49', { features }),
  misdescribe('calls counts exact that it says it does not have', 'EA-47', {
    features: { ...features, usage: 'none' },
  }),
  engine('loses saved slots', 'EA-49b', LosesSavedSlots),
];
