import { type PoolId, type TaskId } from '../kernel/ids.js';
import { SecretRedactor } from '../observability/redaction/secret-redactor.js';
import { ArtifactRig } from '../../test/support/artifact-rig.js';
import { settle } from '../../test/support/fake-clock.js';
import { MemoryArtifactRows, MemoryBlobs } from '../../test/support/memory-artifacts.js';
import { QuietLogger } from '../../test/support/quiet-logger.js';
import { frameText, tokenFrameText } from './frames.js';
import { TaskLog } from './task-log.js';
import { TaskRegistry } from './task-registry.js';
import { type TaskStore } from './task-store.js';
import { Task, type TaskRequest } from './task.js';
import { Transcripts, type TranscriptSettings } from './transcripts.js';

const SETTINGS: TranscriptSettings = { enabled: true, mostWaiting: 3, framesMs: 600_000, mostBytes: 1_000_000 };
const RETENTION = { ringBytes: 1_024, framesMs: 600_000, tasksMs: 1, tasksKept: 10, framesBytes: 1_000_000 };

/** Transcripts on artifacts whose disk does nothing until `open` is called. */
class Rig {
  readonly noted: string[] = [];
  readonly logger = new QuietLogger();
  readonly artifacts = new ArtifactRig(new MemoryArtifactRows(), new MemoryBlobs(() => this.gate));
  stored: readonly { readonly count: number; readonly bytes: Uint8Array }[] = [];
  open: () => void = () => {};
  private readonly gate = new Promise<void>((resolve) => (this.open = resolve));
  readonly transcripts: Transcripts;

  constructor(settings: Partial<TranscriptSettings> = {}) {
    const { clock, metrics, artifacts } = this.artifacts;
    const redactor = new SecretRedactor({ secrets: [], patterns: [], pii: false });
    const registry = new TaskRegistry(clock, RETENTION);
    const store: Pick<TaskStore, 'framesOf' | 'noteTranscript' | 'history'> = {
      framesOf: async () => this.stored,
      noteTranscript: async (_key, id) => void this.noted.push(id),
      history: () => Promise.reject(new Error('no disk')),
    };
    const ports = { artifacts, store: store as TaskStore, registry, redactor, clock, metrics, logger: this.logger };
    this.transcripts = new Transcripts(ports, { ...SETTINGS, ...settings });
  }

  async counts(): Promise<Record<string, number>> {
    const { values } = await this.artifacts.metrics.transcripts.get();
    return Object.fromEntries(
      values.filter(({ value }) => value > 0).map(({ labels, value }) => [labels.result, value]),
    );
  }
}

/** An ended task that said so many tokens. */
function ended(number: number, tokens = 2, log = new TaskLog(1_000_000)): Task {
  const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}` as TaskId;
  const request = { id, tenantId: 'default', sessionId: null, correlationId: 'c' } as TaskRequest;
  const task = new Task(request, 'p' as PoolId, 'mock', { tokens: 1, counted: true }, log);
  for (let at = 0; at < tokens; at++)
    log.append(tokenFrameText(log.upcomingSeq, at, { type: 'token', text: `${number} ` }), 1);
  log.seal(frameText(log.upcomingSeq, 'end', '{}'));
  return task;
}

describe('Transcripts', () => {
  it('are noted with their tasks once they are durable (ORCH-4210)', async () => {
    const rig = new Rig();
    const task = ended(1);
    rig.transcripts.ended(task);
    rig.transcripts.ended(task);
    await settle();
    expect(task.transcript).toBeUndefined();
    rig.open();
    await rig.transcripts.close();
    expect(rig.noted).toEqual([task.transcript]);
    expect(await rig.counts()).toEqual({ stored: 1 });
  });

  it('wait in a bounded queue, and what does not fit is counted (ORCH-4210)', async () => {
    const rig = new Rig();
    // Four are being written, three wait.
    for (let number = 1; number <= 10; number++) rig.transcripts.ended(ended(number));
    expect(await rig.counts()).toEqual({ dropped: 3 });
    rig.open();
    await rig.transcripts.close();
    expect(await rig.counts()).toEqual({ dropped: 3, stored: 7 });
  });

  it('say that their beginning is missing when nobody has it any more (ORCH-4210)', async () => {
    const rig = new Rig();
    const task = ended(1, 200, new TaskLog(1_024));
    rig.open();
    rig.transcripts.ended(task);
    await rig.transcripts.close();
    expect(await rig.counts()).toEqual({ truncated: 1 });
    const [row] = await rig.artifacts.artifacts.list({ tenantId: 'default', limit: 1 });
    expect(row?.metadata).toMatchObject({ truncated: true, engine: 'mock', replica_id: null });
  });

  it('are taken from the store when the memory has let frames go (ORCH-4210)', async () => {
    const rig = new Rig();
    const whole = ended(1, 200);
    rig.stored = [{ count: 201, bytes: Buffer.from(whole.log.frames()) }];
    rig.open();
    rig.transcripts.ended(ended(1, 200, new TaskLog(1_024)));
    await rig.transcripts.close();
    expect(await rig.counts()).toEqual({ stored: 1 });
  });

  it('do not hold up the end of the daemon, and take nothing up afterwards (ORCH-4210)', async () => {
    const rig = new Rig();
    for (let number = 1; number <= 6; number++) rig.transcripts.ended(ended(number));
    const closing = rig.transcripts.close();
    await rig.artifacts.clock.advance(1_000);
    rig.transcripts.ended(ended(7));
    rig.open();
    await closing;
    expect(await rig.counts()).toEqual({ stored: 4 });
    expect(rig.artifacts.clock.pending).toBe(0);
  });

  it('that fail are told, and the daemon goes on (ORCH-4210)', async () => {
    const rig = new Rig();
    rig.artifacts.blobs.write = () => Promise.reject(new Error('the disk is full'));
    await rig.transcripts.start();
    rig.transcripts.ended(ended(1));
    await rig.transcripts.close();
    expect(await rig.counts()).toEqual({ failed: 1 });
    expect(rig.logger.lines.map(({ level }) => level)).toEqual(['warn', 'warn']);
  });
});
