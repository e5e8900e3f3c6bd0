import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadFleet, parseFleet } from './index.js';

const replicas = [{ prefill_tps: 1000, decode_tps: 20 }];
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-fleet-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function problemsOf(text: string): string[] {
  writeFileSync(join(folder, 'fleet.yaml'), text);
  try {
    loadFleet('fleet.yaml', folder);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n\n').map((problem) => problem.split('\n')[0]!);
    throw error;
  }
  throw new Error('the fleet was accepted');
}

it('fills in what a daemon would assume (ORCH-4955)', () => {
  const fleet = parseFleet({ pools: [{ id: 'a', replicas }] });
  expect(fleet.pools[0]).toMatchObject({
    queue: { capacity: 128, full_policy: 'reject' },
    perf: { prefill_tps: 500, decode_tps: 20 },
    replicas: [{ count: 1, slots: 1, slowdown: 0, faults: [] }],
    admission: {
      priorities: [
        { name: 'interactive', queue_capacity: 128 },
        { name: 'batch', queue_capacity: 32 },
      ],
    },
  });
  expect(fleet.scheduler).toMatchObject({
    discipline: 'priority-fifo',
    placement: 'most-free-vram',
    on_deadline: 'stop',
  });
});

it('reads a file, with the place of everything that is wrong in it (ORCH-4802)', () => {
  const text = [
    'pools:',
    '  - id: a',
    '    replicas: [{ prefill_tps: 0, decode_tps: 20, colour: red }]',
    '  - id: a',
    '    replicas: []',
    'fleets: 3',
  ].join('\n');
  expect(problemsOf(text)).toEqual([
    'fleet.yaml:3:31: pools[0].replicas[0].prefill_tps is too small',
    'fleet.yaml:3:50: unknown key "colour" in pools[0].replicas[0]',
    'fleet.yaml:5:15: pools[1].replicas is too small',
    'fleet.yaml:6:1: unknown key "fleets" in the configuration',
    'fleet.yaml:4:9: pools[1].id "a" is already taken',
  ]);
});

it('holds classes within their pool (ORCH-4802)', () => {
  const admission = { priorities: [{ name: 'batch', queue_capacity: 9 }] };
  expect(() => parseFleet({ pools: [{ id: 'a', replicas, queue: { capacity: 8 }, admission }] })).toThrow(
    /queue.capacity/,
  );
});

it('says what to do about a file that is not there, or is no YAML (ORCH-4802)', () => {
  expect(() => loadFleet('nowhere.yaml', folder)).toThrow(
    /nowhere\.yaml: no such file\n {2}name a fleet file with --fleet/,
  );
  expect(problemsOf('pools: [')[0]).toMatch(/^fleet\.yaml:\d+:\d+: not valid YAML/);
});
