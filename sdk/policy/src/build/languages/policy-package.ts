import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type JsonObject } from '../../schema/schema.js';
import { ABI_VERSION, type PolicyHook, type PolicyManifest } from '../../abi.js';
import { type PolicyCase } from '../../define-policy.js';
import { PolicyBuildError } from '../build-error.js';

const LANGUAGES = ['ts', 'as', 'c', 'wat'] as const;
const ENTRIES = { ts: 'src/index.ts', as: 'src/index.ts', c: 'src/policy.c', wat: 'src/policy.wat' };

/** What policy.json says. A policy in TypeScript says most of it by itself. */
export interface PolicyFacts {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly description?: string;
  /** Default: `ts`. */
  readonly language?: (typeof LANGUAGES)[number];
  /** Main file, from the folder. */
  readonly entry?: string;
  readonly hooks?: readonly PolicyHook[];
  readonly capabilities?: readonly string[];
  readonly configSchema?: JsonObject;
  readonly defaults?: JsonObject;
  readonly fuelHint?: number;
  readonly source?: PolicyManifest['source'];
}

/** A case of cases.json; golden ones are carried in the module. */
export type PackagedCase = PolicyCase & { readonly golden?: boolean };

/** The folder of a policy: its facts, its main file and its cases. */
export interface PolicyPackage {
  readonly folder: string;
  readonly facts: PolicyFacts;
  readonly language: (typeof LANGUAGES)[number];
  readonly entry: string;
  readonly cases: readonly PolicyCase[];
  readonly golden: readonly PolicyCase[];
}

/** Reads policy.json and cases.json, which may both be absent. @throws PolicyBuildError that names the file */
export async function readPolicyPackage(folder: string): Promise<PolicyPackage> {
  const facts = ((await readJson(join(folder, 'policy.json'))) ?? {}) as PolicyFacts;
  const packaged = casesIn(await readJson(join(folder, 'cases.json')));
  const { language = 'ts' } = facts;
  if (!LANGUAGES.includes(language)) {
    throw new PolicyBuildError(
      `policy.json: the language ${JSON.stringify(language)} is not one of ${LANGUAGES.join(', ')}`,
    );
  }
  const entry = facts.entry ?? ENTRIES[language];
  const golden = packaged.filter((one) => one.golden === true).map(plainCase);
  return { folder, facts, language, entry, cases: packaged.map(plainCase), golden };
}

/** The manifest of a policy whose language cannot say it, without tests. @throws PolicyBuildError for what is missing */
export function manifestOf({ facts }: PolicyPackage): Omit<PolicyManifest, 'tests'> {
  const { name, version, hooks } = facts;
  if (name === undefined || version === undefined || hooks === undefined) {
    throw new PolicyBuildError('policy.json: name, version and hooks have to be there');
  }
  return {
    name,
    version,
    abi: ABI_VERSION,
    hooks,
    capabilities: facts.capabilities ?? [],
    configSchema: facts.configSchema ?? { type: 'object', additionalProperties: false },
    defaults: facts.defaults ?? {},
    fuelHint: facts.fuelHint ?? 0,
    source: facts.source ?? null,
    license: facts.license ?? null,
  };
}

function casesIn(document: unknown = []): readonly PackagedCase[] {
  if (Array.isArray(document)) return document as readonly PackagedCase[];
  throw new PolicyBuildError('cases.json: it has to be a list of cases');
}

function plainCase({ golden: _, ...rest }: PackagedCase): PolicyCase {
  return rest;
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PolicyBuildError(`${file}: ${(error as Error).message}`);
  }
}
