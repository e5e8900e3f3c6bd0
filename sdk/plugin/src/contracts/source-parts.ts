const PART = /^(.*-)(\d{5})-of-(\d{5})(\.gguf)$/i;
const MOST_PARTS = 1_000;

/** The names of all files of weights that are cut into several, such as `a-00001-of-00003.gguf`; of others the name itself. */
export function partNames(path: string): readonly string[] {
  const [, before, , total, ending] = PART.exec(path) ?? [];
  const count = Number(total);
  if (before === undefined || total === undefined || count < 1 || count > MOST_PARTS) return [path];
  return Array.from(
    { length: count },
    (_, at) => `${before}${String(at + 1).padStart(5, '0')}-of-${total}${ending ?? ''}`,
  );
}
