/** One small mistake in a policy. */
export interface Mutant {
  /** The line as the bundle has it, before and after. */
  readonly line: string;
  readonly became: string;
  /** The whole bundle with the mistake. */
  readonly script: string;
}

/** What is put for what: comparisons, logic, truth, conditions that always or never hold, decisions the wrong way round. */
const CHANGES: readonly (readonly [RegExp, string])[] = [
  [/===/g, '!=='],
  [/!==/g, '==='],
  [/&&/g, '||'],
  [/\|\|/g, '&&'],
  [/ <= /g, ' < '],
  [/ >= /g, ' > '],
  [/ < /g, ' >= '],
  [/ > /g, ' <= '],
  [/!(?=[\w(])/g, ''],
  [/ \? /g, ' && false ? '],
  [/ \? /g, ' || true ? '],
  [/\bif \(/g, 'if (true || '],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/\ballow\d*(?=\()/g, '(() => ({ decision: "deny", code: "MUTANT", reason: "mutant" }))'],
  [/\bdeny\d*(?=\()/g, '(() => ({ decision: "allow" }))'],
];

/** All mistakes at one place each, in the parts of a bundle that `isOwn` says are the policy's. */
export function mutantsOf(script: string, isOwn: (file: string) => boolean): Mutant[] {
  const code = maskedCode(script);
  return ownParts(script, isOwn).flatMap(([from, to]) =>
    CHANGES.flatMap(([pattern, change]) =>
      [...code.slice(from, to).matchAll(pattern)].map((match) =>
        mutantAt(script, from + match.index, match[0].length, change),
      ),
    ),
  );
}

function mutantAt(script: string, at: number, length: number, change: string): Mutant {
  const mutated = script.slice(0, at) + change + script.slice(at + length);
  return { line: lineAt(script, at), became: lineAt(mutated, at), script: mutated };
}

function lineAt(text: string, at: number): string {
  const end = text.indexOf('\n', at);
  return text.slice(text.lastIndexOf('\n', at - 1) + 1, end < 0 ? undefined : end).trim();
}

/** A readable bundle names each file in a comment of its own line, in front of what comes from it. */
function ownParts(script: string, isOwn: (file: string) => boolean): [from: number, to: number][] {
  const heads = [...script.matchAll(/^ *\/\/ (\S+)$/gm)];
  return heads.flatMap((head, index): [number, number][] =>
    isOwn(head[1] ?? '') ? [[head.index + head[0].length, heads[index + 1]?.index ?? script.length]] : [],
  );
}

/** Comments, texts, templates and regular expressions as blanks, so that nothing in them is taken for code. */
function maskedCode(script: string): string {
  const notCode =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|(?<=[(,=:[!&|?{};]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]])*\]|[^/\n])+\/\w*/g;
  return script.replace(notCode, (found) => found.replace(/[^\n]/g, ' '));
}
