/** A stretch of lines that both texts have, or only the old one, or only the new one. */
export interface Edit {
  readonly type: 'same' | 'removed' | 'added';
  readonly lines: readonly string[];
}

/** A search for the least edits takes time and memory with the square of their number. */
const MOST_EDITS = 1_000;

/** What makes the new lines of the old ones. Texts that differ in very much count as wholly replaced between their common ends. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly Edit[] {
  const least = Math.min(before.length, after.length);
  let head = 0;
  while (head < least && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < least - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const [old, young] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  const same = (lines: readonly string[]): Edit => ({ type: 'same', lines });
  return joined([
    same(before.slice(0, head)),
    ...(shortestEdits(old, young) ?? replaced(old, young)),
    same(before.slice(before.length - tail)),
  ]);
}

/** The new lines, out of the old ones and their edits. @throws Error when the edits are those of other lines */
export function applyEdits(before: readonly string[], edits: readonly Edit[]): string[] {
  const after: string[] = [];
  let at = 0;
  for (const { type, lines } of edits) {
    if (type !== 'added') {
      if (lines.some((line, index) => before[at + index] !== line)) throw new Error('the edits do not fit these lines');
      at += lines.length;
    }
    if (type !== 'removed') after.push(...lines);
  }
  if (at !== before.length) throw new Error('the edits do not fit these lines');
  return after;
}

function replaced(before: readonly string[], after: readonly string[]): Edit[] {
  return [
    { type: 'removed', lines: before },
    { type: 'added', lines: after },
  ];
}

/** Myers: for each number of edits the furthest point on every diagonal, until one reaches the end of both. */
function shortestEdits(before: readonly string[], after: readonly string[]): Edit[] | undefined {
  const most = Math.min(before.length + after.length, MOST_EDITS);
  const furthest = new Int32Array(2 * most + 3);
  const middle = most + 1;
  const steps: Int32Array[] = [];
  for (let edits = 0; edits <= most; edits++) {
    steps.push(furthest.slice(middle - edits - 1, middle + edits + 2));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const isDown =
        diagonal === -edits ||
        (diagonal !== edits && at(furthest, middle, diagonal - 1) < at(furthest, middle, diagonal + 1));
      let x = isDown ? at(furthest, middle, diagonal + 1) : at(furthest, middle, diagonal - 1) + 1;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x++;
      furthest[middle + diagonal] = x;
      if (x >= before.length && x - diagonal >= after.length) return walkedBack(steps, before, after);
    }
  }
  return undefined;
}

function walkedBack(steps: readonly Int32Array[], before: readonly string[], after: readonly string[]): Edit[] {
  const edits: Edit[] = [];
  let [x, y] = [before.length, after.length];
  for (let count = steps.length - 1; count >= 0; count--) {
    const [furthest, middle, diagonal] = [steps[count]!, count + 1, x - y];
    const isDown =
      diagonal === -count ||
      (diagonal !== count && at(furthest, middle, diagonal - 1) < at(furthest, middle, diagonal + 1));
    const fromDiagonal = isDown ? diagonal + 1 : diagonal - 1;
    const fromX = count === 0 ? 0 : at(furthest, middle, fromDiagonal);
    const startX = count === 0 ? 0 : isDown ? fromX : fromX + 1;
    edits.push({ type: 'same', lines: before.slice(startX, x) });
    if (count > 0) edits.push(isDown ? added(after, fromX - fromDiagonal) : removed(before, fromX));
    [x, y] = [fromX, fromX - fromDiagonal];
  }
  return edits.reverse();
}

function at(furthest: Int32Array, middle: number, diagonal: number): number {
  return furthest[middle + diagonal]!;
}

function added(after: readonly string[], line: number): Edit {
  return { type: 'added', lines: [after[line]!] };
}

function removed(before: readonly string[], line: number): Edit {
  return { type: 'removed', lines: [before[line]!] };
}

function joined(edits: readonly Edit[]): Edit[] {
  const long: Edit[] = [];
  for (const edit of edits) {
    const last = long.at(-1);
    if (edit.lines.length === 0) continue;
    if (last?.type === edit.type) long[long.length - 1] = { type: edit.type, lines: [...last.lines, ...edit.lines] };
    else long.push(edit);
  }
  return long;
}
