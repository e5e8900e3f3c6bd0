import { SseSplitter } from '@llama-orch/plugin-sdk/http';
import fc from 'fast-check';
import { frameText, tokenFrameText } from '../../src/tasks/frames.js';
import { type LogCursor, type LogReader, TaskLog } from '../../src/tasks/task-log.js';

const RUNS = 200;
const SEED = 20_240_603;

/** Any text that an engine may send, and every text that has a meaning in an event stream. */
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      'data: x\n\n',
      'id: 7\n',
      '\u2028',
      '\u0000',
      '😀',
      '\ufeff',
      '"\\',
      '',
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 3000 }).map((length) => 'ö'.repeat(length)) },
);

/** Appends as an engine causes them: a few token frames at a time. */
const appends = fc.array(fc.array(text, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 40 });

/** A reader as the wire has it: takes what is there when it can, and stops taking for a while now and then. */
class Reader implements LogReader {
  readonly parts: Buffer[] = [];
  paused = false;
  lost = false;
  private readonly cursor: LogCursor;

  constructor(
    private readonly log: TaskLog,
    readonly after: number,
  ) {
    this.cursor = log.open(after);
    log.attach(this);
    this.wake();
  }

  wake(): void {
    if (this.paused || this.lost) return;
    this.lost = this.log.hasLost(this.cursor);
    if (this.lost) return;
    for (let part = this.log.read(this.cursor); part !== undefined; part = this.log.read(this.cursor)) {
      this.parts.push(Buffer.from(part));
    }
  }

  resume(): void {
    this.paused = false;
    this.wake();
  }

  get text(): string {
    return Buffer.concat(this.parts).toString('utf8');
  }

  get unread(): number {
    return this.log.unread(this.cursor);
  }
}

/** Appends everything and keeps each frame's text: `frames[n]` is the frame with the id n + 1. */
class Script {
  readonly frames: string[] = [];
  private index = 0;

  constructor(readonly log: TaskLog) {}

  tokens(texts: readonly string[]): void {
    const frames = texts.map((one, at) =>
      tokenFrameText(this.log.upcomingSeq + at, this.index++, { type: 'token', text: one }),
    );
    this.frames.push(...frames);
    this.log.append(frames.join(''), frames.length);
  }

  end(): void {
    const frame = frameText(this.log.upcomingSeq, 'end', '{}');
    this.frames.push(frame);
    this.log.seal(frame);
  }

  after(seq: number): string {
    return this.frames.slice(seq).join('');
  }
}

