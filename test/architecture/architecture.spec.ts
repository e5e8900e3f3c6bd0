import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileCycles, roomCycles } from './cycles.js';
import { floorViolations, roomsWithoutFloor } from './floors.js';
import { clockReads, forbiddenWords, lockedAddresses, nestOutOfPlace, overlong } from './house-rules.js';
import { packageViolations, type PackageManifest } from './packages.js';
import { filesAtTop, filesIn, ROOT, type SourceFile } from './source-file.js';

const file = (path: string, text: string): SourceFile => ({ path, text });
/** Templates are packages of others to be. */
const isProduct = ({ path }: SourceFile) =>
  !/\.spec\.ts$|\/test\/|\/templates\//.test(path) || path.startsWith('sdk/policy/src/test/');

const all = filesIn(['src', 'sdk', 'plugins', 'policies'], '.ts');
const product = all.filter(isProduct);
const packages = ['sdk', 'plugins'].flatMap((folder) =>
  readdirSync(join(ROOT, folder)).map((name) => manifestOf(`${folder}/${name}`)),
);

const policies = readdirSync(join(ROOT, 'policies')).map((name) => ({
  folder: `policies/${name}`,
  dependencies: { '@llama-orch/policy-sdk': '0.1.0' },
}));

function manifestOf(folder: string): PackageManifest {
  return { ...(JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as object), folder };
}

it('reads the sources that it judges', () => {
  expect(product.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['src/kernel/errors.ts', 'src/config/index.ts']),
  );
  expect(packages.map(({ folder }) => folder)).toContain('plugins/engine-mock');
});

describe('floors', () => {
  it('every room imports only from floors below it', () => expect(floorViolations(product)).toEqual([]));
  it('every room has a floor', () => expect(roomsWithoutFloor(all)).toEqual([]));

  it.each([
    ['upwards', 'src/pools/pool.ts', `import { Task } from '../tasks/task.js';`],
    ['sideways', 'src/config/load.ts', `import { log } from '../observability/logger.js';`],
    ['with a type only', 'src/tasks/a.ts', `import { type B } from '../http/b.js';`],
    ['with a re-export', 'src/tasks/a.ts', `export * from '../http/b.js';`],
    ['with import()', 'src/tasks/a.ts', `const b = await import('../http/b.js');`],
    ['with the type of an import', 'src/tasks/a.ts', `let b: import('../http/b.js').B;`],
    ['the application', 'src/http/a.ts', `import { AppModule } from '../app.module.js';`],
    ['a plugin', 'src/pools/a.ts', `import mock from '@llama-orch/engine-mock';`],
    ['a plugin by path', 'src/pools/a.ts', `import mock from '../../plugins/engine-mock/src/index.js';`],
    ['the client', 'src/http/a.ts', `import { Client } from '@llama-orch/client';`],
    ['too much from the command line', 'src/cli/a.ts', `import { Pool } from '../pools/pool.js';`],
    ['test code', 'src/pools/a.ts', `import { startApp } from '../../test/support/start-app.js';`],
  ])('an import %s is found', (_what, path, text) => {
    expect(floorViolations([file(path, text)])).toHaveLength(1);
  });

  it('names the file, the import and both floors', () => {
    expect(floorViolations([file('src/pools/pool.ts', `import { Task } from '../tasks/task.js';`)])).toEqual([
      'src/pools/pool.ts imports ../tasks/task.js: pools (floor 5) must not see tasks (floor 6)',
    ]);
  });

  it.each([
    ['downwards', 'src/tasks/a.ts', `import { Pool } from '../pools/pool.js';`],
    ['of its own room', 'src/scheduling/core/a.ts', `import { b } from '../estimator.js';`],
    ['of the kernel from its own floor', 'src/config/a.ts', `import { nearNames } from '../kernel/near-names.js';`],
    ['of the SDK', 'src/pools/a.ts', `import { EngineError } from '@llama-orch/plugin-sdk';`],
    ['of the wire types', 'src/admission/a.ts', `import { type CreateTask } from '@llama-orch/client';`],
    ['of a library', 'src/pools/a.ts', `import semver from 'semver';`],
    ['of anything by the application', 'src/main.ts', `import { App } from './http/http.module.js';`],
  ])('an import %s is fine', (_what, path, text) => {
    expect(floorViolations([file(path, text)])).toEqual([]);
  });

  it('a room that no floor names is found', () => {
    expect(roomsWithoutFloor([file('src/cellar/a.ts', ''), file('src/main.ts', '')])).toEqual(['cellar']);
  });
});

