import { type Json, type PolicyEvent, type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { eventOfCase, type FilledEvent } from '@llama-orch/policy-sdk/test';
import { canonicalJson } from '../kernel/canonical-json.js';
import { type OpenedPolicy } from '../policy-host/in-process.js';
import { type PolicyOutcome } from '../policy-host/sandbox/chain.js';
import { type DecisionSource } from './decisions.js';
import { type Desk, type Outcome } from './desk.js';
import { parseJson, readText, settingsOf } from './files.js';
import { callsOfHar, type HarCall } from './har.js';
import { openModule } from './open-module.js';
import { bodiesOf } from './recorded.js';
import { UserInputError } from './user-input-error.js';

type Settings = { readonly [member: string]: Json };

interface TryJob {
  readonly module: string;
  readonly url: string;
  readonly method: string;
  readonly headers: readonly string[];
  readonly data: string | undefined;
  readonly settings: string | undefined;
}

/** Those that the tool takes. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Asks a module about one call; not ok when it gives no decision. Nothing is resolved and nothing is sent. */
export async function tryModule(job: TryJob, { cwd }: Desk): Promise<Outcome> {
  if (!METHODS.includes(job.method)) throw new UserInputError(`--method has to be one of ${METHODS.join(', ')}`);
  const { event, bodies } = eventOf({ ...job, headers: job.headers.map(headerOf), body: job.data });
  return withPolicy(job.module, settingsOf(job.settings, cwd), cwd, async (policy) => {
    requireHook(policy, 'on_request');
    const { decision, error, fuel, logs } = await policy.decide('on_request', event, bodies);
    const lines = [`${answerOf({ decision, error })}, fuel ${fuel}`];
    if (decision?.reason !== undefined) lines.push(`reason: ${decision.reason}`);
    if (decision?.hint !== undefined) lines.push(`hint: ${decision.hint}`);
    if (decision?.patch !== undefined) lines.push(`patch: ${JSON.stringify(decision.patch)}`);
    for (const { level, text } of logs) lines.push(`${level}: ${text}`);
    const document = { decision: decision ?? null, error: error ?? null, fuel, logs };
    return { document, text: `${lines.join('\n')}\n`, ok: error === undefined };
  });
}

interface SimulateJob {
  readonly module: string;
  readonly diff: string | undefined;
  readonly har: string | undefined;
  /** Entry of the configuration whose recorded settings are used. */
  readonly policy: string | undefined;
  readonly settings: string | undefined;
}

/** Answers that are shown one by one at most. */
const MOST_SHOWN = 50;

/** Asks a module about calls of the past; with `diff` shows only what the version before answered otherwise. */
export async function simulateModule(job: SimulateJob, desk: Desk, decisions: () => DecisionSource): Promise<Outcome> {
  const settings = settingsOf(job.settings, desk.cwd);
  const before = job.diff === undefined ? undefined : await openModule(job.diff, settings, desk.cwd);
  try {
    return await withPolicy(job.module, settings, desk.cwd, async (policy) => {
      const known = [policy, before].flatMap((one) => one ?? []);
      const calls = job.har === undefined ? recorded(known, job.policy, decisions()) : fromHar(job.har, desk.cwd);
      return compare(policy, before, calls, desk.signal);
    });
  } finally {
    await before?.close();
  }
}

interface PastCall {
  readonly name: string;
  readonly hook: PolicyHook;
  readonly event: PolicyEvent;
  readonly bodies: ReadonlyMap<number, Uint8Array>;
  readonly counters?: Readonly<Record<string, number>>;
}

async function compare(
  policy: OpenedPolicy,
  before: OpenedPolicy | undefined,
  calls: AsyncIterable<PastCall>,
  signal: AbortSignal,
): Promise<Outcome> {
  const counts = new Map<string, number>();
  const shown: { call: string; was?: string; is: string }[] = [];
  let asked = 0;
  let changed = 0;
  for await (const { name, hook, event, bodies, counters } of calls) {
    if (signal.aborted) break;
    if (!policy.manifest.hooks.includes(hook)) continue;
    asked++;
    const is = answerOf(await policy.decide(hook, event, bodies, { counters }));
    counts.set(is, (counts.get(is) ?? 0) + 1);
    const was = before === undefined ? undefined : await pastAnswer(before, { name, hook, event, bodies, counters });
    if (before !== undefined && was === is) continue;
    changed++;
    if (shown.length < MOST_SHOWN) shown.push({ call: name, ...(was === undefined ? {} : { was }), is });
  }
  const answers = Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
  const tally = Object.entries(answers).map(([answer, count]) => `${count} ${answer}`);
  const lines = [`${asked} ${asked === 1 ? 'call' : 'calls'}${tally.length === 0 ? '' : `: ${tally.join(', ')}`}`];
  if (before !== undefined) lines.push(`${changed} ${changed === 1 ? 'answer changes' : 'answers change'}`);
  for (const { call, was, is } of shown) lines.push(`  ${call}: ${was === undefined ? '' : `${was} → `}${is}`);
  if (changed > shown.length) lines.push(`  and ${changed - shown.length} more`);
  const document = { calls: asked, answers, ...(before === undefined ? {} : { changed }), shown };
  return { document, text: `${lines.join('\n')}\n`, ok: true };
}

async function pastAnswer(before: OpenedPolicy, { hook, event, bodies, counters }: PastCall): Promise<string> {
  if (!before.manifest.hooks.includes(hook)) return 'not asked';
  return answerOf(await before.decide(hook, event, bodies, { counters }));
}

/**
 * What was asked then, with the settings that the policy had: the entry by that name, or else the one whose module or name
 * is known. Where the chain had none, the policy is asked with its defaults.
 */
async function* recorded(
  known: readonly OpenedPolicy[],
  entry: string | undefined,
  decisions: DecisionSource,
): AsyncGenerator<PastCall> {
  const names = entry === undefined ? known.map(({ manifest }) => manifest.name) : [entry];
  const digests = entry === undefined ? known.map(({ digest }) => digest) : [];
  for await (const { row, record } of decisions.all()) {
    const { hook, counters, outcomes } = record;
    const own = outcomes.find(({ policy, digest }) => digests.includes(digest) || names.includes(policy));
    const event = { ...record.event, config: own?.config ?? {} };
    yield { name: `row ${row.seq} ${aboutOf(event)}`, hook, event, bodies: bodiesOf(event), counters };
  }
}

async function* fromHar(path: string, cwd: string): AsyncGenerator<PastCall> {
  for (const call of callsOfHar(readText(path, cwd), path)) {
    const { event, bodies } = eventOf(call);
    yield { name: aboutOf(event), hook: 'on_request', event, bodies };
  }
}

interface BenchJob {
  readonly module: string;
  readonly event: string | undefined;
  readonly settings: string | undefined;
  readonly count: number;
  readonly maxFuel: number | undefined;
  readonly maxP99Us: number | undefined;
}

/** Fuel, memory and time of a module in this process; not ok over a bound. Fuel is the same on every machine. */
export async function benchModule(job: BenchJob, { cwd, signal }: Desk): Promise<Outcome> {
  if (job.count < 1) throw new UserInputError('--count has to be 1 or more');
  return withPolicy(job.module, settingsOf(job.settings, cwd), cwd, async (policy) => {
    const questions = job.event === undefined ? goldenQuestions(policy) : [questionIn(job.event, cwd)];
    for (const { hook } of questions) requireHook(policy, hook);
    await warmUp(policy, questions);
    const times: number[] = [];
    let fuel = 0;
    let memoryBytes = 0;
    for (let at = 0; at < job.count && !signal.aborted; at++) {
      const { hook, event } = questions[at % questions.length]!;
      const outcome = await policy.decide(hook, event);
      if (outcome.error !== undefined) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
      times.push(outcome.latencyUs);
      fuel = Math.max(fuel, outcome.fuel);
      memoryBytes = Math.max(memoryBytes, outcome.memoryBytes);
    }
    if (times.length === 0) throw new Error('nothing was measured: it was interrupted');
    return benchOutcome(job, { calls: times.length, times, fuel, memoryBytes });
  });
}

/** Engines compile what they run often: the first calls say nothing about the others. */
async function warmUp(policy: OpenedPolicy, questions: readonly Question[]): Promise<void> {
  for (let at = 0; at < WARM_UP_CALLS; at++) {
    const { hook, event } = questions[at % questions.length]!;
    await policy.decide(hook, event);
  }
}

const WARM_UP_CALLS = 200;

interface Measured {
  readonly calls: number;
  readonly times: number[];
  readonly fuel: number;
  readonly memoryBytes: number;
}

function benchOutcome({ maxFuel, maxP99Us }: BenchJob, { calls, times, fuel, memoryBytes }: Measured): Outcome {
  const sorted = times.sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map(
    (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!,
  );
  const over = [
    ...(maxFuel !== undefined && fuel > maxFuel ? [`fuel ${fuel} is over ${maxFuel}`] : []),
    ...(maxP99Us !== undefined && p99! > maxP99Us ? [`p99 ${p99} µs is over ${maxP99Us} µs`] : []),
  ];
  const text = [
    `${calls} calls: p50 ${p50} µs, p99 ${p99} µs, fuel at most ${fuel}, memory ${memoryBytes} bytes`,
    ...over,
  ];
  const document = { calls, p50_us: p50, p99_us: p99, max_fuel: fuel, memory_bytes: memoryBytes, over };
  return { document, text: `${text.join('\n')}\n`, ok: over.length === 0 };
}

interface Question {
  readonly hook: PolicyHook;
  readonly event: PolicyEvent;
}

function goldenQuestions({ manifest }: OpenedPolicy): Question[] {
  if (manifest.tests.length === 0)
    throw new UserInputError(`${manifest.name} carries no tests; give an event with --event`);
  return manifest.tests.map(({ hook, event, config }) => ({ hook, event: { ...event, config } }));
}

const HOOKS: Readonly<Record<PolicyEvent['kind'], PolicyHook>> = {
  'http.request': 'on_request',
  'http.response': 'on_response',
  'task.admission': 'on_admission',
};

function questionIn(path: string, cwd: string): Question {
  const event = parseJson(readText(path, cwd), path) as PolicyEvent | null;
  const hook = event === null ? undefined : HOOKS[event.kind];
  if (event !== null && hook !== undefined) return { hook, event };
  throw new UserInputError(`${path} holds no event: its kind has to be one of ${Object.keys(HOOKS).join(', ')}`);
}

function eventOf({ method, url, headers, body }: HarCall): FilledEvent {
  try {
    const request = { method, url, headers: headers.map(([name, value]) => [name.toLowerCase(), value]) };
    return eventOfCase('on_request', { request: { ...request, ...bodyOf(body) } }).build();
  } catch (error) {
    throw new UserInputError((error as Error).message, { cause: error });
  }
}

function bodyOf(body: string | undefined): object {
  if (body === undefined) return {};
  try {
    return { json: JSON.parse(body) as Json };
  } catch {
    return { text: body };
  }
}

function headerOf(line: string): [string, string] {
  const at = line.indexOf(':');
  if (at < 1) throw new UserInputError(`the header "${line}" has to be name: value`);
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

function aboutOf(event: PolicyEvent): string {
  if (event.kind === 'task.admission') return event.admission.modelRef;
  const { method, url } = event.request;
  return `${method} ${url.host}${url.path}`;
}

function answerOf({ decision, error }: Pick<PolicyOutcome, 'decision' | 'error'>): string {
  if (decision === undefined) return error?.code ?? 'no answer';
  const { decision: kind, code, patch } = decision;
  return [kind, code, patch === undefined ? undefined : canonicalJson(patch)]
    .filter((part) => part !== undefined)
    .join(' ');
}

function requireHook({ manifest }: OpenedPolicy, hook: PolicyHook): void {
  if (manifest.hooks.includes(hook)) return;
  throw new UserInputError(`${manifest.name} has no ${hook}; it has ${manifest.hooks.join(', ')}`);
}

async function withPolicy(
  module: string,
  config: Settings | undefined,
  cwd: string,
  work: (policy: OpenedPolicy) => Promise<Outcome>,
): Promise<Outcome> {
  const policy = await openModule(module, config, cwd);
  try {
    return await work(policy);
  } finally {
    await policy.close();
  }
}
