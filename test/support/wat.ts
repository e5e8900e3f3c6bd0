import wabt from 'wabt';

import { ABI_VERSION, MANIFEST_SECTION, type PolicyManifest } from '@llama-orch/policy-sdk/abi';

type Wabt = Awaited<ReturnType<typeof wabt>>;

const FEATURES = {
  mutable_globals: true,
  sat_float_to_int: true,
  sign_extension: true,
  multi_value: true,
  bulk_memory: true,
  reference_types: true,
} as const;

/** Off in ordinary fixtures; a test of refusals turns on what it needs. */
export type WatFeatures = NonNullable<Parameters<Wabt['parseWat']>[2]>;

export interface WatOptions {
  /** Members over `manifestOf('fixture')`; without it no custom section is written. */
  readonly manifest?: Partial<PolicyManifest>;
  readonly features?: WatFeatures;
}

let loaded: Promise<Wabt> | undefined;

/** Bytes of a module written as text. The first call takes about 50 ms. */
export async function wasmOf(text: string, { manifest, features }: WatOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const parser = await (loaded ??= wabt());
  const module = parser.parseWat('fixture.wat', text, { ...FEATURES, ...features });
  try {
    const bytes = new Uint8Array(module.toBinary({}).buffer);
    return manifest === undefined ? bytes : withManifest(bytes, manifest);
  } finally {
    module.destroy();
  }
}

/** A whole manifest of a policy that has `on_request`. */
export function manifestOf(members: Partial<PolicyManifest> = {}): PolicyManifest {
  return {
    name: 'fixture',
    version: '1.0.0',
    abi: ABI_VERSION,
    hooks: ['on_request'],
    capabilities: [],
    configSchema: { type: 'object' },
    defaults: {},
    fuelHint: 1_000,
    tests: [],
    source: null,
    license: null,
    ...members,
  };
}

/** The module with its manifest as the last custom section. */
export function withManifest(bytes: Uint8Array, members: Partial<PolicyManifest> = {}): Uint8Array<ArrayBuffer> {
  return withSection(bytes, MANIFEST_SECTION, JSON.stringify(manifestOf(members)));
}

/** The module with one more custom section at its end. */
export function withSection(bytes: Uint8Array, name: string, content: string): Uint8Array<ArrayBuffer> {
  const title = Buffer.from(name);
  const body = Buffer.concat([leb(title.length), title, Buffer.from(content)]);
  return new Uint8Array(Buffer.concat([bytes, Buffer.from([0]), leb(body.length), body]));
}

/** Unsigned LEB128. */
export function leb(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  do {
    out.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(out);
}
