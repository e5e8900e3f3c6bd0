import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type PackagePlan } from './package-from-template.js';

const SDK = '@llama-orch/plugin-sdk';

/** The package of a new engine adapter, with the SDK of this llama-orch linked into it, so that its test runs at once. */
export function enginePackage(name: string): PackagePlan {
  const sdk = dirname(dirname(createRequire(import.meta.url).resolve(SDK)));
  return {
    name,
    template: join(sdk, 'templates', 'engine'),
    links: [{ name: SDK, folder: sdk }],
    // Hosts bring the SDK along; for work on the adapter, `npm install` finds it where it is.
    manifest: (version) => ({
      peerDependencies: { [SDK]: `^${version(sdk)}` },
      devDependencies: { [SDK]: `file:${sdk}` },
    }),
  };
}
