import { type EngineConnection, type EngineDescription, EngineError } from '@llama-orch/plugin-sdk';

const WORKLOADS: readonly unknown[] = ['completion', 'embedding', 'rerank'];
const GRADES: readonly unknown[] = ['exact', 'best_effort'];
const MEMBERS = ['describe', 'health', 'generate', 'close'] as const;

/** The connection of an adapter that keeps its contract. @throws EngineError that names what is missing */
export function checkedConnection(engine: string, connection: unknown): EngineConnection {
  const members = (connection ?? {}) as Readonly<Record<string, unknown>>;
  const missing = MEMBERS.filter((member) => typeof members[member] !== 'function');
  if (missing.length > 0) throw broken(`adapter ${engine} gave a connection without ${missing.join(', ')}`);
  return connection as EngineConnection;
}

/** The description that scheduling can rely on. @throws EngineError that names the wrong member */
export function checkedDescription(engine: string, described: unknown): EngineDescription {
  const facts = (described ?? {}) as Readonly<Record<string, unknown>>;
  const wrong = Object.entries(CHECKS).find(([member, isSound]) => !isSound(facts[member]));
  if (wrong !== undefined) throw broken(`adapter ${engine} described its engine with a wrong ${wrong[0]}`);
  return described as EngineDescription;
}

const CHECKS: Readonly<Record<string, (value: unknown) => boolean>> = {
  engineVersion: (value) => typeof value === 'string' && value !== '',
  slots: isCount,
  contextTokens: isCount,
  workloads: (value) => Array.isArray(value) && value.length > 0 && value.every((one) => WORKLOADS.includes(one)),
  determinism: (value) => GRADES.includes(value),
  seedBits: (value) => isCount(value) && value <= 53,
  features: (value) => Array.isArray((value as { params?: unknown } | null | undefined)?.params),
};

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function broken(what: string): EngineError {
  return new EngineError('adapter', `${what}; correct or replace the adapter`, { reason: 'adapter_contract' });
}
