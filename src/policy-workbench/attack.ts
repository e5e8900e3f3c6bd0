import { attackDaemon, runAttacks, type AttackResult } from '../egress/attack/run-attacks.js';
import { UserInputError } from './user-input-error.js';
import { type Desk, type Outcome } from './desk.js';

interface AttackJob {
  /** The daemon instead of the door of this build. */
  readonly onDaemon: boolean;
  /** This row of the list alone. */
  readonly row: number | undefined;
}

interface Daemon {
  readonly url: string;
  readonly token: string | undefined;
}

/** Runs the list of attacks on the door of this build; not ok when one gets through. */
export async function attack({ row, onDaemon }: AttackJob, { say }: Desk, { url, token }: Daemon): Promise<Outcome> {
  const onResult = (result: AttackResult): void => {
    if (!result.pass) say(lineOf(result));
  };
  const options = { ...(row === undefined ? {} : { rows: [row] }), onResult };
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const results = onDaemon ? await attackDaemon(url, headers, options) : await quietly(() => runAttacks(options));
  if (results.length === 0) throw new UserInputError(`no attack has the row ${row}; without --row all are run`);
  const failed = results.filter(({ pass }) => !pass);
  const rows = new Set(results.map((one) => one.row)).size;
  const doors = doorsOf(results);
  const text = [
    ...(row === undefined ? [] : results.map(lineOf)),
    `${results.length} attacks of ${rows} rows: ${results.length - failed.length} went as they must, ${failed.length} did not (${textOf(doors)})`,
  ].join('\n');
  return {
    document: { attacks: results.length, rows, doors, failed, results },
    text: `${text}\n`,
    ok: failed.length === 0,
  };
}

/** One attack switches the checks of Node off, and Node says so; here it is what has to make no difference. */
async function quietly<Value>(run: () => Promise<Value>): Promise<Value> {
  const warn = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return await run();
  } finally {
    process.emitWarning = warn;
  }
}

const DOORS = {
  guard: 'at the guard alone',
  outbound: 'at the class that all calls pass',
  route: 'at the route of the daemon',
} as const satisfies Record<AttackResult['door'], string>;

/** How many attacks came to which door. */
function doorsOf(results: readonly AttackResult[]): Partial<Record<AttackResult['door'], number>> {
  const byDoor = Map.groupBy(results, ({ door }) => door);
  return Object.fromEntries([...byDoor].map(([door, some]) => [door, some.length]));
}

function textOf(doors: ReturnType<typeof doorsOf>): string {
  const counted = Object.entries(doors) as readonly [AttackResult['door'], number][];
  return counted.map(([door, count]) => `${count} ${DOORS[door]}`).join(', ');
}

function lineOf({ row, name, way, door, expected, got, pass }: AttackResult): string {
  return `${pass ? 'ok  ' : 'FAIL'} ${row} ${name} (${way === 'guard' || way === 'daemon' ? way : `${way}, ${door}`}): ${got}${pass ? '' : `, must be ${expected}`}`;
}
