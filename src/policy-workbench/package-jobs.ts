import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { buildPackage, type BuiltPolicy, readPolicyPackage } from '@llama-orch/policy-sdk/build';
import {
  bundledPolicy,
  eventOfCase,
  mutate,
  policy,
  readCases,
  runCase,
  unmetExpectation,
} from '@llama-orch/policy-sdk/test';
import { type OpenedPolicy, openPolicy } from '../policy-host/in-process.js';
import { inspectModule } from '../policy-host/module/inspect.js';
import { type PolicyOutcome } from '../policy-host/sandbox/chain.js';
import { type Desk, type Outcome } from './desk.js';
import { parseJson, readText } from './files.js';
import { openModule } from './open-module.js';
import { UserInputError } from './user-input-error.js';

/** A case as the test kit reads it. */
type Case = ReturnType<typeof readCases>[number];

/** What became of one case. */
interface CaseResult {
  readonly name: string;
  /** Undefined when it holds. */
  readonly problem: string | undefined;
}

/** A module that was built and opened, and what came of the tests that it carries. */
export interface BuiltAndTried {
  readonly built: BuiltPolicy;
  readonly opened: OpenedPolicy;
  readonly results: readonly GoldenResult[];
}

/** Compiles the policy of a folder, has it pass its own tests, and says what it is. Of one that fails nothing is written. */
export async function build(
  { folder, out }: { readonly folder: string; readonly out: string | undefined },
  { cwd }: Desk,
): Promise<Outcome> {
  const place = packageFolder(folder, cwd);
  return withBuilt(place, async (tried) => {
    const file = out === undefined ? moduleFile(place, tried.built) : resolve(cwd, out);
    if (tried.results.every(({ problem }) => problem === undefined)) writeModule(tried.built, file);
    return buildOutcome(tried, file);
  });
}

/** Lends the module of a folder while `work` runs; it is opened once, as that takes longer than building it. */
export async function withBuilt<Result>(
  folder: string,
  work: (tried: BuiltAndTried) => Promise<Result>,
): Promise<Result> {
  const built = await buildPackage(folder);
  const opened = await openPolicy(built.wasm);
  try {
    return await work({ built, opened, results: await golden(opened) });
  } finally {
    await opened.close();
  }
}

/** Where the module of a package goes unless somebody says otherwise. */
export function moduleFile(folder: string, { manifest }: BuiltPolicy): string {
  return join(folder, 'dist', `${manifest.name}.wasm`);
}

