import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ZodError } from 'zod';
import { UsageError } from './cli/cli-errors.js';
import { type SimulateAnswer, type SimulateRequest } from './cli/commands/simulate.js';
import { ConfigError, type FleetConfig, loadFleet, parseFleet } from './config/index.js';
import { SystemClock } from './kernel/clock.js';
import { nearNames } from './kernel/near-names.js';
import { Logger } from './observability/logger.js';
import { FIRST_PARTY } from './plugin-host/first-party.js';
import { PluginHost } from './plugin-host/plugin-host.js';
import { disciplineOptions, knowingTenants } from './scheduling/disciplines/discipline-options.js';
import { type Alternative, alternativesOf } from './scheduling/simulator/alternatives.js';
import { GENERATORS, type GeneratorName, generate } from './scheduling/simulator/generators.js';
import { htmlReport } from './scheduling/simulator/html-report.js';
import { comparisonOf, sectionsOf } from './scheduling/simulator/sections.js';
import { type SimulationResult, simulate as run } from './scheduling/simulator/simulate.js';
import { readTrace } from './scheduling/simulator/trace.js';
import { type Workload } from './scheduling/simulator/workload.js';

/** What serves a workload when no fleet is named: speeds of a small model on one good GPU each. */
const DEFAULT_FLEET = {
  pools: [{ id: 'default', replicas: [{ count: 4, slots: 4, prefill_tps: 2_000, decode_tps: 40, slowdown: 0.05 }] }],
};

/**
 * Runs the simulations that the command line asks for, with the plugins that a daemon would load.
 * @throws ConfigError when a file is wrong, UsageError when a name or a parameter is
 */
export async function simulate(request: SimulateRequest): Promise<SimulateAnswer> {
  const { cwd, seed } = request;
  const fleet = request.fleet === undefined ? parseFleet(DEFAULT_FLEET) : loadFleet(request.fleet, cwd);
  const alternatives = alternativesFor(request, fleet);
  const plugins = await pluginsOf(fleet, request.fleet === undefined ? cwd : dirname(resolve(cwd, request.fleet)));
  if (request.compare !== undefined) for (const alternative of alternatives) refuseUnknown(alternative, plugins);
  const workload = workloadOf(request, fleet);
  const results: SimulationResult[] = [];
  for (const alternative of alternatives) results.push(await simulateOne(alternative, workload, plugins, seed));
  return answerOf(request, alternatives, results);
}

async function simulateOne(
  { fleet }: Alternative,
  workload: Workload,
  plugins: PluginHost,
  seed: number,
): Promise<SimulationResult> {
  const { discipline, placement } = fleet.scheduler;
  try {
    const queues = await plugins.create('queue-discipline', discipline, disciplineOptions(fleet.scheduler));
    const strategy = await plugins.create('placement-strategy', placement, {});
    return run({ fleet, workload, queues: knowingTenants(queues, fleet.tenants), strategy, seed });
  } catch (error) {
    throw pluginProblem(error);
  }
}

function answerOf(
  { html, cwd }: SimulateRequest,
  alternatives: readonly Alternative[],
  results: readonly SimulationResult[],
): SimulateAnswer {
  const [first] = results;
  const reports = results.map(({ report }) => report);
  const names = alternatives.map(({ name }) => name);
  const comparison = results.length > 1 ? [comparisonOf(names, reports)] : [];
  if (html !== undefined) write(resolve(cwd, html), html, htmlReport(first!, comparison));
  if (results.length === 1) return { document: first!.report, sections: sectionsOf(first!.report) };
  return {
    document: { alternatives: names.map((name, index) => ({ name, report: reports[index] })) },
    sections: comparison,
  };
}

function workloadOf({ workload, settings, seed, cwd }: SimulateRequest, fleet: FleetConfig): Workload {
  if (Object.hasOwn(GENERATORS, workload)) return generated(workload as GeneratorName, settings, fleet, seed);
  const path = resolve(cwd, workload);
  if (!existsSync(path)) throw unknownWorkload(workload);
  if (settings.length > 0) throw new UsageError('--set is for generators; a trace says everything itself');
  return readTrace(workload, readText(path, workload), fleet);
}

function generated(name: GeneratorName, settings: readonly string[], fleet: FleetConfig, seed: number): Workload {
  try {
    return generate(name, Object.fromEntries(settings.map(settingOf)), fleet, seed);
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    throw new UsageError(error.issues.map((issue) => settingProblem(issue, name)).join('; '));
  }
}

function settingOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--set ${text}: it must be key=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function settingProblem(issue: ZodError['issues'][number], name: GeneratorName): string {
  const known = Object.keys(GENERATORS[name].shape).join(', ');
  if (issue.code === 'unrecognized_keys') return `${name} has no parameter ${issue.keys.join(', ')}; it has ${known}`;
  return `--set ${issue.path.join('.')}: ${issue.message}`;
}

function unknownWorkload(workload: string): UsageError {
  const names = Object.keys(GENERATORS);
  const [near] = nearNames(workload, names, 1);
  const hint = near === undefined ? `generators are ${names.join(', ')}` : `did you mean ${near}?`;
  return new UsageError(`"${workload}" is neither a generator nor a file; ${hint}`);
}

function alternativesFor({ compare }: SimulateRequest, fleet: FleetConfig): readonly Alternative[] {
  try {
    return alternativesOf(compare, fleet);
  } catch (error) {
    throw new UsageError(`--compare ${compare}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A name on the command line is its mistake; what the fleet file names is told with the file. */
function refuseUnknown({ name, fleet }: Alternative, plugins: PluginHost): void {
  const { discipline, placement } = fleet.scheduler;
  for (const [kind, id] of [
    ['queue-discipline', discipline],
    ['placement-strategy', placement],
  ] as const) {
    const known = plugins.ids(kind);
    if (id !== name || known.includes(id)) continue;
    const [near] = nearNames(id, known, 1);
    const hint = near === undefined ? `there are ${known.join(', ')}` : `did you mean ${near}?`;
    throw new UsageError(`--compare: no ${kind} is called "${id}"; ${hint}`);
  }
}

async function pluginsOf(fleet: FleetConfig, baseFolder: string): Promise<PluginHost> {
  const host = new PluginHost(new SystemClock(), new NoLogger(), baseFolder);
  try {
    await host.load([...FIRST_PARTY, ...fleet.plugins]);
  } catch (error) {
    throw pluginProblem(error);
  }
  return host;
}

/** What the fleet file asks for and cannot be had. */
function pluginProblem(error: unknown): unknown {
  const isSetup = error instanceof Error && error.name === 'Error';
  return isSetup ? new ConfigError([{ path: 'scheduler', message: error.message }]) : error;
}

function readText(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([{ path: '', source: shown, message: `cannot be read (${codeOf(error)})` }]);
  }
}

function write(path: string, shown: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new Error(`the report cannot be written to ${shown} (${codeOf(error)}); name another file with --html`);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown reason';
}

/** Plugins have nothing to tell here: standard output is the report. */
class NoLogger extends Logger {
  override log(): void {}

  override flush(): Promise<boolean> {
    return Promise.resolve(true);
  }
}
