import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UsageError } from '../cli-errors.js';
import { type PackagePlan } from './package-from-template.js';

/** Languages that a policy can be begun in. */
export const POLICY_LANGUAGES = ['ts', 'as', 'c', 'wat'] as const;

const SDK = '@llama-orch/policy-sdk';
const ASSEMBLY_SDK = '@llama-orch/policy-as';
const PRODUCT = 'llama-orch';
const NAME = /^[a-z][a-z0-9-]{0,62}$/;

/**
 * The package of a new policy, with SDK and llama-orch linked into it, so that tests and build run at once.
 * @throws UsageError when the name will not do
 */
export function policyPackage(name: string, language: string): PackagePlan {
  if (!NAME.test(name))
    throw new UsageError(
      `"${name}" cannot be the name of a policy: a letter, then lower case letters, digits and hyphens`,
    );
  const require = createRequire(import.meta.url);
  const sdk = dirname(dirname(require.resolve(SDK)));
  const product = join(dirname(require.resolve('../../../package.json')));
  const links = [
    { name: SDK, folder: sdk },
    { name: PRODUCT, folder: product },
    ...(language === 'as'
      ? [{ name: ASSEMBLY_SDK, folder: dirname(require.resolve(`${ASSEMBLY_SDK}/package.json`)) }]
      : []),
  ];
  return {
    name,
    template: join(sdk, 'templates', language),
    links,
    manifest: () => ({ devDependencies: Object.fromEntries(links.map((link) => [link.name, `file:${link.folder}`])) }),
  };
}