/** Readers see the whole new file or the whole old one. */
export function writeModule({ wasm }: BuiltPolicy, file: string): void {
  const part = join(dirname(file), `.${process.pid}.part`);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(part, wasm);
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw new UserInputError(`${file} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

export function buildOutcome({ built, results }: Omit<BuiltAndTried, 'opened'>, file: string): Outcome {
  const { digest, manifest, bytes, ms } = built;
  const imports = inspectModule(built.wasm).contents?.imports.map(({ name }) => name) ?? [];
  const failed = results.filter(({ problem }) => problem !== undefined);
  const fuel = Object.fromEntries(results.map((one) => [one.name, one.fuel]));
  const text = [
    failed.length === 0
      ? `${manifest.name} ${manifest.version} is in ${file}`
      : 'nothing was written: the policy fails its own tests',
    `  ${digest}, ${bytes} bytes, built in ${Math.round(ms)} ms`,
    `  hooks ${manifest.hooks.join(', ')}; imports ${imports.join(', ')}`,
    ...results.map(
      ({ name, fuel, problem }) => `  ${problem === undefined ? 'ok  ' : 'FAIL'} ${name}: ${problem ?? `fuel ${fuel}`}`,
    ),
  ].join('\n');
  const document = {
    name: manifest.name,
    version: manifest.version,
    digest,
    bytes,
    ms,
    imports,
    fuel,
    file: failed.length === 0 ? file : null,
    failed,
  };
  return { document, text: `${text}\n`, ok: failed.length === 0 };
}

interface GoldenResult extends CaseResult {
  readonly fuel: number;
}

/** Runs what the module carries, in this process. */
async function golden(opened: OpenedPolicy): Promise<GoldenResult[]> {
  const results: GoldenResult[] = [];
  for (const { name, hook, event, config, expect } of opened.manifest.tests) {
    const { decision, error, fuel } = await opened.decide(hook, { ...event, config });
    results.push({ name, fuel, problem: problemIn(expect, { decision, error }) });
  }
  return results;
}

function problemIn(
  expect: PolicyManifest['tests'][number]['expect'],
  { decision, error }: Pick<PolicyOutcome, 'decision' | 'error'>,
): string | undefined {
  return decision === undefined ? `${error?.code}: ${error?.message}` : unmetExpectation(expect, decision);
}

interface TestJob {
  readonly target: string;
  readonly cases: string | undefined;
  readonly mutate: boolean;
}

/** Runs the cases of a package, or those that a module carries; not ok when one fails or a mutant lives. */
export async function test({ target, cases, mutate: mutates }: TestJob, desk: Desk): Promise<Outcome> {
  const isModule =
    target.endsWith('.wasm') || (existsSync(resolve(desk.cwd, target)) && statSync(resolve(desk.cwd, target)).isFile());
  if (isModule && mutates) throw new UserInputError('--mutate changes the source: give the folder of the package');
  if (isModule) return testModule(target, cases, desk);
  if (cases !== undefined) throw new UserInputError('--cases goes with a module; a package has its own cases.json');
  return testPackage(packageFolder(target, desk.cwd), mutates);
}

async function testModule(path: string, casesPath: string | undefined, { cwd }: Desk): Promise<Outcome> {
  const opened = await openModule(path, undefined, cwd);
  try {
    const cases = casesPath === undefined ? [] : casesIn(casesPath, cwd);
    return testOutcome([...(await golden(opened)), ...(await asModule(opened, cases))], undefined, opened.manifest);
  } finally {
    await opened.close();
  }
}

async function testPackage(folder: string, mutates: boolean): Promise<Outcome> {
  const { language } = await readPolicyPackage(folder);
  if (mutates && language !== 'ts')
    throw new UserInputError(`--mutate is there for policies in TypeScript; this one is in ${language}`);
  return withBuilt(folder, (tried) => testBuilt(folder, tried, mutates));
}

/** All cases of a package: as source and as module in TypeScript, as module in the other languages. */
export async function testBuilt(
  folder: string,
  { opened, results }: BuiltAndTried,
  mutates: boolean,
): Promise<Outcome> {
  const { language, entry, cases } = await readPolicyPackage(folder);
  if (language === 'ts') return testSource(join(folder, entry), cases, opened, mutates);
  return testOutcome([...results, ...(await asModule(opened, cases))], undefined, opened.manifest);
}

async function testSource(
  entry: string,
  cases: readonly Case[],
  opened: OpenedPolicy,
  mutates: boolean,
): Promise<Outcome> {
  // The module that was built is the one that is tested, whatever the kit would build of the source.
  const host = { openPolicy: () => Promise.resolve(lent(opened)) };
  const tested = policy(await bundledPolicy(entry), { entry, host });
  try {
    const results: CaseResult[] = [];
    for (const one of [...cases, ...(await tested.policy()).cases])
      results.push({ name: one.name, problem: await problemOf(() => runCase(tested, one)) });
    const isSound = results.every(({ problem }) => problem === undefined);
    return testOutcome(results, mutates && isSound ? await mutate(tested, cases) : undefined, opened.manifest);
  } finally {
    await tested.close();
  }
}

async function asModule(opened: OpenedPolicy, cases: readonly Case[]): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const { name, hook, event, config = {}, expect } of cases) {
    const { event: whole, bodies } = eventOfCase(hook, event).build();
    const outcome = await opened.decide(hook, { ...whole, config }, bodies);
    results.push({ name, problem: problemIn(expect, outcome) });
  }
  return results;
}

/** The same policy for a borrower, who cannot close it. */
function lent(opened: OpenedPolicy): Pick<OpenedPolicy, 'manifest' | 'decide' | 'close'> {
  return {
    manifest: opened.manifest,
    decide: (...question) => opened.decide(...question),
    close: () => Promise.resolve(),
  };
}

async function problemOf(run: () => Promise<void>): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Mutation = Awaited<ReturnType<typeof mutate>>;

function testOutcome(
  results: readonly CaseResult[],
  mutation: Mutation | undefined,
  manifest?: PolicyManifest,
): Outcome {
  const failed = results.filter(({ problem }) => problem !== undefined);
  const survived = (mutation?.survived ?? []).map(({ line, became }) => ({ line, became }));
  const lines = [
    ...results.map(({ name, problem }) => (problem === undefined ? `ok   ${name}` : `FAIL ${name}: ${problem}`)),
    `${results.length - failed.length} passed, ${failed.length} failed`,
    ...(mutation === undefined ? [] : [`${mutation.mutants} mutants, ${survived.length} survived`]),
    ...survived.flatMap(({ line, became }) => [`  ${line}`, `  became ${became}`]),
  ];
  const document = {
    ...(manifest === undefined ? {} : { name: manifest.name }),
    ...{
      passed: results.length - failed.length,
      failed,
      ...(mutation === undefined ? {} : { mutants: mutation.mutants, survived }),
    },
  };
  return { document, text: `${lines.join('\n')}\n`, ok: failed.length === 0 && survived.length === 0 };
}

/** @throws UserInputError that names the file and the case that is wrong */
function casesIn(path: string, cwd: string): readonly Case[] {
  parseJson(readText(path, cwd), path);
  try {
    return readCases(resolve(cwd, path));
  } catch (error) {
    throw new UserInputError((error as Error).message, { cause: error });
  }
}

/** What tells a package of a policy from other folders. */
const SIGNS = ['policy.json', join('src', 'index.ts')];

/** @throws UserInputError when there is no package */
export function packageFolder(folder: string, cwd: string): string {
  const place = resolve(cwd, folder);
  if (SIGNS.some((file) => existsSync(join(place, file)))) return place;
  if (!existsSync(place)) throw new UserInputError(`${folder}: there is no such folder`);
  const hint = 'it has neither policy.json nor src/index.ts; llama-orch policy new makes one';
  throw new UserInputError(`${folder} is no package of a policy: ${hint}`);
}
