import { type Clock } from '../kernel/clock.js';
import { newDecisionId } from '../kernel/ids.js';
import { type Logger } from '../observability/logger.js';
import { type Metrics } from '../observability/metrics.js';
import { type Catalog } from './catalog.js';
import { type Digests } from './digests.js';
import { type CatalogEntry, type Manifest, type Verification } from './entry.js';
import { type EntryTrust, type Judgement } from './entry-trust.js';
import { type Quarantine } from './quarantine.js';
import { digestOf } from './trust/digest.js';
import { ModelFilesError } from './trust/model-files-error.js';
import { type Place, type Weights } from './weights.js';

export interface VerificationPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly catalog: Catalog;
  readonly weights: Weights;
  readonly digests: Digests;
  readonly trust: EntryTrust;
  readonly quarantine: Quarantine;
}

interface Running {
  readonly id: string;
  /** Settles when everybody can see that it runs. */
  readonly begun: Promise<void>;
  readonly over: Promise<void>;
}

/** Looks at every byte of a model again, and at what is said of it. */
export class Verifications {
  private readonly running = new Map<string, Running>();
  private readonly stopping = new AbortController();

  constructor(private readonly ports: VerificationPorts) {}

  /**
   * Starts a verification, or joins the one under way; answers its id. @param engines those that the model is served by
   * @throws AppError 404
   */
  async start(id: string, engines: readonly string[]): Promise<string> {
    const { catalog, clock } = this.ports;
    catalog.require(id);
    const known = this.running.get(id);
    if (known !== undefined) return known.begun.then(() => known.id);
    const startedMs = clock.epochMs();
    const verification: Verification = {
      ...{ id: newDecisionId(startedMs), state: 'running', reason: undefined, startedMs, finishedMs: undefined },
    };
    const begun = catalog.learn(id, { lastVerification: verification });
    const over = begun
      .then(() => this.run(id, verification, engines))
      .catch((error: unknown) => this.breakOff(id, verification, error))
      .finally(() => this.running.delete(id));
    this.running.set(id, { id: verification.id, begun, over });
    await begun;
    return verification.id;
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled([...this.running.values()].map(({ over }) => over));
  }

  private async run(id: string, begun: Verification, engines: readonly string[]): Promise<void> {
    const { catalog, clock, quarantine, weights } = this.ports;
    const entry = catalog.get(id);
    if (entry === undefined) return;
    const place = await weights.find(entry);
    const { verdict, reason, files } = await this.look(entry, place);
    if (this.stopping.signal.aborted) return;
    const finished: Verification = { ...begun, state: verdict.verdict, reason, finishedMs: clock.epochMs() };
    const isWrong = verdict.verdict === 'fail';
    // Whoever sees the result finds everything done that follows from it.
    if (isWrong && place.type === 'local') await quarantine.take(entry, place);
    this.tell(entry, finished, verdict, engines);
    await catalog.learn(id, {
      ...{ lastVerification: finished, warnings: verdict.warnings, signatures: verdict.signatures },
      ...(isWrong || files === undefined ? {} : { isQuarantined: false }),
      ...(entry.isSupplied || files === undefined ? {} : { digest: digestOf(files) }),
    });
  }

  /** Something of the machine failed: that says nothing of the model, but nobody may wait for ever. */
  private async breakOff(id: string, begun: Verification, error: unknown): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const { catalog, clock, logger } = this.ports;
    const why = error instanceof Error ? error.message : String(error);
    logger.error('verify', `the verification of model ${id} broke off: ${why}`, { model_id: id });
    await catalog.learn(id, {
      lastVerification: { ...begun, state: 'warn', reason: 'interrupted', finishedMs: clock.epochMs() },
    });
  }

  private async look(entry: CatalogEntry, place: Place): Promise<Look> {
    if (place.type !== 'local') return lookOf(await this.ports.trust.judge(entry, undefined), undefined, true);
    try {
      const files = await this.ports.digests.files(place.path, this.stopping.signal);
      return lookOf(await this.ports.trust.judge(entry, files), files, false);
    } catch (error) {
      if (!(error instanceof ModelFilesError)) throw error;
      const message = `${error.message}; put the model in order, and verify it again`;
      const reasons = [{ code: 'unsafe-model', message }] as const;
      return lookOf({ verdict: 'fail', reasons, warnings: [], signatures: entry.signatures }, undefined, false);
    }
  }

  private tell(
    entry: CatalogEntry,
    { state, reason }: Verification,
    verdict: Judgement,
    engines: readonly string[],
  ): void {
    const { logger, metrics } = this.ports;
    for (const engine of engines.length > 0 ? engines : [''])
      metrics.catalogVerifications.inc({ result: state, reason: reason ?? '', engine });
    const says = verdict.reasons[0]?.message ?? 'all that was supplied of it holds';
    const fields = { model_id: entry.id, model_digest: entry.digest, result: state, reason: reason ?? null };
    logger[state === 'fail' ? 'error' : 'info']('verify', `model ${entry.id}: ${says}`, fields);
  }
}

interface Look {
  readonly verdict: Judgement;
  /** Code of what kept it from `pass`; undefined with `pass`. */
  readonly reason: string | undefined;
  /** What was read; undefined where nothing was. */
  readonly files: readonly Manifest[] | undefined;
}

/** Weights that were not looked at can be no more than probably right. */
function lookOf(verdict: Judgement, files: Look['files'], isAbsent: boolean): Look {
  const reason = verdict.reasons[0]?.code;
  if (!isAbsent || verdict.verdict !== 'pass') return { verdict, reason, files };
  const warnings = ['the weights are not on this machine, so that they were not compared'];
  return { verdict: { ...verdict, verdict: 'warn', warnings }, reason: 'not-local', files };
}
