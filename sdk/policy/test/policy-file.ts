import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SDK = fileURLToPath(new URL('..', import.meta.url));
const folders: string[] = [];

/** Files of a policy in a folder of their own, where the SDK is found as in a package. Answers the path of index.ts. */
export function policyFile(source: string, others: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'llama-orch-policy-sdk-'));
  folders.push(folder);
  const link = join(folder, 'node_modules', '@llama-orch', 'policy-sdk');
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(SDK, link, 'junction');
  for (const [name, text] of Object.entries({ ...others, 'index.ts': source })) writeFileSync(join(folder, name), text);
  return join(folder, 'index.ts');
}

/** A policy with one request hook. */
export function requestPolicy(hook: string, members = ''): string {
  return `
    import { allow, definePolicy, deny, host, log, redact, s } from '@llama-orch/policy-sdk';
    export default definePolicy({ name: 'fixture', version: '1.0.0', ${members} request: ${hook} });
  `;
}

/** After the tests of a file. */
export function removePolicyFiles(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
