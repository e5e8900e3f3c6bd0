import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PolicyManifest } from '../../abi.js';
import { PolicyBuildError } from '../build-error.js';
import { importFrom } from './tools.js';

interface Wabt {
  parseWat(
    name: string,
    text: string,
    features: object,
  ): { toBinary(options: object): { buffer: Uint8Array }; destroy(): void };
}

const FEATURES = {
  mutable_globals: true,
  sat_float_to_int: true,
  sign_extension: true,
  multi_value: true,
  bulk_memory: true,
};
const PLACE = /\{\{manifest\.place ([1-9]\d*)\}\}/;

/**
 * A module from its text. The manifest stands where `{{manifest.place 512}}` says; `{{manifest}}` becomes its bytes,
 * `{{manifest.bytes}}` their number and `{{manifest.end}}` the address behind them, on a multiple of 16.
 * @throws PolicyBuildError with line and column
 */
export async function fromWat(
  folder: string,
  entry: string,
  manifest: PolicyManifest,
): Promise<Uint8Array<ArrayBuffer>> {
  const text = withManifest(await readFile(join(folder, entry), 'utf8'), Buffer.from(JSON.stringify(manifest)));
  const wabt = await assembler(folder);
  try {
    const module = wabt.parseWat(entry, text, FEATURES);
    try {
      return new Uint8Array(module.toBinary({}).buffer);
    } finally {
      module.destroy();
    }
  } catch (error) {
    throw new PolicyBuildError((error as Error).message);
  }
}

async function assembler(folder: string): Promise<Wabt> {
  const { default: start } = (await importFrom(folder, 'wabt')) as { default: () => Promise<Wabt> };
  return start();
}

function withManifest(text: string, manifest: Buffer): string {
  const place = Number(PLACE.exec(text)?.[1] ?? 0);
  const end = (place + manifest.length + 15) & ~15;
  const hex = manifest.toString('hex').replace(/../g, String.raw`\$&`);
  return text
    .replaceAll(new RegExp(PLACE, 'g'), '$1')
    .replaceAll('{{manifest}}', () => hex)
    .replaceAll('{{manifest.bytes}}', String(manifest.length))
    .replaceAll('{{manifest.end}}', String(end));
}
