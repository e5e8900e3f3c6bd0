import { type EngineDescription, type EngineGauges, type EngineHealth, type GenerateRequest } from '../../src/index.js';
import { type HttpReply, Upstream } from '../../src/http/index.js';
import { SoundAnswer, SoundWire } from './sound-wire.js';
import { connects, type WireMutant } from './wire-mutant.js';

/** Changes each body before it is sent. */
function asks(
  wrong: string,
  caughtBy: string,
  change: (body: Record<string, unknown>, request: GenerateRequest) => object,
): WireMutant {
  class Asks extends SoundWire {
    override body(request: GenerateRequest): object {
      return change({ ...super.body(request) }, request);
    }
  }
  return connects(wrong, caughtBy, Asks);
}

class SharesItsBatch extends SoundWire {
  last: GenerateRequest | undefined;
  readonly shared: SoundAnswer[] = [];
  protected override answer(request: GenerateRequest, signal: AbortSignal): SoundAnswer {
    const { shared } = this;
    class Shares extends SoundAnswer {
      protected override token(text: string): void {
        super.token(shared.length > 1 && text.endsWith('t7') ? `${text}?` : text);
      }
      protected override settle(): void {
        super.settle();
        shared.splice(shared.indexOf(this), 1);
      }
    }
    const answer = new Shares(this, request, signal);
    shared.push(answer);
    return answer;
  }
}
class HasNoLimit extends SoundWire {
  override readonly options = { first_byte_ms: 0, idle_ms: 0 };
}
class SaysReadyWhenDead extends SoundWire {
  override async health(signal: AbortSignal): Promise<EngineHealth> {
    const health = await super.health(signal);
    return health.reason === 'unhealthy' ? { state: 'ready' } : health;
  }
}
class WaitsForEver extends SoundWire {
  protected override get(path: string): Promise<HttpReply> {
    return super.get(path, 60_000);
  }
}
class RemembersItsLastAnswer extends SoundWire {
  #known: EngineHealth | undefined;
  override async health(signal: AbortSignal): Promise<EngineHealth> {
    return (this.#known ??= await super.health(signal));
  }
}
class CallsLoadingFailed extends SoundWire {
  override async health(signal: AbortSignal): Promise<EngineHealth> {
    const health = await super.health(signal);
    return health.state === 'loading' ? { state: 'failed' } : health;
  }
}
class CallsSleepFailed extends SoundWire {
  override async health(signal: AbortSignal): Promise<EngineHealth> {
    const health = await super.health(signal);
    return health.reason === 'sleeping' ? { state: 'failed', reason: 'sleeping' } : health;
  }
}
class LogsItsKey extends SoundWire {
  override async reach(): Promise<void> {
    this.context.log('info', 'connected', { headers: this.headers() });
    await super.reach();
  }
}
class SendsNoKey extends SoundWire {
  protected override headers(): Readonly<Record<string, string>> {
    return {};
  }
}
class TellsTheTotalContext extends SoundWire {
  override async describe(signal: AbortSignal): Promise<EngineDescription> {
    return { ...(await super.describe(signal)), contextTokens: (await this.facts()).totalTokens };
  }
}
class DescribesOnce extends SoundWire {
  #known: EngineDescription | undefined;
  override async describe(signal: AbortSignal): Promise<EngineDescription> {
    return (this.#known ??= await super.describe(signal));
  }
}
class KnowsOneNameOfMetrics extends SoundWire {
  protected override readGauges(text: string): EngineGauges {
    const running = /^sound_running\S* (\S+)$/m.exec(text)?.[1];
    return running === undefined ? {} : { running: Number(running) };
  }
}
class TakesNoNumberForZero extends SoundWire {
  protected override readGauges(text: string): EngineGauges {
    return { running: 0, ...super.readGauges(text) };
  }
}
class ComplainsAboutMetrics extends SoundWire {
  override async scrape(signal: AbortSignal): Promise<EngineGauges> {
    const gauges = await super.scrape(signal);
    if (Object.keys(gauges).length === 0) this.context.log('error', 'no metrics');
    return gauges;
  }
}
class DropsTheSchema extends SoundWire {
  override body({ jsonSchema: _dropped, ...request }: GenerateRequest): object {
    return super.body(request);
  }
}
class FollowsCallers extends SoundWire {
  readonly #own: Upstream[] = [];
  override upstreamOf(request: GenerateRequest): Upstream {
    const { headers } = request as { headers?: Readonly<Record<string, string>> };
    const upstream = new Upstream({ url: this.endpoint.url!, ...(headers && { headers }) });
    this.#own.push(upstream);
    return upstream;
  }
  override async close(): Promise<void> {
    for (const upstream of this.#own) await upstream.close();
    await super.close();
  }
}
class LeavesAnswersOpen extends SoundWire {
  override async close(): Promise<void> {
    // The running answers go on; only new work would be refused.
  }
}

const without = (name: string) => (body: Record<string, unknown>) => ({ ...body, [name]: undefined });

/** Adapters that go wrong in what they ask, and in what they know of the engine. */
export const connectionMutants: readonly WireMutant[] = [
  connects('mixes answers', 'EA-11b', SharesItsBatch),
  asks('sends no limit', 'EA-24c', without('limit')),
  asks('sends no stop strings', 'EA-25b', without('stop')),
  asks('leaves a sampling value to the engine', 'EA-26b', without('minP')),
  asks('sends no seed', 'EA-27c', without('seed')),
  asks('takes the seed 0 for none', 'EA-27c', (body) => ({ ...body, seed: body.seed || undefined })),
  asks('sends a seed of its own', 'EA-27c', (body) => ({ ...body, seed: 42 })),
  asks('spreads the request', 'EA-32', (body, request) => ({ ...request, ...body })),
  connects('drops a schema', 'EA-30b', DropsTheSchema),
  connects('sends the headers of callers', 'EA-39', FollowsCallers),
  asks('asks for two answers', 'EA-50', (body) => ({ ...body, n: 2 })),
  connects('has no limit for the first byte', 'EA-37', HasNoLimit),
  connects('says ready when the engine is dead', 'EA-40b', SaysReadyWhenDead),
  connects('waits for ever for a probe', 'EA-40c', WaitsForEver),
  connects('remembers that it was ready', 'EA-40d', RemembersItsLastAnswer),
  connects('calls loading failed', 'EA-40e', CallsLoadingFailed),
  connects('calls sleep failed', 'EA-40f', CallsSleepFailed),
  connects('hangs on a silent port', 'EA-40g', WaitsForEver),
  connects('logs its key', 'EA-41', LogsItsKey),
  connects('sends no key', 'EA-41', SendsNoKey),
  connects('tells the total context', 'EA-42f', TellsTheTotalContext),
  connects('knows one name of a metric', 'EA-43', KnowsOneNameOfMetrics),
  connects('takes no number for zero', 'EA-43b', TakesNoNumberForZero),
  connects('complains at each look at metrics', 'EA-45', ComplainsAboutMetrics),
  connects('describes once', 'EA-46', DescribesOnce),
  connects('leaves answers open when it is closed', 'EA-52d', LeavesAnswersOpen),
];
