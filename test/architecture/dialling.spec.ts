import { DIALLERS, dialViolations } from './dialling.js';
import { filesIn, type SourceFile } from './source-file.js';

const isTest = ({ path }: SourceFile) => /\.spec\.ts$|\/test\//.test(path) && !path.startsWith('sdk/policy/src/test/');
const all = filesIn(['src', 'sdk', 'plugins', 'policies'], '.ts').filter((file) => !isTest(file));
const entries = filesIn(['bin'], '.mjs');
const file = (path: string, text: string): SourceFile => ({ path, text });

describe('calls to others (ORCH-4703)', () => {
  it('are made by egress, and where a reason is written down', () => {
    expect(dialViolations([...all, ...entries])).toEqual([]);
  });

  it.each(Object.keys(DIALLERS))('are really made in %s', (place) => {
    const there = all.filter(({ path }) => path.startsWith(place));
    const moved = there.map(({ text }, index) => file(`src/pools/moved-${index}.ts`, text));
    expect(dialViolations(moved)).not.toEqual([]);
  });

  it.each([
    ['a client', `import { Agent } from 'undici';`],
    ['all of a module', `import * as http from 'node:http';`],
    ['a default', `import https from 'https';`],
    ['a default by its name', `import { default as net } from 'node:net';`],
    ['another name', `import { request as ask } from 'node:https';`],
    ['a socket', `import { connect, isIP } from 'node:net';`],
    ['a session', `import { connect } from 'node:http2';`],
    ['a name service', `import { lookup } from 'node:dns/promises';`],
    ['import()', `const { request } = await import('node:http');`],
    ['require', `const net = require('net');`],
    ['a re-export', `export { request } from 'undici';`],
    ['fetch', `const answer = await fetch(url);`],
    ['fetch of globalThis', `globalThis.fetch(url);`],
    ['fetch by another name', `const go = fetch; go(url);`],
    ['fetch handed on', `run({ fetch });`],
    ['a WebSocket', `new WebSocket(url);`],
    ['fetch behind a function with one of its own', `function a(fetch) {} fetch(url);`],
  ])('by %s are found elsewhere', (_what, text) => {
    expect(dialViolations([file('src/pools/a.ts', text)])).toHaveLength(1);
    expect(dialViolations([file('src/egress/a.ts', text)])).toEqual([]);
  });

  it.each([
    ['a type', `import { type Dispatcher } from 'undici'; import type { Socket } from 'node:net';`],
    ['a server', `import { createServer, type Server } from 'node:http';`],
    ['a look at an address', `import { isIP } from 'node:net';`],
    ['a fetch that was handed in', `const search = async (fetch: Door) => { await fetch({ url }); };`],
    ['one of several that were', `function a({ fetch }: Ports) { return () => fetch(url); }`],
    ['a member of that name', `class A { fetch(call: Call) { return this.fetch(call); } }`],
    ['a type of that name', `interface A { readonly fetch: () => void } let b: WebSocket;`],
  ])('%s is none', (_what, text) => {
    expect(dialViolations([file('src/pools/a.ts', text)])).toEqual([]);
  });
});
