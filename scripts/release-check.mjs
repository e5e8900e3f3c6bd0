// What a release must not have: pools that make up their tokens in anything a user starts from, and versions that disagree.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './build-if-stale.mjs';
import { loadConfig } from '../dist/config/index.js';

const read = (...path) => readFileSync(join(ROOT, ...path), 'utf8');
const folders = (parent) => readdirSync(join(ROOT, parent)).map((name) => join(parent, name));

/** Configurations a user may start from: the built-in one and the examples. */
function mockPools() {
  const examples = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.yaml'));
  const env = { LLORCH_API_TOKEN: 'a-token-for-the-check-alone' };
  const loaded = [undefined, ...examples].map((name) => ({
    name: name ?? 'the defaults',
    config: loadConfig({ env, cwd: '/', flags: name === undefined ? {} : { config: join(ROOT, 'examples', name) } })
      .config,
  }));
  return loaded.flatMap(({ name, config }) =>
    config.pools.filter(({ engine }) => engine === 'mock').map(({ id }) => `${name}: pool ${id} has the engine mock`),
  );
}

function versionProblems() {
  const { version } = JSON.parse(read('package.json'));
  const packages = [...folders('sdk'), ...folders('plugins')];
  const strays = packages.filter((folder) => JSON.parse(read(folder, 'package.json')).version !== version);
  const problems = strays.map((folder) => `${folder} has another version than ${version}`);
  return read('CHANGELOG.md').includes(`## ${version}`)
    ? problems
    : [...problems, `CHANGELOG.md has no entry for ${version}`];
}

const problems = [...mockPools(), ...versionProblems()];
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? 'fit for release' : 'not fit for release');
process.exitCode = problems.length === 0 ? 0 : 1;