describe('cycles', () => {
  it('no rooms import each other', () => expect(roomCycles(product)).toEqual([]));
  it('no files need each other to load', () => expect(fileCycles(product)).toEqual([]));

  const ring = (keyword: string) => [
    file('src/a/x.ts', `import { y } from '../b/y.js';`),
    file('src/b/y.ts', `import { z } from '../c/z.js';`),
    file('src/c/z.ts', `import { ${keyword} x } from '../a/x.js';`),
  ];
  it('a ring of rooms is found', () => expect(roomCycles(ring('type'))).toEqual(['a → b → c → a']));
  it('a ring of files is found, unless types close it', () => {
    expect(fileCycles(ring(''))).toEqual(['src/a/x.ts → src/b/y.ts → src/c/z.ts → src/a/x.ts']);
    expect(fileCycles(ring('type'))).toEqual([]);
  });
});

describe('packages', () => {
  it.each([...packages, ...policies])('$folder imports only what a package of a stranger could', (manifest) => {
    expect(packageViolations(manifest, product)).toEqual([]);
  });

  const manifest = { folder: 'plugins/p', dependencies: { undici: '8', '@llama-orch/client': '1' } };
  it.each([
    ['the daemon', `import { Pool } from '../../../src/pools/pool.js';`],
    ['a neighbour', `import { x } from '../../q/src/index.js';`],
    ['an undeclared package', `import semver from 'semver';`],
    ['another package of ours', `import { Client } from '@llama-orch/client';`],
    ['an undeclared discipline', `import { Wfq } from '@llama-orch/queue-wfq';`],
    ['an undeclared SDK', `import { EngineError } from '@llama-orch/plugin-sdk';`],
  ])('an import of %s is found', (_what, text) => {
    expect(packageViolations(manifest, [file('plugins/p/src/index.ts', text)])).toHaveLength(1);
  });
  it('declared packages, built-ins and own files are fine', () => {
    const text = `import { Pool } from 'undici'; import { join } from 'node:path'; import { x } from './x.js';`;
    expect(packageViolations(manifest, [file('plugins/p/src/index.ts', text)])).toEqual([]);
  });
});

describe('house rules', () => {
  const readable = [...all, ...filesIn(['test'], '.ts'), ...filesIn(['scripts', 'bin'], '.mjs')];
  const texts = filesIn(
    ['contracts', 'docs', 'examples', '.ci', 'src', 'sdk', 'plugins', 'test'],
    '.yaml',
    '.json',
    '.md',
    'run',
  );
  const written = [...readable, ...texts, ...filesAtTop('.md', '.mjs', '.npmrc', 'package.json')];

  it('only the kernel reads time and chance', () => expect(clockReads(product)).toEqual([]));
  it.each(['Date.now()', 'performance.now()', 'Math.random()'])('%s elsewhere is found', (text) => {
    expect(clockReads([file('src/tasks/a.ts', `const x = ${text};`)])).toHaveLength(1);
    expect(clockReads([file('src/kernel/a.ts', `const x = ${text};`)])).toEqual([]);
  });

  it('Nest stops at modules, the wire surface and the application', () => expect(nestOutOfPlace(product)).toEqual([]));
  it('Nest in a deciding file is found', () => {
    const text = `import { Injectable } from '@nestjs/common';`;
    expect(nestOutOfPlace([file('src/scheduling/core/step.ts', text)])).toHaveLength(1);
    expect(nestOutOfPlace([file('src/scheduling/scheduling.module.ts', text)])).toEqual([]);
  });

  it('no file is longer than 400 lines', () => expect(overlong(readable)).toEqual([]));
  it('a longer file is found', () => expect(overlong([file('src/a.ts', 'x\n'.repeat(401))])).toHaveLength(1));

  it('no file holds a word that does not belong there', () => expect(forbiddenWords(written)).toEqual([]));
  it.each([
    ['TO', 'DO'],
    ['FIX', 'ME'],
    ['not imple', 'mented'],
    ['x as', ' any;'],
    ['it.on', 'ly('],
    ['/wo', 'rk/main'],
    ['https://registry', '.npmjs.org/x'],
  ])('%s%s is found', (start, end) => {
    expect(forbiddenWords([file('src/a.ts', `\n// ${start}${end}`)])).toEqual([expect.stringContaining('src/a.ts:2 ')]);
  });

  it('the lock file names no address of a registry', () => {
    expect(lockedAddresses(join(ROOT, 'package-lock.json'))).toEqual([]);
  });
});
