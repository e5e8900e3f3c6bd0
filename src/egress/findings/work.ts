/** Work in steps that are short by themselves, each up to a `yield`. */
export type Work<Result> = Generator<void, Result, void>;

/** What a turn may take before others get theirs. */
const TURN_MS = 8;

/** For what is known to be little. */
export function atOnce<Result>(work: Work<Result>): Result {
  let step = work.next();
  while (step.done !== true) step = work.next();
  return step.value;
}

/** For what may be much: others are served between the turns. */
export async function inTurns<Result>(work: Work<Result>, now: () => number): Promise<Result> {
  let begun = now();
  for (let step = work.next(); ; step = work.next()) {
    if (step.done === true) return step.value;
    if (now() - begun < TURN_MS) continue;
    await othersTurn();
    begun = now();
  }
}

function othersTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
