import { BEFORE_ALL } from '../../audit/chain.js';
import { type Config } from '../../config/index.js';
import { type Clock } from '../../kernel/clock.js';
import { type Logger } from '../../observability/logger.js';
import { type Metrics } from '../../observability/metrics.js';
import { type Redactor } from '../../observability/redactor.js';
import { prepareFolder } from '../data-folder.js';
import { StoreError } from '../store-error.js';
import { type OpenFile } from './append-file.js';
import { AuditFiles, byAudit } from './audit-files.js';
import { AuditTelemetry } from './audit-telemetry.js';
import { AuditWriter } from './audit-writer.js';
import { HeadFile } from './head-file.js';
import { hasKeys, openKeys } from './key-files.js';
import { findEnd } from './open-audit.js';
import { type AuditPlaces, auditPlaces, hasLog } from './places.js';
import { Retention } from './retention.js';

export interface AuditPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly redactor: Redactor;
  readonly open?: OpenFile;
}

const TAKEN_AWAY = 'there were keys of an audit, and no rows: an earlier log was taken away';

/** Opens the log of a data folder, which belongs to this process alone. @throws StoreError when that cannot be done */
export async function newAuditFiles(
  dataFolder: string,
  config: Config['audit'],
  ports: AuditPorts,
): Promise<AuditFiles> {
  try {
    return await openLog(auditPlaces(dataFolder), config, ports);
  } catch (error) {
    throw storeErrorOf(error, dataFolder);
  }
}

async function openLog(places: AuditPlaces, config: Config['audit'], ports: AuditPorts): Promise<AuditFiles> {
  const { clock, redactor, open } = ports;
  const { folder } = places;
  for (const own of [folder, places.keys]) prepareFolder(own);
  const isNew = !hasLog(places);
  const hadKeys = hasKeys(places.keys);
  const keys = openKeys(places.keys, !isNew);
  const head = new HeadFile(places.head, keys.hashKey, open);
  // Before the first row: from now on a head that is missing was taken away.
  if (isNew) await head.write(BEFORE_ALL);
  const found = await findEnd(places, keys, open);
  const writerPorts = { folder, keys, head, open, checkpointRows: config.checkpoint_rows };
  const writer = new AuditWriter(writerPorts, found.end, found.segment);
  const telemetry = new AuditTelemetry(ports.metrics, ports.logger);
  const log = new AuditFiles({
    ...{ clock, redactor, telemetry, keys, folder, writer },
    retention: new Retention(places, keys, config.retention_days),
    keepsRecords: config.records,
    checkpointMs: config.checkpoint_ms,
  });
  const note = isNew && hadKeys ? TAKEN_AWAY : found.note;
  if (found.isDamaged || (isNew && hadKeys)) telemetry.damaged(note ?? '');
  // A full disk does not keep the daemon from starting: reads go on, and it tries again by itself.
  await log.append(byAudit('audit.start', note)).catch(() => {});
  return log;
}

function storeErrorOf(error: unknown, dataFolder: string): unknown {
  if (error instanceof StoreError || !(error instanceof Error) || !('code' in error)) return error;
  const hint = 'make it readable and writable, or name another one in storage.data_dir or LLORCH_DATA_DIR';
  return new StoreError(
    'unusable',
    `the audit in ${dataFolder} cannot be opened (${String(error.code)}); ${hint}`,
    error,
  );
}
