/** Shortens each absolute path to its last part: words of the engine go to logs, and the host's folders stay private. */
export function withoutPaths(text: string): string {
  return text.replace(/(?:[A-Za-z]:)?(?:[\\/][^\s:'"`()\\/]+)*[\\/]([^\s:'"`()\\/]+)/g, '$1');
}
