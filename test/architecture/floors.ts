import { type Import, importsOf, type SourceFile } from './source-file.js';

/** Who may import whom: a folder imports only from floors below it. */
export const FLOORS: readonly (readonly string[])[] = [
  ['contracts', 'sdk'],
  ['kernel', 'config', 'observability'],
  ['plugin-host', 'policy-host', 'audit'],
  ['egress'],
  ['catalog', 'artifacts', 'sessions'],
  ['pools', 'tools', 'policy-workbench'],
  ['tasks'],
  ['scheduling'],
  ['admission'],
  ['http', 'persistence'],
  ['cli', 'console'],
];

/** The files directly in `src/` put the house together, so they see every floor. */
export const APPLICATION = 'the application';
/** Errors, ids and the clock: the rest of its floor stands on it. */
const GROUND_OF_FLOOR_1 = 'kernel';
/** Rooms that see less than their floor allows. */
const NARROWER: Readonly<Record<string, readonly string[]>> = {
  cli: ['@llama-orch/client', 'config', 'kernel'],
  console: ['@llama-orch/client'],
};
/** Outside the command line only its types may be used: they are those of the contract. */
const CLIENT = '@llama-orch/client';

/** What plugins and policies are written with. */
const SDK = /^@llama-orch\/(?:plugin|policy)-sdk(?:\/|$)/;

/** One sentence per import that goes up, sideways, or into a room that the importer must not see. */
export function floorViolations(files: readonly SourceFile[]): string[] {
  return files.filter(({ path }) => path.startsWith('src/')).flatMap((file) => violationsOf(file));
}

/** Rooms of `src/` that no floor names. */
export function roomsWithoutFloor(files: readonly SourceFile[]): string[] {
  const rooms = files.map(({ path }) => roomOf(path)).filter((room) => room !== undefined && room !== APPLICATION);
  return [...new Set(rooms as string[])].filter((room) => !FLOORS.flat().includes(room));
}

function violationsOf(file: SourceFile): string[] {
  const from = roomOf(file.path);
  if (from === undefined || from === APPLICATION) return [];
  return importsOf(file).flatMap((imported) => {
    const to = destinationOf(imported);
    if (to === undefined || to === from || isAllowed(from, to, imported)) return [];
    return [`${file.path} imports ${imported.specifier}: ${named(from)} must not see ${named(to)}`];
  });
}

function isAllowed(from: string, to: string, { isTypeOnly }: Import): boolean {
  const narrower = NARROWER[from];
  if (narrower !== undefined) return narrower.includes(to);
  if (to === CLIENT) return isTypeOnly;
  if (to === GROUND_OF_FLOOR_1 && floorOf(from) === floorOf(to)) return true;
  return floorOf(to) < floorOf(from);
}

/** A room, a package of ours, or a top folder such as `plugins`; undefined for other packages and built-ins. */
function destinationOf({ specifier, target }: Import): string | undefined {
  if (SDK.test(specifier)) return 'sdk';
  if (specifier.startsWith('@llama-orch/')) return specifier;
  return target === undefined ? undefined : (roomOf(target) ?? target.split('/')[0]);
}

/** `src/pools/pool.ts` → `pools`; undefined outside `src/`. */
export function roomOf(path: string): string | undefined {
  const [top, room, file] = path.split('/');
  if (top !== 'src') return undefined;
  return file === undefined ? APPLICATION : room;
}

/** What no floor names is out of sight: the application, tests, plugins, which the host loads by their names. */
function floorOf(room: string): number {
  const floor = FLOORS.findIndex((rooms) => rooms.includes(room));
  return floor === -1 ? Infinity : floor;
}

function named(room: string): string {
  return floorOf(room) === Infinity ? room : `${room} (floor ${floorOf(room)})`;
}
