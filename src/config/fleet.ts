import { readFileSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { readDocument } from './document.js';
import { count, milliseconds, name, poolId, text } from './fields.js';
import { findingsOf, type Finding } from './issues.js';
import { type SchemaNode } from './json-schema.js';
import { placed } from './load.js';
import { admission, classesOf, perf, queue } from './pool-schema.js';
import { ConfigError } from './problem.js';
import { classCaps, duplicates, listAt } from './rules.js';
import { isRecord } from './path.js';
import { plugin, preemption, scheduler } from './schema.js';

const tokensPerSecond = () => z.number().positive().max(1e9);

const fault = z.strictObject({
  at_ms: milliseconds(0).describe('When the replica dies, from the start.'),
  back_ms: milliseconds(0).optional().describe('When it is ready again. Absent: never.'),
});

const replicas = z.strictObject({
  count: count(1, 10_000).default(1).describe('Replicas like this one.'),
  slots: count(1, 4_096).default(1).describe('Tasks that one replica decodes at once.'),
  prefill_tps: tokensPerSecond().describe('Prompt tokens per second of one slot.'),
  decode_tps: tokensPerSecond().describe('Tokens per second of one slot while the others are idle.'),
  slowdown: z.number().min(0).max(100).default(0).describe('Share by which each further busy slot slows all of them.'),
  interruptible: z.boolean().default(false).describe('Runs can be suspended and repeated to the same token.'),
  labels: z.record(z.string().min(1).max(63), z.string().max(200)).default({}).describe('Facts for placement.'),
  faults: z.array(fault).max(1_000).default([]).describe('When each of them dies, and is back.'),
});

const pool = z
  .strictObject({
    id: poolId().describe('Name of the pool; unique.'),
    model: text().optional().describe('Model that it serves; tasks that name another one pass it by.'),
    replicas: z.array(replicas).min(1).describe('What really serves.'),
    perf: perf.prefault({}).describe('Speeds that predictions assume until they have measured.'),
    queue: queue.prefault({}).describe('As in the configuration of a daemon.'),
    admission: admission.prefault({}).describe('As in the configuration of a daemon.'),
  })
  .transform((one) => ({ ...one, admission: { priorities: classesOf(one) } }));

const tenant = z.strictObject({
  id: name().describe('Tenant of the workload.'),
  weight: z.number().positive().max(1e6).default(1).describe('Its share, relative to the others.'),
});

const fleetSchema = z.strictObject({
  pools: z.array(pool).min(1).describe('What serves the workload.'),
  scheduler: scheduler.prefault({}).describe('As in the configuration of a daemon.'),
  preemption: preemption.prefault({}).describe('As in the configuration of a daemon.'),
  tenants: z.array(tenant).default([]).describe('Tenants whose weight is not 1.'),
  plugins: z.array(plugin).default([]).describe('As in the configuration of a daemon.'),
});

/** Machines that do not exist, as a simulation has them. Member names are those of the file. */
export type FleetConfig = z.output<typeof fleetSchema>;
export type FleetPool = FleetConfig['pools'][number];

/**
 * Reads and checks a fleet file.
 * @throws ConfigError with every problem at once
 */
export function loadFleet(file: string, cwd: string): FleetConfig {
  const path = resolve(cwd, file);
  const short = relative(cwd, path);
  const shown = short.startsWith(`..${sep}`) ? path : short;
  const document = readDocument(shown, read(path, shown));
  if (document.data === undefined) throw new ConfigError(document.problems);
  const { fleet, findings } = check(document.data);
  const problems = [...document.problems, ...findings.map((finding) => placed(finding, [], document))];
  if (fleet === undefined || problems.length > 0) throw new ConfigError(problems);
  return fleet;
}

/**
 * Checks a fleet that is already a value.
 * @throws ConfigError with every problem at once
 */
export function parseFleet(data: unknown): FleetConfig {
  const { fleet, findings } = check(data);
  if (fleet === undefined || findings.length > 0) throw new ConfigError(findings.map((finding) => placed(finding, [])));
  return fleet;
}

function check(data: unknown): { readonly fleet?: FleetConfig; readonly findings: readonly Finding[] } {
  const result = fleetSchema.safeParse(data);
  const together = rules(data);
  if (result.success) return { fleet: result.data, findings: together };
  const schema = z.toJSONSchema(fleetSchema, { target: 'draft-7', io: 'input' }) as SchemaNode;
  return { findings: [...findingsOf(result.error.issues, data, schema), ...together] };
}

/** What members must hold true together. */
function rules(data: unknown): Finding[] {
  const pools = listAt(data, ['pools']).flatMap((one, at) =>
    isRecord(one)
      ? [...classCaps(one, ['pools', at]), ...duplicates(one, ['admission', 'priorities'], 'name', ['pools', at])]
      : [],
  );
  return [...duplicates(data, ['pools'], 'id'), ...duplicates(data, ['tenants'], 'id'), ...pools];
}

function read(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message = code === 'ENOENT' ? 'no such file' : `cannot be read (${code ?? 'unknown reason'})`;
    throw new ConfigError([{ path: '', source: shown, message, hint: 'name a fleet file with --fleet' }]);
  }
}
