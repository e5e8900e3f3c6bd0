import { type EngineConnection, EngineError, type EngineEvent, GREEDY } from '@llama-orch/plugin-sdk';
import { type Clock } from '../../kernel/clock.js';
import { type Replica } from '../replica.js';
import { bounded } from '../wait.js';

/** Beginnings that every language model goes on with. */
const PROMPTS = ['Once upon a time', 'The quick brown fox'];
const TOKENS = 16;
const RUN_MS = 60_000;
/** Of fewer tokens nothing is said about the speed. */
const LEAST_TOKENS = 4;
/** A machine that is busy for a moment is measured again. */
const ROUNDS = 3;

export interface Answer {
  readonly text: string;
  readonly tokens: number;
  /** First token to the last. */
  readonly decodeMs: number;
}

/**
 * Has a replica that serves nobody yet answer fixed prompts, greedily: each must give text, and twice the same where the
 * engine says that it decodes exactly. Answers its best tokens per second; undefined where nothing could be measured.
 * @throws EngineError
 */
export async function tryOut(
  replica: Replica,
  enough: number | undefined,
  clock: Clock,
  stop: AbortSignal,
): Promise<number | undefined> {
  const { connection, description } = replica;
  if (connection === undefined || description === undefined) throw lost(replica);
  if (!description.workloads.includes('completion')) return undefined;
  const ask = (prompt: string) =>
    bounded((signal) => answer(connection, replica, prompt, clock, signal), RUN_MS, clock, stop);
  let best: number | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    for (const prompt of PROMPTS) best = faster(best, await askTwice(ask, prompt, description.determinism === 'exact'));
    if (enough === undefined || best === undefined || best >= enough) break;
  }
  return best;
}

async function askTwice(
  ask: (prompt: string) => Promise<Answer>,
  prompt: string,
  isExact: boolean,
): Promise<number | undefined> {
  const first = await ask(prompt);
  if (first.text === '')
    throw new EngineError('internal', 'the new model answered a test prompt with nothing', { reason: 'golden_empty' });
  if (!isExact) return speedOf(first);
  const second = await ask(prompt);
  if (second.text === first.text) return faster(speedOf(first), speedOf(second));
  throw new EngineError(
    'internal',
    'the new model answered the same test prompt in two ways, although its engine is exact',
    {
      reason: 'golden_differs',
    },
  );
}

async function answer(
  engine: EngineConnection,
  { id }: Replica,
  text: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Answer> {
  const request = {
    taskId: `golden-${id}`,
    prompt: { type: 'text', text },
    sampling: GREEDY,
    seed: 0,
    maxTokens: TOKENS,
  } as const;
  const events: EngineEvent[] = [];
  let [begin, end] = [0, 0];
  for await (const batch of engine.generate(request, signal)) {
    end = clock.now();
    if (events.length === 0) begin = end;
    events.push(...batch);
  }
  if (events.at(-1)?.type !== 'end') throw new EngineError('internal', 'the new model did not finish a test prompt');
  return { ...textOf(events), decodeMs: end - begin };
}

function textOf(events: readonly EngineEvent[]): Omit<Answer, 'decodeMs'> {
  const tokens = events.flatMap((event) => (event.type === 'token' ? [event] : []));
  return {
    text: tokens.map(({ text }) => text).join(''),
    tokens: tokens.reduce((sum, event) => sum + (event.tokens ?? 1), 0),
  };
}

function speedOf({ tokens, decodeMs }: Answer): number | undefined {
  return tokens < LEAST_TOKENS || decodeMs <= 0 ? undefined : ((tokens - 1) * 1000) / decodeMs;
}

function faster(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}

function lost({ id }: Replica): EngineError {
  return new EngineError('unavailable', `replica ${id} was lost before it served anybody`, { reason: 'replica_lost' });
}
