import { join, resolve } from 'node:path';
import { type Config, dataFolder } from '../../config/index.js';

/** Everything that a backup holds beside the database, by the name of its folder there. */
export const PARTS = ['audit', 'keys', 'policies', 'catalog', 'artifacts'] as const;
export type Part = (typeof PARTS)[number];

/** Where a daemon keeps what must survive. Weights, engines and what is being fetched can be got again. */
export interface BackupPlaces {
  readonly data: string;
  readonly parts: Readonly<Record<Part, string>>;
}

export function backupPlaces(config: Config, baseFolder: string, env: NodeJS.ProcessEnv): BackupPlaces {
  const data = dataFolder(config.storage.data_dir, baseFolder, env);
  const rootOf = (root: string | undefined, name: string) =>
    root === undefined ? join(data, name) : resolve(baseFolder, root);
  return {
    data,
    parts: {
      audit: join(data, 'audit'),
      keys: join(data, 'keys'),
      policies: join(data, 'policies'),
      catalog: join(rootOf(config.catalog.root, 'catalog'), 'entries'),
      artifacts: join(rootOf(config.artifacts.root, 'artifacts'), 'blobs'),
    },
  };
}
