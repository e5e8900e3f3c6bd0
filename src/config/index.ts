export {
  configSchema,
  DEFAULT_MODEL,
  SCOPES,
  type Config,
  type KeyRecord,
  type PolicyEntry,
  type PoolConfig,
  type Scope,
} from './schema.js';
export { knownEngines } from './engine-facts.js';
export { dataFolder } from './data-folder.js';
export { isFetchable, type Provisioning, type ProvisioningMode } from './provisioning-schema.js';
export { isLoopback, parseBind, type BindAddress } from './bind.js';
export { allowsPrivate, askedPolicies, isUnguarded, policyProfile } from './by-bind.js';
export { configJsonSchema, configJsonSchemaText } from './json-schema.js';
export { type ConfigMode } from './check.js';
export { loadConfig, parseConfig, type LoadedConfig, type LoadRequest } from './load.js';
export { ENV_KEY_ID, type Environment } from './environment.js';
export { type Origin, type Origins } from './origins.js';
export { ConfigError, problemText, type ConfigProblem, type Position } from './problem.js';
export { loadFleet, parseFleet, type FleetConfig, type FleetPool } from './fleet.js';
export { redacted } from './redacted.js';
export { type ConfigFlags } from './settings.js';
export { type ConfigSource } from './source.js';
