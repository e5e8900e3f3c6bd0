import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SOURCE = join(import.meta.dirname, '../../plugins/gpu-nvml/test/fake-nvml/fake_nvml.c');
const COMPILER =
  process.platform === 'linux'
    ? ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0)
    : undefined;

/** Lines of the control file; the head of `fake_nvml.c` lists the keys. */
export type FakeNvmlState = Readonly<Record<string, string | number>>;

/** What the compiled library leaves out; `whole` leaves out nothing. */
export type FakeNvmlVariant = 'whole' | 'OLD_DRIVER' | 'NO_COUNT';

/** `describe`, or a skipped one whose title says aloud why nothing is tested. */
export function describeWithFakeNvml(title: string, body: () => void): void {
  const declare = COMPILER === undefined ? describe.skip : describe;
  const reason = ' (NOT TESTED: the fake NVML needs Linux and a C compiler: cc, gcc or clang)';
  declare(COMPILER === undefined ? title + reason : title, body);
}

/** The two cards of the reference workstation. */
export const WORKSTATION: FakeNvmlState = {
  devices: 2,
  '0.uuid': 'GPU-3090',
  '0.name': 'NVIDIA GeForce RTX 3090',
  '0.total': 24 * 2 ** 30,
  '0.used': 2 ** 30,
  '1.uuid': 'GPU-3060',
  '1.name': 'NVIDIA GeForce RTX 3060',
  '1.total': 12 * 2 ** 30,
  '1.used': 0,
};

/** A library of its own that plays the NVML of a driver, and the file that says what it plays. */
export class FakeNvml {
  /** What the option `library` of the probe takes. */
  readonly library: string;
  private readonly folder = mkdtempSync(join(tmpdir(), 'fake-nvml-'));
  private changes = 0;
  private state: FakeNvmlState = {};

  constructor(state: FakeNvmlState = WORKSTATION, variant: FakeNvmlVariant = 'whole') {
    this.library = join(this.folder, 'libnvidia-ml.so.1');
    writeFileSync(this.library, compiled(variant, this.folder));
    this.play(state);
  }

  /** Replaces what is played. */
  play(state: FakeNvmlState): void {
    this.state = state;
    const control = `${this.library}.control`;
    const lines = Object.entries(state).map(([key, value]) => `${key} ${value}\n`);
    writeFileSync(`${control}.next`, lines.join(''));
    // Two changes within one tick of the file system's clock must not look alike.
    this.changes++;
    utimesSync(`${control}.next`, this.changes, this.changes);
    renameSync(`${control}.next`, control);
  }

  /** Adds to what is played, or changes it. */
  change(changes: FakeNvmlState): void {
    this.play({ ...this.state, ...changes });
  }

  forget(...keys: readonly string[]): void {
    this.play(Object.fromEntries(Object.entries(this.state).filter(([key]) => !keys.includes(key))));
  }

  /** Initialisations without a shutdown, in this process. */
  get opened(): number {
    return this.ask('fake_opened');
  }

  get openEventSets(): number {
    return this.ask('fake_open_sets');
  }

  /** Calls since the library was loaded, in this process. */
  get calls(): number {
    return this.ask('fake_calls');
  }

  /** Calls that wait in the library because of the key `hang`. */
  get hanging(): number {
    return this.ask('fake_hanging');
  }

  /** A call that still hangs goes on. */
  remove(): void {
    this.forget('hang');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private ask(name: string): number {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    return (koffi.load(this.library).func(name, 'int', []) as () => number)();
  }
}

const builds = new Map<FakeNvmlVariant, Buffer>();

/** The compiled fake, built once per process. */
function compiled(variant: FakeNvmlVariant, folder: string): Buffer {
  const known = builds.get(variant);
  if (known) return known;
  if (COMPILER === undefined) throw new Error('no C compiler was found; declare the tests with describeWithFakeNvml');
  const target = join(folder, 'fake.so');
  const flags = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-O1', '-shared', '-fPIC', `-D${variant}`];
  execFileSync(COMPILER, [...flags, '-o', target, SOURCE, '-ldl', '-lpthread']);
  const built = readFileSync(target);
  builds.set(variant, built);
  return built;
}
