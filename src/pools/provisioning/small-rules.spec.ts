import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './find-program.js';
import { expanded, placesOf } from './places.js';
import { engineUser, userIn } from './run/user.js';
import { isPinned, requirePinned } from './version-pin.js';

describe('a pinned version', () => {
  it.each([
    ['b6900', 'b6900', true],
    ['b6900', 'b6900-1a2b3c4', true],
    ['0.8', '0.8.1', true],
    ['b690', 'b6900-1a2b3c4', false],
    ['b6900-1a2b3c4', 'b6900', false],
  ])('%s and an engine of %s: %s (OC-CONFIG-6021)', (pin, version, fits) => {
    expect(isPinned(pin, version)).toBe(fits);
  });

  it('refuses another engine in words that name both (OC-CONFIG-6021)', () => {
    expect(() => requirePinned('b1', 'b2')).toThrow('the engine is of version b2, provisioning.engine_version says b1');
    expect(() => requirePinned(undefined, 'b2')).not.toThrow();
  });
});

describe('the user of an engine', () => {
  it('is found by name (ORCH-3200)', () => {
    const passwd = 'root:x:0:0::/root:/bin/sh\nllama:x:998:997::/:/bin/false\n';
    expect(userIn(passwd, 'llama')).toEqual({ uid: 998, gid: 997 });
    expect(userIn(passwd, 'lla')).toBeUndefined();
  });

  it('is another one only under a daemon of root (ORCH-3200)', () => {
    expect(engineUser('root', 0)).toBeUndefined();
    expect(engineUser('daemon', 0)).toMatchObject({ uid: expect.any(Number) });
    expect(() => engineUser('daemon', 4_242)).toThrow('only a daemon of root can run engines as daemon');
    expect(() => engineUser('nobody-of-this-name', 0)).toThrow('there is no user nobody-of-this-name');
    expect(engineUser(undefined, 0)).toBeUndefined();
  });
});

it('keeps caches under ~/.cache/llama-orch and records in the data folder (ORCH-3205)', () => {
  const places = placesOf('/data', { HOME: '/home/a' });
  expect(places).toEqual({ home: '/home/a', cache: '/home/a/.cache/llama-orch', engines: '/data/engines' });
  expect(placesOf('/data', { HOME: '/home/a', XDG_CACHE_HOME: '/c' }).cache).toBe('/c/llama-orch');
  expect([expanded('~/x', places), expanded('/x', places)]).toEqual(['/home/a/x', '/x']);
});

it('finds programs on absolute folders of a PATH alone (ORCH-3203)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'llama-orch-path-'));
  writeFileSync(join(folder, 'tool'), '', { mode: 0o755 });
  writeFileSync(join(folder, 'text'), '', { mode: 0o644 });
  expect(findProgram('tool', `/nowhere:${folder}`)).toBe(join(folder, 'tool'));
  expect(findProgram('text', folder)).toBeUndefined();
  expect(findProgram('package.json', '.:')).toBeUndefined();
  rmSync(folder, { recursive: true });
});
