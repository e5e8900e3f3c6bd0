import { type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { classOf } from '../guard/address-class.js';
import { Guard } from '../guard/guard.js';
import { normalise } from '../guard/normalise.js';
import { Refusal } from '../guard/refusal.js';
import { AttackPolicies, movedTo } from './attack-policies.js';
import { AttackRig } from './attack-rig.js';
import { AttackServer } from './attack-server.js';
import { type DoorName } from './door.js';
import { badHosts, tricks, type UrlVector } from './literals.js';
import { type Scenario, Stage, type StageBefore, told } from './scenario.js';
import { REDIRECTS } from './scenarios/redirects.js';
import { CONTEXT, REQUESTS } from './scenarios/requests.js';
import { RESOLUTION } from './scenarios/resolution.js';
import { RESPONSES } from './scenarios/responses.js';

/** By which way an attack comes. */
export const WAYS = ['guard', 'allow-all', 'redirect', 'patch', 'download'] as const;
export type Way = (typeof WAYS)[number];

/** One attack, and what became of it. */
export interface AttackResult {
  /** Row of the list of attacks; 0 for what is not on it. */
  readonly row: number;
  readonly name: string;
  /** {@link Way}, or `scenario`. */
  readonly way: Way | 'scenario' | 'daemon';
  readonly door: DoorName;
  readonly expected: string;
  readonly got: string;
  readonly pass: boolean;
}

export interface AttackOptions {
  /** Rows that are run; all without it. */
  readonly rows?: readonly number[];
  /** Called with each result as it comes. */
  readonly onResult?: (result: AttackResult) => void;
}

export const URL_VECTORS: readonly UrlVector[] = [...badHosts(), ...tricks()];
export const SCENARIOS: readonly Scenario[] = [...RESOLUTION, ...REDIRECTS, ...REQUESTS, ...RESPONSES, ...CONTEXT];

/**
 * Attacks the door of this product on a network of its own: servers listen on loopback, names and classes of addresses are
 * made up, and what gets through is written down instead of dialled. Needs the whole of 127.0.0.0/8, as Linux has it.
 */
export async function runAttacks({ rows, onResult = () => {} }: AttackOptions = {}): Promise<readonly AttackResult[]> {
  const results: AttackResult[] = [];
  const isWanted = ({ row }: { readonly row: number }) => rows?.includes(row) ?? true;
  const keep = (result: AttackResult) => {
    results.push(result);
    onResult(result);
  };
  // Deadlines do not keep a process alive, and some attacks leave nothing else to wait for.
  const awake = await AttackServer.raw(() => {});
  try {
    for (const vector of URL_VECTORS.filter(isWanted)) for (const result of await attackEveryWay(vector)) keep(result);
    for (const scenario of SCENARIOS.filter(isWanted)) keep(await play(scenario));
  } finally {
    await awake.close();
  }
  return results;
}

/**
 * One URL, by every way that it can come.
 * @param stage is closed afterwards
 * @param ways those that lead to its door
 */
export async function attackEveryWay(
  vector: UrlVector,
  stage: StageBefore = new Stage(),
  ways: readonly Way[] = WAYS,
): Promise<readonly AttackResult[]> {
  try {
    const results: AttackResult[] = [];
    for (const way of ways.filter((one) => canCome(vector, one))) results.push(await attack(vector, way, stage));
    return results;
  } finally {
    await stage.close();
  }
}

/** @param stage is closed afterwards */
export async function play(scenario: Scenario, stage: StageBefore = new Stage()): Promise<AttackResult> {
  const { row, name, expected } = scenario;
  try {
    const got = await scenario.run(stage);
    return { row, name, way: 'scenario', door: stage.before, expected, got, pass: got === expected };
  } finally {
    await stage.close();
  }
}

/**
 * Attacks a daemon that runs: sends each URL of the list to its tool. Names of attacks are not known there, addresses are.
 * A daemon whose operator lets private addresses be called may call them.
 */
export async function attackDaemon(
  daemon: string,
  headers: Readonly<Record<string, string>>,
  { rows, onResult = () => {} }: AttackOptions = {},
): Promise<readonly AttackResult[]> {
  const results: AttackResult[] = [];
  const tool = { url: new URL('/v1/tools/http', daemon), headers };
  const letsPrivateOut = (await outcomeAt(tool, 'http://127.0.0.1/')) !== 'refused';
  const vectors = URL_VECTORS.filter((vector) => vector.expected === 'refused' && vector.row !== 63);
  for (const { row, name, url } of vectors.filter((vector) => rows?.includes(vector.row) ?? true)) {
    const got = await outcomeAt(tool, url);
    const mayGoOut = letsPrivateOut && isPrivate(url);
    const expected = mayGoOut ? 'refused, or let out by egress.allow_private' : 'refused';
    const result: AttackResult = {
      row,
      name,
      way: 'daemon',
      door: 'route',
      expected,
      got,
      pass: mayGoOut || got === 'refused',
    };
    results.push(result);
    onResult(result);
  }
  return results;
}

interface Tool {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

async function outcomeAt({ url: tool, headers }: Tool, url: string): Promise<string> {
  const body = JSON.stringify({ url, timeout_ms: 2_000 });
  const request = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
  const { status } = await fetch(tool, request);
  return [400, 403].includes(status) ? 'refused' : `status ${status}`;
}

const PRIVATE: readonly string[] = ['loopback', 'private', 'cgnat'];

/** An address, however it is written, that an operator may allow. */
function isPrivate(url: string): boolean {
  try {
    const { host, ipLiteral } = normalise(url).parts;
    return ipLiteral && PRIVATE.includes(classOf(host));
  } catch {
    return false;
  }
}

async function attack(vector: UrlVector, way: Way, stage: StageBefore): Promise<AttackResult> {
  const { row, name } = vector;
  const expected = way === 'redirect' && vector.isRelative ? 'dialled' : vector.expected;
  const got = await (way === 'guard' ? pastGuard(vector.url) : pastDoor(vector, way, stage));
  const door = way === 'guard' ? way : stage.before;
  return { row, name, way, door, expected, got, pass: got === expected };
}

/** The guard alone. */
async function pastGuard(url: string): Promise<string> {
  const rig = new AttackRig();
  try {
    await new Guard(rig.parts).check(normalise(url), undefined, new AbortController().signal);
    return 'dialled';
  } catch (error) {
    if (error instanceof Refusal) return 'refused';
    throw error;
  } finally {
    await rig.close();
  }
}

/** The whole door, with policies that allow everything. */
async function pastDoor({ url, expected }: UrlVector, way: Exclude<Way, 'guard'>, stage: StageBefore): Promise<string> {
  const policies = new AttackPolicies((event) =>
    way === 'patch' && event.kind === 'http.request' ? patch(event, url) : undefined,
  );
  const { rig } = await stage.web(
    (request, response) =>
      request.url === '/start' && way === 'redirect'
        ? response.writeHead(302, { location: sendable(url) }).end()
        : response.end(),
    { policies },
  );
  const tool = { name: way === 'download' ? 'download' : 'http.fetch', version: '1.0.0' } as const;
  const isIndirect = way === 'redirect' || way === 'patch';
  const outcome = await rig.call({ tool, url: isIndirect ? 'http://start.test/start' : url });
  const escapes = rig.network.escapes.join();
  if (outcome.type === 'refused') return escapes === '' ? told(outcome) : `dialled ${escapes}`;
  if (rig.network.dialled.length === 0) return told(outcome);
  return expected === 'refused' && escapes !== '' ? `dialled ${escapes}` : 'dialled';
}

/** What a policy can write of a URL: its parts, as text. */
function patch(event: RequestEvent, url: string) {
  const [, host = '', port = ''] = /^http:\/\/(.*?)(?::(\d+))?\/[^/]*$/s.exec(url) ?? [];
  return { decision: 'modify' as const, event: movedTo(event, { host, port: port === '' ? 80 : Number(port) }) };
}

/** Only hosts with a path can come as parts; a header cannot hold every character. */
function canCome({ url, expected }: UrlVector, way: Way): boolean {
  if (way === 'patch') return /^http:\/\/[^#]*\/$/.test(url) && (expected === 'refused' || !url.includes('\\'));
  return way !== 'redirect' || !/[\r\n\0]|.{8192}/.test(url);
}

/** Beyond ASCII as the percent signs that URLs are read by. */
function sendable(url: string): string {
  return url.replaceAll(/[^\u0000-\u007f]/g, encodeURIComponent);
}
