import { z } from 'zod';
import { count, text } from './fields.js';

/** Where the engine of a pool comes from. `external`: somebody else runs it. */
export const PROVISIONING_MODES = ['external', 'source', 'container', 'package', 'binary'] as const;
export type ProvisioningMode = (typeof PROVISIONING_MODES)[number];

const ABSOLUTE = /^(?:\/|~\/)[^\0]+$/;
const SHA256 = /^sha256:[0-9a-f]{64}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const MAX_PORT = 65_535;

const path = () => text(4096).regex(ABSOLUTE, 'must be an absolute path, or begin with ~/');
const checksum = () => z.string().regex(SHA256, 'must be sha256: and 64 hex digits in lower case');
/** A word that goes into an argument list and may not be taken for an option there. */
const word = (most = 400) => text(most).regex(/^[^-\s\0][^\s\0]*$/, 'must not begin with "-" or hold a space');
const argument = () => text(4096).regex(/^[^\0]*$/, 'must not hold a zero byte');

/** HTTPS, or HTTP on loopback: what is fetched is run, so nobody on the way may change it. */
export function isFetchable(url: string): boolean {
  const { protocol, hostname, username, password } = URL.parse(url) ?? {};
  if (username !== '' || password !== '') return false;
  const isLoopback = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname ?? '');
  return protocol === 'https:' || (protocol === 'http:' && isLoopback);
}

const FETCHABLE = 'must be an https:// URL without user name or password (http:// on loopback)';
const fetchable = () => text(4096).refine(isFetchable, FETCHABLE);
const repository = () =>
  text(4096).refine((repo) => isFetchable(repo) || repo.startsWith('/'), `${FETCHABLE}, or an absolute path`);
const weights = () =>
  text(4096).refine((ref) => isFetchable(ref) || ref.startsWith('file:/'), `${FETCHABLE}, or file:/…`);

const source = z.strictObject({
  repo: repository().describe('Git repository: https://…, or an absolute path.'),
  ref: word().describe('Tag, branch or whole commit that is built.'),
  submodules: z.boolean().default(false).describe('Fetch submodules too.'),
  build: z
    .strictObject({
      cmake_flags: z.array(argument()).max(100).default([]).describe('Further arguments of cmake, such as -DX=ON.'),
      generator: word(100).optional().describe('Generator of cmake, such as Ninja. Default: its own.'),
      cache_dir: path().optional().describe('Where it is built. Default: ~/.cache/llama-orch/<engine>.'),
    })
    .prefault({})
    .describe('How it is built.'),
});

const container = z.strictObject({
  image: word().describe('Image without its tag, such as ghcr.io/ggml-org/llama.cpp.'),
  tag: word(128).describe('Tag of the image, or a digest as sha256:<64 hex digits>.'),
  runtime: z.enum(['podman', 'docker']).optional().describe('Default: podman when it is there, else docker.'),
});

const packaged = z.strictObject({
  name: word(200).describe('Name of the package.'),
  version: word(100).optional().describe('Version that must be installed, as the package manager shows it.'),
  repo: word(100).optional().describe('Repository of the package; "aur" builds it from the AUR.'),
});

const binary = z.strictObject({
  path: path().optional().describe('Program that is there already. Nothing is downloaded.'),
  url: fetchable().optional().describe('Program, or .tar.gz that holds it; fetched by llama-orch engine up.'),
  checksum: checksum().optional().describe('What the download must be: sha256:<64 hex digits>. Required with url.'),
  install_dir: path().optional().describe('Where the download goes. Default: ~/.cache/llama-orch/<engine>.'),
});

const model = z.strictObject({
  ref: weights().describe('Weights: https://… (fetched by llama-orch engine up), or file:/…'),
  cache_dir: path().optional().describe('Where weights go. Default: ~/.cache/llama-orch/models.'),
  checksum: checksum().optional().describe('What the weights must be: sha256:<64 hex digits>. Required with https.'),
});

/** How a pool gets and starts its engine. */
export const provisioning = z.strictObject({
  mode: z
    .enum(PROVISIONING_MODES)
    .optional()
    .describe('Where the engine comes from. Default: external with endpoint; required for other engines.'),
  allow_package_installs: z.boolean().default(false).describe('Packages may be installed (Arch, CachyOS).'),
  allow_binary_downloads: z.boolean().default(false).describe('Programs may be downloaded.'),
  engine_version: text(200)
    .optional()
    .describe('Version that the engine must have, or the beginning of it. Required when llama-orch gets the engine.'),
  source: source.optional().describe('For mode source.'),
  container: container.optional().describe('For mode container.'),
  package: packaged.optional().describe('For mode package.'),
  binary: binary.optional().describe('For mode binary.'),
  model: model.optional().describe('Weights, when the model of the pool is no file:/….'),
  ports: z
    .array(count(1, MAX_PORT))
    .max(256)
    .default([])
    .describe('Ports on 127.0.0.1, one per replica. Default: free ones.'),
  env: z
    .record(z.string().regex(VARIABLE, 'must be the name of an environment variable'), argument())
    .default({})
    .describe('Variables of the engine; it sees none of the others that the daemon has. No secrets.'),
  flags: z.array(argument()).max(200).default([]).describe('Further arguments of the engine.'),
  user: word(32).optional().describe('User that engines run as when the daemon runs as root.'),
});

export type Provisioning = z.output<typeof provisioning>;
