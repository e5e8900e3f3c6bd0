import { type Plugin, type PluginContext, type PluginKind } from '../contracts/plugin.js';
import { demand } from './demand.js';
import { type Check } from './kit.js';

/** A plugin and the options to create it with, as an operator writes them. */
export interface PluginSubject {
  readonly plugin: Plugin<PluginKind>;
  readonly options: Readonly<Record<string, unknown>>;
}

const quietContext: PluginContext = { log: () => undefined };

/** Parses the options as the host does and creates what the plugin provides. */
export async function createPlugin<Value>(
  plugin: Plugin<PluginKind, unknown, Value>,
  options: Readonly<Record<string, unknown>>,
): Promise<Value> {
  return plugin.create(plugin.options.parse(options), quietContext);
}

/** What every kind of plugin owes. */
export const pluginChecks: readonly Check<PluginSubject>[] = [
  {
    name: 'PL-01 says its id, version and API range',
    run({ plugin: { id, version, apiVersion } }) {
      demand(/^[a-z][a-z0-9-]*$/.test(id), `The id "${id}" must be lower case letters, digits and hyphens; rename it.`);
      demand(/^\d+\.\d+\.\d+/.test(version), `The version "${version}" is no semver version; write it like 1.2.3.`);
      demand(/\d/.test(apiVersion), `The apiVersion "${apiVersion}" is no semver range; write it like ^1.0.0.`);
    },
  },
  {
    name: 'PL-02 refuses unknown options',
    run({ plugin, options }) {
      const known = plugin.options.safeParse(options);
      demand(known.success, `The options of the fixture are refused: ${known.error?.message}. Correct them.`);
      const unknown = plugin.options.safeParse({ ...options, 'no-such-option': true });
      demand(!unknown.success, 'An unknown option is accepted; declare the options with z.strictObject.');
    },
  },
];
