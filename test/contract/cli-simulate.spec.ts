import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runCli } from '../../src/cli/main.js';
import { careForAudit } from '../../src/audit-check.js';
import { careForBackups } from '../../src/backup.js';
import { careForPolicies } from '../../src/policy.js';
import { careForEngines } from '../../src/engine.js';
import { selfTest } from '../../src/self-test.js';
import { simulate } from '../../src/simulate.js';
import { ROOT } from '../architecture/source-file.js';
import { TestIo } from './support/test-io.js';

const COMMAND = join(ROOT, 'bin', 'llama-orch.mjs');
const SHORT = ['--set', 'tasks=60'];
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-simulate-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** The command as its users run it. Needs a build. */
async function command(...argv: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [COMMAND, 'simulate', ...argv], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder },
  });
}

async function cli(...argv: readonly string[]): Promise<{ code: number; io: TestIo }> {
  const io = new TestIo({ cwd: folder });
  const code = await runCli(['simulate', ...argv], {
    io,
    serve: () => Promise.resolve(0),
    simulate,
    selfTest,
    engine: careForEngines,
    audit: careForAudit,
    backup: careForBackups,
    policy: careForPolicies,
  });
  return { code, io };
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const HEAD = 'arrival_ms,prompt_tokens,output_tokens,max_tokens';

describe('llama-orch simulate, a process of its own', () => {
  it('tells in tables what became of the workload, and writes a page (ORCH-4955, ORCH-4804)', async () => {
    const fleet = join(ROOT, 'examples/simulator/fleet.yaml');
    const { stdout, stderr } = await command('mixed', '--fleet', fleet, '--html', 'report.html');
    expect(stdout).toMatch(/^mixed, 5000 tasks, seed 1\n/);
    expect(stdout).toMatch(/discipline, placement +wfq, least-loaded\n/);
    expect(stdout).toMatch(/waits over by their p90 +\d+\.\d %/);
    expect(stderr).toBe('the report is in report.html\n');
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('</html>');
  });

  it('gives the same document each time, hash included (ORCH-4955)', async () => {
    const runs = await Promise.all([1, 2].map(() => command('bursty', '--seed', '7', '--json')));
    expect(runs[0]!.stdout).toBe(runs[1]!.stdout);
    expect(JSON.parse(runs[0]!.stdout)).toMatchObject({
      schema_version: 1,
      workload: { name: 'bursty', tasks: 5000, seed: 7 },
      decisions_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      fates: { completed: 5000 },
    });
  });
});

describe('llama-orch simulate', () => {
  it('takes a trace (ORCH-4955)', async () => {
    const trace = file('trace.csv', `${HEAD},tenant\n0,100,20,50,a\n10,100,20,50,b\n`);
    const { code, io } = await cli(trace, '--json');
    expect({ code, json: io.json }).toMatchObject({
      code: 0,
      json: {
        workload: { name: 'trace.csv', tasks: 2 },
        fates: { completed: 2 },
        tenants: [{ tokens_out: 20 }, { tokens_out: 20 }],
      },
    });
  });

  it('compares alternatives in one table, or one document (ORCH-4955)', async () => {
    const compare = ['mixed', ...SHORT, '--compare', 'discipline=priority-fifo,wfq,edf'];
    expect((await cli(...compare)).io.out).toMatch(/^Alternatives\n +priority-fifo +wfq +edf\ncompleted +60 +60 +60\n/);
    const { io } = await cli(...compare, '--json');
    expect(io.json).toMatchObject({
      alternatives: [
        { name: 'priority-fifo', report: { fleet: { discipline: 'priority-fifo' } } },
        { name: 'wfq' },
        { name: 'edf' },
      ],
    });
  });

  it.each([
    ['a workload that is neither', ['stedy'], /"stedy" is neither a generator nor a file; did you mean steady\?/],
    ['an unknown parameter', ['steady', '--set', 'colour=1'], /steady has no parameter colour; it has tasks, /],
    ['a parameter out of range', ['steady', '--set', 'load=-1'], /--set load: /],
    ['a parameter without a value', ['steady', '--set', 'load'], /it must be key=value/],
    ['a seed that is no number', ['steady', '--seed', 'x'], /whole number/],
    ['a negative seed', ['steady', '--seed', '-1'], /--seed must be 0 or more/],
    ['an alternative that is none', ['steady', '--compare', 'queue=1'], /give 2 to 12 values/],
    [
      'an alternative that no plugin is',
      ['steady', ...SHORT, '--compare', 'discipline=wqf,edf'],
      /"wqf"; did you mean/,
    ],
  ])('refuses %s with exit code 2 (ORCH-4804)', async (_what, argv, message) => {
    const { code, io } = await cli(...argv);
    expect({ code, out: io.out }).toEqual({ code: 2, out: '' });
    expect(io.err).toMatch(message);
  });

  it('refuses parameters of a generator for a trace (ORCH-4804)', async () => {
    const { code, io } = await cli(file('t.csv', `${HEAD}\n0,1,1,1\n`), ...SHORT);
    expect([code, io.err]).toEqual([2, expect.stringContaining('--set is for generators')]);
  });

  it.each([
    [
      'a trace',
      't.jsonl',
      '{"arrival_ms":-1,"prompt_tokens":1,"output_tokens":1,"max_tokens":1}\n',
      ['t.jsonl'],
      /t\.jsonl:1:1: arrival_ms: /,
    ],
    [
      'a fleet',
      'f.yaml',
      'pools:\n  - id: A\n',
      ['steady', '--fleet', 'f.yaml'],
      /f\.yaml:2:9: pools\[0\]\.id must be/,
    ],
    [
      'the discipline of a fleet',
      'f.yaml',
      'scheduler: { discipline: luck }\npools: [{ id: a, replicas: [{ prefill_tps: 9, decode_tps: 9 }] }]\n',
      ['steady', '--fleet', 'f.yaml'],
      /no queue-discipline has the id "luck"/,
    ],
    [
      'options of a discipline',
      'f.yaml',
      'scheduler: { options: { x: 1 } }\npools: [{ id: a, replicas: [{ prefill_tps: 9, decode_tps: 9 }] }]\n',
      ['steady', '--fleet', 'f.yaml'],
      /options of queue-discipline "priority-fifo"/,
    ],
  ])(
    'refuses a mistake in %s with exit code 78 and its place (ORCH-4802, ORCH-4804)',
    async (_what, name, text, argv, message) => {
      file(name, text);
      const { code, io } = await cli(...argv);
      expect({ code, out: io.out }).toEqual({ code: 78, out: '' });
      expect(io.err).toMatch(message);
    },
  );

  it('says when the report cannot be written (ORCH-4804)', async () => {
    const { code, io } = await cli('steady', ...SHORT, '--html', 'no/such/folder.html');
    expect([code, io.err]).toEqual([
      1,
      expect.stringMatching(/cannot be written to no\/such\/folder\.html \(ENOENT\); name another/),
    ]);
  });
});
