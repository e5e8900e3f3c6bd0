import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildPackage, cTools } from '@llama-orch/policy-sdk/build';

/** Where each language has its main file. */
const FILES = { ts: 'src/index.ts', as: 'src/index.ts', c: 'src/policy.c', wat: 'src/policy.wat' } as const;
const FACTS = { name: 'fixture', version: '1.0.0', hooks: ['on_request'] };

export type Language = keyof typeof FILES;

/** Bytes of a policy that is given as text; `facts` go over those of its policy.json. */
export async function moduleOf(
  language: Language,
  source: string,
  facts: object = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const folder = mkdtempSync(join(tmpdir(), 'llama-orch-policy-'));
  try {
    const file = join(folder, FILES[language]);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, source);
    writeFileSync(join(folder, 'policy.json'), JSON.stringify({ ...FACTS, language, ...facts }));
    return (await buildPackage(folder)).wasm;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const CAN_C = (await cTools()) !== undefined;

/** A block about policies in one language: skipped, with the reason in its title, where they cannot be compiled. */
export function describeIn(language: Language, title: string, tests: () => void): void {
  const isSkipped = language === 'c' && !CAN_C;
  const block = isSkipped ? describe.skip : describe;
  block(isSkipped ? `${title} (skipped: no clang and wasm-ld are installed)` : title, tests);
}
