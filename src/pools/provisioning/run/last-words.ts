const CONTROL = /\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const PATH = /(?:[\\/][^\s:'"`()\\/]+)*[\\/]([^\s:'"`()\\/]+)/g;
const TELLING = /error|fail|fatal|abort|cannot|invalid|denied|not found|out of memory/i;
const LONGEST = 200;

/** Text without the bytes that steer a terminal. */
export function plain(text: string): string {
  return text.replaceAll(CONTROL, '').trim();
}

/** Text as callers may see it: no bytes that steer a terminal, no folders of the host. */
export function presentable(text: string): string {
  return plain(text).replaceAll(PATH, '$1');
}

/**
 * The line of a program's output that says most of why it ended: the last that speaks of a failure, else the last.
 * @param shown how a line is made fit for those who read it
 */
export function lastWords(output: string, shown: (line: string) => string = presentable): string | undefined {
  const lines = output.split('\n').map(shown).filter(Boolean);
  const line = lines.findLast((one) => TELLING.test(one)) ?? lines.at(-1);
  return line === undefined ? undefined : line.slice(0, LONGEST);
}
