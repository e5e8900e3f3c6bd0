import { builtinModules } from 'node:module';
import { basename, dirname, extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build as esbuild, type BuildFailure, type BuildOptions, type Message, type Plugin } from 'esbuild';
import { PolicyBuildError } from './build-error.js';

const SDK = '@llama-orch/policy-sdk';
/** Compiled or not, the files of the package lie beside each other. */
const EXTENSION = extname(fileURLToPath(import.meta.url));
const fileOfPackage = (name: string) => fileURLToPath(new URL(`../${name}${EXTENSION}`, import.meta.url));

export interface BundleOptions {
  /** Leaves names and lines as they are, for tools that look into the bundle. */
  readonly readable?: boolean;
  /** What is done with the policy once it is there; by default it is installed for the host. */
  readonly footer?: string;
}

/** One script that makes the policy answer its host. @throws PolicyBuildError with file, line and column */
export function bundle(entry: string, options: BundleOptions = {}): Promise<string> {
  return bundled({
    ...COMMON,
    stdin: { contents: script(entry, options), resolveDir: dirname(entry), loader: 'js' },
    absWorkingDir: dirname(entry),
    format: 'iife',
    // Names and paths of the machine that builds stay out of the module.
    minify: options.readable !== true,
    plugins: [boundary],
  });
}

/** A module for Node whose default export is that of the entry, for tests; debuggers find the sources by its map. */
export function runnableBundle(entry: string): Promise<string> {
  const options = { absWorkingDir: dirname(entry), format: 'esm', sourcemap: 'inline' } as const;
  return bundled({ ...COMMON, ...options, entryPoints: [entry], plugins: [linkedSdk, boundary] });
}

const COMMON = {
  bundle: true,
  write: false,
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2023',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'silent',
} as const satisfies BuildOptions;

async function bundled(options: BuildOptions): Promise<string> {
  try {
    const { outputFiles = [] } = await esbuild(options);
    return outputFiles[0]?.text ?? '';
  } catch (error) {
    throw new PolicyBuildError((error as BuildFailure).errors?.map(sentence).join('\n') ?? String(error));
  }
}

function script(entry: string, { footer = 'install(policy);' }: BundleOptions): string {
  return `
    import ${JSON.stringify(fileOfPackage('guest-globals'))};
    import { install } from ${JSON.stringify(fileOfPackage('guest'))};
    import policy from ${JSON.stringify(`./${basename(entry)}`)};
    ${footer}
  `;
}

/** What a policy may import: files, packages that are installed, and this SDK; nothing of Node, nothing of the network. */
const boundary: Plugin = {
  name: 'policy',
  setup(build) {
    build.onResolve({ filter: /^@llama-orch\/policy-sdk(\/.*)?$/ }, ({ path }) => ownEntry(path));
    build.onResolve({ filter: /^(node|https?|data):/ }, ({ path }) => ({ errors: [{ text: refusal(path) }] }));
    build.onResolve({ filter: /^[a-z_]+(\/[a-z]+)?$/ }, ({ path }) =>
      builtinModules.includes(path) ? { errors: [{ text: refusal(path) }] } : undefined,
    );
  },
};

/** One copy of the SDK for test kit and policy. */
const linkedSdk: Plugin = {
  name: 'linked-sdk',
  setup(build) {
    build.onResolve({ filter: /^@llama-orch\/policy-sdk$/ }, () => ({
      path: pathToFileURL(fileOfPackage('index')).href,
      external: true,
    }));
  },
};

function ownEntry(path: string) {
  if (path === SDK) return { path: fileOfPackage('index') };
  if (path === `${SDK}/abi`) return { path: fileOfPackage('abi') };
  return { errors: [{ text: `${path} is for building and testing policies; inside of one, import ${SDK}` }] };
}

function refusal(path: string): string {
  if (/^(https?|data):/.test(path))
    return `${path} is not fetched: a policy is built offline; install the package instead`;
  return `${path} is not there inside a policy: it decides from the event alone, without files, network or processes`;
}

function sentence({ text, location }: Message): string {
  const without = /^No matching export in "(.+)" for import "default"$/.exec(text)?.[1];
  if (without !== undefined)
    return `${without} has no policy as its default export; write: export default definePolicy({ … })`;
  if (location === null) return text;
  const { file, line, column, lineText } = location;
  return `${file}:${line}:${column + 1}: ${text}\n    ${line} | ${lineText}`;
}
