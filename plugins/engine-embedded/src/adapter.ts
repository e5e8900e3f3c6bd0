import {
  type EngineAdapter,
  type EngineConnection,
  type EngineEndpoint,
  EngineError,
  type PluginContext,
} from '@llama-orch/plugin-sdk';

import { EmbeddedConnection } from './connection.js';
import { CrashLog } from './crash-log.js';
import { type EmbeddedOptions } from './options.js';

/** Absolute paths of what the package brings along. */
export interface PackageFiles {
  readonly runner: string;
  readonly bundledModel: string;
}

const BUNDLED_REF = 'haiku-nano';

/** Starts one runner process per replica. The daemon itself never loads the engine. */
export class EmbeddedAdapter implements EngineAdapter {
  private readonly crashLog = new CrashLog();

  constructor(
    private readonly options: EmbeddedOptions,
    private readonly context: PluginContext,
    private readonly files: PackageFiles,
  ) {}

  async connect(endpoint: EngineEndpoint): Promise<EngineConnection> {
    return EmbeddedConnection.open({
      runner: this.files.runner,
      endpoint,
      open: {
        type: 'open',
        modelPath: modelPath(endpoint, this.files),
        slots: endpoint.slots,
        ...(endpoint.contextTokens !== undefined && { contextTokens: endpoint.contextTokens }),
        ...this.options,
      },
      crashLog: this.crashLog,
      log: (level, message, fields) => this.context.log(level, message, fields),
    });
  }
}

function modelPath(endpoint: EngineEndpoint, files: PackageFiles): string {
  if (endpoint.model.path !== undefined) return endpoint.model.path;
  if (endpoint.model.ref === BUNDLED_REF) return files.bundledModel;
  throw new EngineError(
    'unavailable',
    `The embedded engine has no local file for the model ${endpoint.model.ref}; pull it first.`,
    { reason: 'model_missing' },
  );
}
