/** What repeats without end: `*`, `+`, `{3,}`. */
const ENDLESS = /^(?:[*+]|\{\d+,\})/;

/**
 * Whether an expression can be run on texts of strangers: one that repeats a group in which something repeats, or of which
 * there are alternatives, may take as long as it likes; so may one that refers back.
 */
export function isSafePattern(source: string): boolean {
  if (!isPattern(source)) return false;
  /** Of each open group: whether something in it repeats or is one of several. */
  const open: boolean[] = [false];
  for (let at = 0; at < source.length; at++) {
    const character = source[at]!;
    if (character === '\\') {
      if (/^\\(?:[1-9]|k<)/.test(source.slice(at))) return false;
      at++;
    } else if (character === '[') at = endOfClass(source, at);
    else if (character === '(') open.push(false);
    else if (character === '|') open[open.length - 1] = true;
    else if (character === ')') {
      const isWild = open.pop() ?? false;
      const isRepeated = ENDLESS.test(source.slice(at + 1));
      if (isWild && isRepeated) return false;
      open[open.length - 1] ||= isWild || isRepeated;
    } else if (ENDLESS.test(source.slice(at))) open[open.length - 1] = true;
  }
  return true;
}

function endOfClass(source: string, from: number): number {
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === ']') return at;
  }
  return source.length;
}

function isPattern(source: string): boolean {
  try {
    new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}
