import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One exchange with a real engine, as it went over the wire. */
export interface Recording {
  readonly name: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * Reads every `*.txt` of a folder. A recording has comment lines that begin with `# `, the status line, headers, an
 * empty line, then the body and one newline that is not part of it. Carriage returns and chunk sizes are left out.
 * @throws TypeError for a file of another form
 */
export function readRecordings(folder: URL): readonly Recording[] {
  const path = fileURLToPath(folder);
  const names = readdirSync(path).filter((name) => name.endsWith('.txt'));
  return names.sort().map((name) => parseRecording(name.slice(0, -4), readFileSync(`${path}/${name}`, 'utf8')));
}

/** @throws TypeError when the text is no recorded exchange */
export function parseRecording(name: string, text: string): Recording {
  const exchange = text.replace(/^(# .*\n)*/, '');
  const headEnd = exchange.indexOf('\n\n');
  const [statusLine = '', ...headers] = exchange.slice(0, headEnd).split('\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1]);
  if (headEnd === -1 || !Number.isInteger(status)) {
    throw new TypeError(`The recording ${name} has no status line or no empty line behind its headers; correct it.`);
  }
  const type = headers.find((line) => /^content-type:/i.test(line)) ?? '';
  const contentType = type.slice(type.indexOf(':') + 1).trim();
  return { name, status, contentType, body: Buffer.from(exchange.slice(headEnd + 2, -1)) };
}
