import fc from 'fast-check';
import { SecretRedactor } from '../observability/redaction/secret-redactor.js';
import { frameText, tokenFrameText } from './frames.js';
import { transcriptOf } from './transcript.js';

const SECRET = 'hunter-two-is-the-word';
const redactor = new SecretRedactor({ secrets: [SECRET], patterns: ['code-[0-9]{6}'], pii: false });
const MUCH = 1_000_000;

function logOf(tokens: readonly string[], reasoning = false): string {
  const texts = tokens.map((text, at) =>
    tokenFrameText(at + 2, at, { type: 'token', text, ...(reasoning && { reasoning }) }),
  );
  return [frameText(1, 'started', '{"queue_position":0}'), ...texts, frameText(tokens.length + 2, 'end', '{}')].join(
    '',
  );
}

const saidIn = async (text: string) =>
  (await transcriptOf(text, MUCH, redactor)).events.map(({ data }) => (data['t'] ?? '') as string).join('');

describe('A transcript', () => {
  it('has the events of the log in their order (ORCH-4210)', async () => {
    expect(await transcriptOf(logOf(['old ', 'pond\n']), MUCH, redactor)).toEqual({
      events: [
        { type: 'started', data: { queue_position: 0 } },
        { type: 'token', data: { t: 'old ', i: 0 } },
        { type: 'token', data: { t: 'pond\n', i: 1 } },
        { type: 'end', data: {} },
      ],
      truncated: false,
      redacted: false,
    });
  });

  it.each([false, true])('has no secret that is spread over tokens (ORCH-4210, OC-CTRL-2041)', async (reasoning) => {
    await fc.assert(
      fc.asyncProperty(
        fc.string(),
        fc.constantFrom(SECRET, 'code-123456'),
        fc.array(fc.nat({ max: 30 }), { maxLength: 20 }),
        async (before, secret, cuts) => {
          const text = `${before} é ${secret} after`;
          const places = [0, ...cuts.map((cut) => Math.min(cut + before.length, text.length)), text.length].sort(
            (a, b) => a - b,
          );
          const tokens = places.slice(1).map((end, at) => text.slice(places[at], end));
          const { events, redacted } = await transcriptOf(logOf(tokens, reasoning), MUCH, redactor);
          expect(redacted).toBe(true);
          expect(events.length).toBe(tokens.length + 2);
          expect(await saidIn(logOf(tokens, reasoning))).not.toContain(secret);
          expect(await saidIn(logOf(tokens, reasoning))).toContain('[redacted] after');
        },
      ),
      { numRuns: 200 },
    );
  });

  it('has no secret in its other frames either (ORCH-4210, OC-CTRL-2041)', async () => {
    const log = logOf(['a']) + frameText(4, 'error', JSON.stringify({ message: `it said ${SECRET}` }));
    const { events, redacted } = await transcriptOf(log, MUCH, redactor);
    expect(redacted).toBe(true);
    expect(events.at(-1)?.data).toEqual({ message: 'it said [redacted]' });
  });

  it('has whole characters, though an engine cut one in two (ORCH-4210, ORCH-4601)', async () => {
    expect(await saidIn(logOf(['a \ud83d', 'b']))).toBe('a \ufffdb');
  });

  it('keeps the newest frames when there are too many, and says so (ORCH-4210)', async () => {
    const log = logOf(Array.from({ length: 100 }, (_, at) => `token ${at}`));
    const { events, truncated } = await transcriptOf(log, 1_000, redactor);
    expect(truncated).toBe(true);
    expect(events.at(-1)?.type).toBe('end');
    expect(events.length).toBeGreaterThan(10);
    expect(events[0]?.data).toEqual({ t: `token ${101 - events.length}`, i: 101 - events.length });
  });

  it('says so when the first frames are gone (ORCH-4210)', async () => {
    const log = logOf(['a', 'b', 'c']);
    expect(await transcriptOf(log.slice(log.indexOf('id: 3')), MUCH, redactor)).toMatchObject({ truncated: true });
  });
});
