import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { AuditRig, toolCall } from '../support/audit-rig.js';

const DAY_MS = 86_400_000;

/** Something that somebody does to one file of the log. */
type Deed = (bytes: Buffer, at: number, other: number) => Buffer;

const lines = (bytes: Buffer) => bytes.toString('latin1').split('\n').slice(0, -1);
const joined = (all: readonly string[]) => Buffer.from(all.map((line) => `${line}\n`).join(''), 'latin1');

const DEEDS: Readonly<Record<string, Deed>> = {
  'a byte changed': (bytes, at, other) => {
    const changed = Buffer.from(bytes);
    changed[at % bytes.length]! ^= 1 + (other % 255);
    return changed;
  },
  'a byte removed': (bytes, at) =>
    Buffer.concat([bytes.subarray(0, at % bytes.length), bytes.subarray((at % bytes.length) + 1)]),
  'a byte added': (bytes, at, other) =>
    Buffer.concat([bytes.subarray(0, at % bytes.length), Buffer.of(other % 256), bytes.subarray(at % bytes.length)]),
  'a line removed': (bytes, at) => joined(lines(bytes).filter((_, index, all) => index !== at % all.length)),
  'a line repeated': (bytes, at) =>
    joined(lines(bytes).flatMap((line, index, all) => (index === at % all.length ? [line, line] : line))),
  'two lines swapped': (bytes, at, other) => {
    const all = lines(bytes);
    const [one, two] = [at % all.length, other % all.length];
    [all[one], all[two]] = [all[two]!, all[one]!];
    return joined(all);
  },
  'a line copied elsewhere': (bytes, at, other) => {
    const all = lines(bytes);
    all.splice(at % all.length, 0, all[other % all.length]!);
    return joined(all);
  },
  'the end cut off': (bytes, at) => bytes.subarray(0, at % bytes.length),
};

const rig = new AuditRig();
let names: string[];

beforeAll(async () => {
  const log = await rig.open({ config: { checkpoint_rows: 9 } });
  for (let number = 0; number < 60; number++) {
    await log.append(toolCall(number, { reason: 'größer als „nötig“ 🦙' }), number % 2 === 0 ? { number } : undefined);
    if (number % 20 === 10) rig.clock.leap(DAY_MS);
  }
  await log.close();
  names = readdirSync(rig.places.folder).filter((name) => /^(rows|records)-/.test(name));
});
afterAll(() => rig.remove());

/** What the verifier says while one file, or two, are others; undefined when they are the same as before. */
async function verdictWith(
  others: Readonly<Record<string, Buffer | undefined>>,
): Promise<{ readonly ok: boolean } | undefined> {
  const before = Object.keys(others).map((name) => [name, readFileSync(pathOf(name))] as const);
  if (before.every(([name, bytes]) => others[name]?.equals(bytes))) return undefined;
  for (const [name, bytes] of Object.entries(others)) put(name, bytes);
  try {
    return await rig.verify();
  } finally {
    for (const [name, bytes] of before) put(name, bytes);
  }
}

const pathOf = (name: string) => join(rig.places.folder, name);

function put(name: string, bytes: Buffer | undefined): void {
  if (bytes === undefined) rmSync(pathOf(name));
  else writeFileSync(pathOf(name), bytes);
}

const anyAt = fc.nat(1_000_000);

describe('The verifier', () => {
  it('finds nothing wrong with a log that nobody has touched', async () => {
    expect(names.length).toBeGreaterThan(6);
    expect(await rig.verify()).toMatchObject({ ok: true, first_seq: 1, notes: [] });
  });

  it.each(Object.entries(DEEDS))('finds %s, at any place of any file (P-12, ORCH-4704)', async (_title, deed) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), anyAt, anyAt, async (which, at, other) => {
        const name = names[which % names.length]!;
        const verdict = await verdictWith({ [name]: deed(readFileSync(pathOf(name)), at, other) });
        return verdict === undefined || !verdict.ok;
      }),
      { numRuns: 60 },
    );
  });

  it('finds a file that is missing, or stands in the place of another (P-12, ORCH-4704)', async () => {
    for (const name of names) {
      expect([name, await verdictWith({ [name]: undefined })]).toMatchObject([name, { ok: false }]);
      for (const other of names.filter((one) => one > name)) {
        const [mine, its] = [readFileSync(pathOf(name)), readFileSync(pathOf(other))];
        expect([name, other, await verdictWith({ [name]: its, [other]: mine })]).toMatchObject([
          name,
          other,
          { ok: false },
        ]);
      }
    }
  });
});
