import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Step } from '../plan/step.js';
import { carryOut, stepState } from './carry-out.js';
import { engineInstallCommand, installCommand } from './install-command.js';
import { type Egress } from '../../../egress/egress.js';
import { downloadEgress } from '../../../../test/support/download-egress.js';
import { type EquippedWorkshop } from './run-command.js';

let folder: string;
let tools: string;
let shop: EquippedWorkshop;
let egress: Egress;
let said: string[];
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-prepare-'));
  tools = join(folder, 'tools');
  mkdirSync(tools);
  for (const name of ['sh', 'mkdir', 'cat', 'tar', 'gzip', 'chmod', 'env']) tool(name);
  said = [];
  egress = downloadEgress();
  shop = { env: { PATH: tools, SECRET: 'x' }, logPath: join(folder, 'log'), say: (line) => said.push(line), egress };
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await egress.close();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

/** A program of this machine on the PATH of the steps. */
function tool(name: string): void {
  const path = ['/bin', '/usr/bin'].map((place) => join(place, name)).find(existsSync);
  symlinkSync(path!, join(tools, name));
}

/** A program of ours on that PATH. */
function script(name: string, text: string): void {
  writeFileSync(join(tools, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(tools, name), 0o755);
}

function run(...steps: readonly Step[]): Promise<void> {
  return carryOut({ pool_id: 'a', steps }, shop);
}

const TOOLS = [
  { name: 'git', anyOf: ['git'] },
  { name: 'a C++ compiler', anyOf: ['c++', 'g++'] },
];
const PREFLIGHT: Step = { kind: 'preflight-tools', detail: 'needs', tools: TOOLS, mayInstall: false };

describe('the tools', () => {
  it('that are missing are named with a command to paste (ORCH-3202, ORCH-3203)', async () => {
    script('apt-get', 'exit 1');
    const hint = /missing: git, a C\+\+ compiler; run: (?:sudo )?apt-get install --yes -- git g\+\+$/;
    await expect(run(PREFLIGHT)).rejects.toThrow(hint);
  });

  it('are installed where that is allowed, and looked at again (ORCH-3202, ORCH-3092, ORCH-3204)', async () => {
    script('sudo', 'shift; exec "$@"');
    script('pacman', `echo "$@" > ${folder}/asked; for x in git g++; do : > ${tools}/$x; chmod +x ${tools}/$x; done`);
    await run({ ...PREFLIGHT, mayInstall: true });
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe('-S --needed --noconfirm -- git gcc\n');
    expect(await stepState(PREFLIGHT, shop)).toBe('done');
  });

  it.each([
    ['pacman', false, 'sudo -n pacman -S --needed --noconfirm -- cmake cuda'],
    ['apt-get', true, 'apt-get install --yes -- cmake nvidia-cuda-toolkit'],
    ['dnf', true, 'dnf install --assumeyes -- cmake cuda-toolkit'],
  ] as const)('come by %s (ORCH-3202)', (manager, isRoot, command) => {
    expect(installCommand(manager, ['cmake', 'nvcc'], isRoot).join(' ')).toBe(command);
  });
});

describe('a build', () => {
  const configure = (needsCuda: boolean): Step => ({
    ...{ kind: 'cmake-configure', detail: 'configure', build: join(folder, 'build'), needsCuda },
    command: ['cmake', '-B', join(folder, 'build')],
  });

  it('for a GPU that finds no CUDA fails, whatever CMake says (ORCH-3201)', async () => {
    script(
      'cmake',
      `mkdir -p ${folder}/build; echo 'CMAKE_CUDA_COMPILER:FILEPATH=CMAKE_CUDA_COMPILER-NOTFOUND' > ${folder}/build/CMakeCache.txt`,
    );
    await expect(run(configure(true))).rejects.toThrow('would run on the CPU');
    expect(await stepState(configure(true), shop)).toBe('missing');
    await run(configure(false));
    expect(await stepState(configure(false), shop)).toBe('done');
  });

  it('is tried with another host compiler when the first is not taken (ORCH-3201)', async () => {
    script('g++-13', '');
    script(
      'cmake',
      `case "$*" in *CMAKE_CUDA_HOST_COMPILER=*) mkdir -p ${folder}/build; echo 'CMAKE_CUDA_COMPILER:FILEPATH=/cuda/nvcc' > ${folder}/build/CMakeCache.txt;; *) exit 1;; esac`,
    );
    await run(configure(true));
    expect(said.filter((line) => line.startsWith('$'))).toEqual([
      `$ cmake -B ${folder}/build`,
      `$ cmake -B ${folder}/build -DCMAKE_CUDA_HOST_COMPILER=${tools}/g++-13`,
    ]);
  });

  it('starts from a clone that was finished, whose failure names what git said and the log (ORCH-3207)', async () => {
    script('git', 'echo "fatal: repository not found" >&2; exit 128');
    const clone: Step = {
      kind: 'git-clone',
      detail: 'clone',
      folder: join(folder, 'source'),
      commands: [['git', 'clone']],
    };
    await expect(run(clone)).rejects.toThrow(
      `git ended with 128 (fatal: repository not found); all that it wrote is in ${folder}/log`,
    );
    expect(await stepState(clone, shop)).toBe('missing');
    script('git', 'exit 0');
    await run(clone);
    expect(await stepState(clone, shop)).toBe('done');
    expect(readFileSync(shop.logPath, 'utf8')).toContain('$ git clone\nfatal: repository not found\n= 128\n');
  });

  it('runs its tools without what the daemon knows (ORCH-3207)', async () => {
    script('cmake', `env > ${folder}/env`);
    await run(configure(false));
    expect(readFileSync(join(folder, 'env'), 'utf8')).not.toContain('SECRET');
  });
});

describe('a package', () => {
  const step: Step = {
    kind: 'package-install',
    detail: 'p',
    program: 'acme-server',
    name: 'acme',
    version: '1-1',
    repo: undefined,
  };

  it('has to bring the program, in the version that is named (OC-CONFIG-6024, OC-CONFIG-6027, ORCH-3204)', async () => {
    script('sudo', 'shift; exec "$@"');
    script('acme-server', '');
    script('pacman', 'case "$1" in -Q) echo "acme 1-1";; esac');
    expect(await stepState(step, shop)).toBe('done');
    await expect(run({ ...step, version: '2-1' })).rejects.toThrow('not acme-server of version 2-1');
  });

  it('is for systems with pacman; others are told what to do (OC-CONFIG-6027)', async () => {
    await expect(run(step)).rejects.toThrow('use mode binary with binary.path');
  });

  it('is asked for by name, from its repository or the AUR (ORCH-3204)', () => {
    const command = (repo: string | undefined) => engineInstallCommand({ name: 'acme', repo }, true, 'yay').join(' ');
    expect(command(undefined)).toBe('pacman -S --needed --noconfirm -- acme');
    expect(command('extra')).toBe('pacman -S --needed --noconfirm -- extra/acme');
    expect(command('aur')).toBe('yay -S --needed --noconfirm -- acme');
  });
});

describe('a step', () => {
  it('that the configuration refuses stops all that follow, unless it is done (ORCH-3206)', async () => {
    const url = 'https://example.org/x';
    const program = join(folder, 'program');
    const download = { url, checksum: 'sha256:', file: program };
    const step: Step = {
      kind: 'binary-fetch',
      detail: 'fetch',
      download,
      program,
      isArchive: false,
      refused: 'egress.enabled is false',
    };
    await expect(run(step)).rejects.toThrow('binary-fetch of pool a is refused: egress.enabled is false');
    writeFileSync(program, '', { mode: 0o755 });
    await run(step);
    expect(said.at(-1)).toBe('binary-fetch: fetch (done)');
  });

  it('unpacks a program with what lies beside it, after its digest was compared (OC-CONFIG-6025)', async () => {
    const inside = join(folder, 'acme-v1', 'bin');
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, 'acme-server'), '#!/bin/sh\n', { mode: 0o755 });
    const archive = execFileSync('tar', ['--create', '--gzip', '--directory', folder, 'acme-v1']);
    server = createServer((_request, response) => response.end(archive)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/acme.tar.gz`;
    const checksum = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
    const program = join(folder, 'installed', 'acme-server');
    const download = { url, checksum, file: join(folder, 'installed', 'acme.tar.gz') };
    const step: Step = { kind: 'binary-fetch', detail: 'fetch', download, program, isArchive: true };
    await expect(run({ ...step, download: { ...download, checksum: `sha256:${'0'.repeat(64)}` } })).rejects.toThrow(
      'nothing was kept',
    );
    expect(existsSync(join(folder, 'installed', 'unpacked'))).toBe(false);
    await run(step);
    expect(statSync(program).mode & 0o111).not.toBe(0);
    expect(await stepState(step, shop)).toBe('done');
  });
});