describe('the task log', () => {
  it('gives each reader every frame behind its place once, wherever it comes in and however it reads (ORCH-4202)', () => {
    fc.assert(
      fc.property(
        appends,
        fc.integer({ min: 1, max: 9000 }),
        fc.infiniteStream(fc.nat(1000)),
        (batches, keepBytes, picks) => {
          const pick = (limit: number) => (picks.next().value as number) % limit;
          const log = new TaskLog(keepBytes);
          const script = new Script(log);
          const readers: Reader[] = [];
          const come = () => {
            const after = pick(log.lastSeq + 1);
            if (log.holds(after)) readers.push(new Reader(log, after));
          };
          for (const batch of batches) {
            script.tokens(batch);
            if (pick(3) === 0) come();
            for (const reader of readers) if (pick(4) === 0) reader.paused = !reader.paused;
          }
          script.end();
          come();
          for (const reader of readers) reader.resume();
          for (const reader of readers) {
            if (reader.lost) expect(script.after(reader.after).startsWith(reader.text)).toBe(true);
            else expect([reader.text, reader.unread]).toEqual([script.after(reader.after), 0]);
          }
          const awake = new Reader(log, log.lastSeq);
          expect([awake.text, awake.lost]).toEqual(['', false]);
        },
      ),
      { numRuns: RUNS * 5, seed: SEED },
    );
  });

  it('never loses a frame for a reader that keeps up (ORCH-4202)', () => {
    fc.assert(
      fc.property(appends, fc.integer({ min: 1, max: 5000 }), (batches, keepBytes) => {
        const log = new TaskLog(keepBytes);
        const script = new Script(log);
        const reader = new Reader(log, 0);
        for (const batch of batches) script.tokens(batch);
        script.end();
        expect([reader.lost, reader.text]).toEqual([false, script.after(0)]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('holds the newest bytes it was told to keep, little more, and the text of all (ORCH-4203)', () => {
    fc.assert(
      fc.property(appends, fc.integer({ min: 300, max: 9000 }), (batches, keepBytes) => {
        const log = new TaskLog(keepBytes);
        const script = new Script(log);
        for (const batch of batches) script.tokens(batch);
        script.end();
        const largest = Math.max(...batches.map((batch) => Buffer.byteLength(batch.join('')) + 200 * batch.length));
        expect(log.bytes).toBeLessThanOrEqual(keepBytes + Math.max(2048, keepBytes / 8) + 6 * largest);
        let newest = 0;
        for (let seq = log.lastSeq; seq > 0; seq--) {
          newest += Buffer.byteLength(script.frames[seq - 1]!);
          if (newest <= keepBytes) expect(log.holds(seq - 1)).toBe(true);
        }
        expect(log.text()).toBe(Buffer.from(batches.flat().join('')).toString('utf8'));
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('gives the terminal frame to readers that come late, however large it is (ORCH-4201, ORCH-4209)', () => {
    const log = new TaskLog(1024);
    log.append(frameText(1, 'started', '{}'), 1);
    const end = frameText(
      2,
      'end',
      JSON.stringify({ output: { embeddings: [Array.from({ length: 5000 }, (_, at) => at / 7)] } }),
    );
    log.seal(end);
    expect(log.holds(1)).toBe(true);
    expect(new Reader(log, 1).text).toBe(end);
  });

  it('knows no place beyond its end, and none before what it holds (ORCH-4203)', () => {
    const log = new TaskLog(1000);
    expect([log.holds(0), log.holds(1)]).toEqual([true, false]);
    const script = new Script(log);
    for (let count = 0; count < 100; count++) script.tokens(['x'.repeat(50)]);
    expect([log.holds(0), log.holds(100), log.holds(101)]).toEqual([false, true, false]);
    log.release();
    expect([log.holds(99), log.holds(100), log.bytes]).toEqual([false, true, 0]);
    expect(log.text()).toBe('x'.repeat(5000));
  });

  it('refuses a frame behind the terminal one (ORCH-4201)', () => {
    const log = new TaskLog(1000);
    log.seal(frameText(1, 'end', '{}'));
    expect(() => log.append(frameText(2, 'token', '{}'), 1)).toThrow('sealed');
    expect(() => log.seal(frameText(2, 'end', '{}'))).toThrow('sealed');
    expect(log.lastSeq).toBe(1);
  });

  it('wakes attached readers and no others', () => {
    const log = new TaskLog(1000);
    let wakes = 0;
    const reader = { wake: () => wakes++ };
    log.attach(reader);
    log.append(frameText(1, 'started', '{}'), 1);
    log.detach(reader);
    log.seal(frameText(2, 'end', '{}'));
    expect([wakes, log.readerCount]).toEqual([1, 0]);
  });
});

describe('a frame', () => {
  it('is read back as it was written, at every split of its bytes (ORCH-4201)', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 3 }), (texts) => {
        const script = new Script(new TaskLog(1_000_000));
        script.tokens(texts);
        const bytes = Buffer.from(script.after(0));
        // Every split of short streams, a spread of splits of long ones.
        for (let at = 0; at <= bytes.length; at += Math.ceil(bytes.length / 400)) {
          const seen: string[] = [];
          const splitter = new SseSplitter((payload, field, name) => {
            expect([field, name]).toEqual(['data', 'token']);
            seen.push((JSON.parse(payload) as { t: string }).t);
          });
          splitter.push(bytes.subarray(0, at));
          splitter.push(bytes.subarray(at));
          expect(seen).toEqual(texts);
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('is three lines and a blank one, whatever its text (OC-CTRL-2022)', () => {
    fc.assert(
      fc.property(text, (one) => {
        const frame = tokenFrameText(3, 0, { type: 'token', text: one, logprob: -0.5, reasoning: true });
        const lines = frame.split('\n');
        expect(lines).toHaveLength(5);
        expect(lines.slice(0, 2)).toEqual(['id: 3', 'event: token']);
        expect(JSON.parse(lines[2]!.slice('data: '.length))).toEqual({ t: one, i: 0, logprob: -0.5, reasoning: true });
        expect(frame).not.toContain('\r');
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
