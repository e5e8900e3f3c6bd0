import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ApiError, Client } from '@llama-orch/client';

import { UsageError } from './cli/cli-errors.js';
import { type PolicyAnswer, type PolicyRequest, type RecordSource } from './cli/commands/policy/requests.js';
import { dataFolder, loadConfig } from './config/index.js';
import { SystemClock } from './kernel/clock.js';
import { linesForward } from './persistence/audit/line-file.js';
import { logOnDisk } from './persistence/audit/log-on-disk.js';
import { auditPlaces, hasLog } from './persistence/audit/places.js';
import { ModuleArchive } from './policy-host/loading/module-archive.js';
import { builtinFile } from './policy-host/loading/policy-source.js';
import { attack } from './policy-workbench/attack.js';
import { DecisionSource, ExportedDecisions, LoggedDecisions } from './policy-workbench/decisions.js';
import { dev, type NewDecisions } from './policy-workbench/dev.js';
import { explain } from './policy-workbench/explanation.js';
import { benchModule, simulateModule, tryModule } from './policy-workbench/module-jobs.js';
import { ModuleFolders } from './policy-workbench/module-folders.js';
import { build, test } from './policy-workbench/package-jobs.js';
import { type AuditedRow, auditedRow } from './policy-workbench/recorded.js';
import { type Archive, replay, suggest } from './policy-workbench/records-jobs.js';
import { inspect, makeKeys, sign, verify } from './policy-workbench/trust.js';
import { UserInputError } from './policy-workbench/user-input-error.js';

/**
 * Writes, tries and judges policies for the command line.
 * @throws UsageError when what was given cannot be used, Error that says what failed
 */
export async function careForPolicies(request: PolicyRequest): Promise<PolicyAnswer> {
  try {
    return await work(request);
  } catch (error) {
    if (error instanceof UserInputError) throw new UsageError(error.message);
    throw error;
  }
}

async function work(request: PolicyRequest): Promise<PolicyAnswer> {
  switch (request.action) {
    case 'build':
      return build(request, request);
    case 'test':
      return test(request, request);
    case 'dev':
      return dev(request, request, newDecisions(request));
    case 'try':
      return tryModule(request, request);
    case 'bench':
      return benchModule(request, request);
    case 'simulate':
      return simulateModule(request, request, () => decisionsOf(request, request));
    case 'explain':
      return explain(request, archiveOf(request, request));
    case 'replay':
      return replay(request, archiveOf(request, request));
    case 'suggest':
      return suggest(request, archiveOf(request, request));
    case 'attack':
      // Says by itself when nobody answers, or the key is not taken.
      if (request.onDaemon) await clientOf(request).capabilities();
      return attack(request, request, request.daemon);
    case 'inspect':
      return inspect(request, request);
    case 'keys':
      return makeKeys(request, request);
    case 'sign':
      return sign(request, request, new SystemClock().epochMs());
    case 'verify':
      return verify(request, request);
  }
}

function archiveOf(source: RecordSource, request: PolicyRequest): Archive {
  return {
    decisions: decisionsOf(source, request),
    modules: modulesOf(source, request),
  };
}

/** Those that the daemon kept, those of `--modules`, and the built-in ones of this version. */
function modulesOf(source: RecordSource, request: PolicyRequest): ModuleFolders {
  const kept = new ModuleArchive(join(folderOf(source, request).folder, 'policies'));
  const named = source.modules === undefined ? [] : [resolve(request.cwd, source.modules)];
  return new ModuleFolders(kept, [...named, dirname(builtinFile('allow-hosts'))]);
}

function decisionsOf(source: RecordSource, request: PolicyRequest): DecisionSource {
  if (source.file !== undefined) {
    const path = resolve(request.cwd, source.file);
    if (!existsSync(path)) throw new UsageError(`${source.file}: there is no such file`);
    return new ExportedDecisions(() => linesForward(path));
  }
  const { folder, isAsked } = folderOf(source, request);
  const places = auditPlaces(folder);
  // On the machine of the daemon its files say the same, and faster.
  if (hasLog(places) && isAsked) return new LoggedDecisions(() => logOnDisk(places));
  if (source.dir !== undefined)
    throw new UsageError(`there is no audit in ${source.dir}; name the data folder of the daemon`);
  return new DaemonDecisions(clientOf(request));
}

/** The data folder, and whether it is that of the daemon that is asked. */
function folderOf({ dir }: RecordSource, { cwd, env, daemon }: PolicyRequest): { folder: string; isAsked: boolean } {
  if (dir !== undefined) return { folder: resolve(cwd, dir), isAsked: true };
  const { config, source } = loadConfig({ flags: {}, env, cwd, mode: 'compat' });
  const folder = dataFolder(config.storage.data_dir, source.type === 'file' ? dirname(source.path) : cwd, env);
  return { folder, isAsked: listensAt(config.server.bind, daemon.url) };
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** True when a daemon of this configuration, on this machine, answers at the URL. */
function listensAt(bind: string, url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, port } = new URL(url);
  return LOOPBACK.includes(hostname) && bind.endsWith(`:${port || 80}`);
}

function clientOf({ daemon: { url, token } }: PolicyRequest): Client {
  return new Client({ url, ...(token === undefined ? {} : { token }) });
}

const PAGE = 200;

/** What a daemon on another machine tells. */
class DaemonDecisions extends DecisionSource {
  constructor(private readonly client: Client) {
    super();
  }

  override async *rows(): AsyncGenerator<AuditedRow> {
    let after = 0;
    for (;;) {
      const { items, next_cursor } = await this.client.audit({ after, limit: PAGE });
      for (const row of items) yield row.record === null ? auditedRow(row, undefined) : await this.read(row.seq);
      if (next_cursor === null) return;
      after = items.at(-1)?.seq ?? after;
    }
  }

  /** A row is asked for by its number, not looked for. */
  override async find(decision: string): Promise<readonly AuditedRow[]> {
    if (!/^\d{1,15}$/.test(decision)) return super.find(decision);
    try {
      return [await this.read(Number(decision))];
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return [];
      throw error;
    }
  }

  private async read(seq: number): Promise<AuditedRow> {
    const { row, record } = await this.client.auditRow(seq);
    return auditedRow(row, record);
  }
}

/** What the daemon decided since the last look; nothing while it cannot be asked. */
function newDecisions(request: PolicyRequest): NewDecisions {
  const client = clientOf(request);
  let after: number | undefined;
  return async () => {
    try {
      after ??= (await client.auditKey()).head.seq;
      const { items } = await client.audit({ after, limit: PAGE });
      after = items.at(-1)?.seq ?? after;
      return items
        .filter(({ action }) => action.startsWith('tool.') || action === 'admission')
        .map(
          ({ seq, decision, code, plugin, target }) =>
            `  ${seq} ${decision} ${code ?? ''} ${target} by ${plugin ?? 'nobody'}`,
        );
    } catch {
      return [];
    }
  };
}
