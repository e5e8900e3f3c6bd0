import { type Environment } from './environment.js';
import { type Override } from './origins.js';
import { valueAt, type Path } from './path.js';
import { type ConfigProblem } from './problem.js';
import { DEFAULT_POOL } from './schema.js';

/** What the command line may set; each beats its variable and the file. */
export interface ConfigFlags {
  /** Path of the configuration file, relative to `cwd`. */
  readonly config?: string;
  /** host:port */
  readonly bind?: string;
  /** Model of the pool `default`, where no pools are configured. */
  readonly model?: string;
  /** Log level. */
  readonly log?: string;
}

interface Settings {
  readonly overrides: readonly Override[];
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

interface Setting {
  readonly path: Path;
  readonly flag?: keyof ConfigFlags;
  readonly variable: string;
}

const MODEL: Setting = { path: ['pools', 0, 'model'], flag: 'model', variable: 'LLORCH_MODEL' };
const SETTINGS: readonly Setting[] = [
  { path: ['server', 'bind'], flag: 'bind', variable: 'LLORCH_BIND' },
  { path: ['log', 'level'], flag: 'log', variable: 'LLORCH_LOG' },
  { path: ['storage', 'data_dir'], variable: 'LLORCH_DATA_DIR' },
];

/** What flags and variables set. A model can only be set for the pool that is there without configured pools. */
export function settingsOf(flags: ConfigFlags, env: Environment, written: unknown): Settings {
  const overrides = SETTINGS.flatMap((setting) => setBy(setting, flags, env));
  const model = setBy(MODEL, flags, env);
  if (model.length === 0) return { overrides, problems: [], warnings: [] };
  if (valueAt(written, ['pools']) !== undefined) return { overrides, ...modelWithPools(flags) };
  const pool: Override = { path: ['pools'], value: [DEFAULT_POOL], origin: { type: 'default' } };
  return { overrides: [...overrides, pool, ...model], problems: [], warnings: [] };
}

function setBy({ path, flag, variable }: Setting, flags: ConfigFlags, env: Environment): Override[] {
  const given = flag === undefined ? undefined : flags[flag];
  if (given !== undefined) return [{ path, value: given, origin: { type: 'flag', name: `--${flag}` } }];
  if (env[variable]) return [{ path, value: env[variable], origin: { type: 'env', name: variable } }];
  return [];
}

function modelWithPools(flags: ConfigFlags): Pick<Settings, 'problems' | 'warnings'> {
  const message = 'sets the model of the pool "default", but the configuration has pools of its own';
  if (flags.model === undefined) {
    return {
      problems: [],
      warnings: [{ path: 'pools', source: 'LLORCH_MODEL', message: `${message}; it is not used` }],
    };
  }
  const hint = 'set the model in the configuration, or leave --model out';
  return { problems: [{ path: 'pools', source: '--model', message, hint }], warnings: [] };
}
