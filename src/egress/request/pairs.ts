/** Comparisons of one list with another. */
const MOST_CELLS = 4_000_000;

type Pairs = (number | undefined)[];

/**
 * Which item of `was` each item of `now` is: both lists keep their order, as many as possible are the same, and what is
 * left between two of those is paired where it is as many. Undefined where the lists are too long to tell.
 */
export function pairsOf(now: readonly string[], was: readonly string[]): readonly (number | undefined)[] | undefined {
  const least = Math.min(now.length, was.length);
  let head = 0;
  while (head < least && now[head] === was[head]) head++;
  let tail = 0;
  while (tail < least - head && now.at(-1 - tail) === was.at(-1 - tail)) tail++;
  const middle = commonIn(now.slice(head, now.length - tail), was.slice(head, was.length - tail));
  if (middle === undefined) return undefined;
  const behind = was.length - now.length;
  const pairs = now.map((_, at) => {
    if (at < head) return at;
    if (at >= now.length - tail) return at + behind;
    const inMiddle = middle[at - head];
    return inMiddle === undefined ? undefined : inMiddle + head;
  });
  return gapsFilled(pairs, was.length);
}

/** The longest common subsequence. */
function commonIn(now: readonly string[], was: readonly string[]): Pairs | undefined {
  const width = was.length + 1;
  if ((now.length + 1) * width > MOST_CELLS) return undefined;
  const longest = new Uint32Array((now.length + 1) * width);
  for (let at = now.length - 1; at >= 0; at--) {
    for (let then = was.length - 1; then >= 0; then--) {
      const cell = at * width + then;
      longest[cell] =
        now[at] === was[then] ? longest[cell + width + 1]! + 1 : Math.max(longest[cell + width]!, longest[cell + 1]!);
    }
  }
  return walked(now, was, longest, width);
}

function walked(now: readonly string[], was: readonly string[], longest: Uint32Array, width: number): Pairs {
  const pairs: Pairs = now.map(() => undefined);
  for (let at = 0, then = 0; at < now.length && then < was.length;) {
    const cell = at * width + then;
    if (now[at] === was[then]) pairs[at++] = then++;
    else if (longest[cell + width]! >= longest[cell + 1]!) at++;
    else then++;
  }
  return pairs;
}

function gapsFilled(pairs: Pairs, length: number): Pairs {
  const filled = [...pairs];
  let [begin, last] = [0, -1];
  for (let at = 0; at <= pairs.length; at++) {
    const here = at === pairs.length ? length : pairs[at];
    if (here === undefined) continue;
    if (at - begin === here - last - 1) for (let gap = begin; gap < at; gap++) filled[gap] = last + 1 + gap - begin;
    [begin, last] = [at + 1, here];
  }
  return filled;
}
