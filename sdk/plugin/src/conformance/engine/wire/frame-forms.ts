/** Other ways to write the same frames of `text/event-stream`, all of them legal. */
export const SSE_FORMS: Readonly<Record<string, (frames: readonly string[]) => string>> = {
  'line ends of CR and LF': (frames) => frames.join('').replaceAll('\n', '\r\n'),
  'comment lines': (frames) => frames.map((frame) => `: ping\n\n:\n${frame}`).join(''),
  'event: lines': (frames) => frames.map((frame) => (hasName(frame) ? frame : `event: message\n${frame}`)).join(''),
  'id: and retry: lines': (frames) => frames.map((frame) => `id: 7\nretry: 1000\n${frame}`).join(''),
  'no space after the colon': (frames) => frames.join('').replaceAll(/^(data|event): /gm, '$1:'),
  'several data: lines in one event': (frames) => frames.join('').replaceAll(/^data: ?\{/gm, 'data: {\ndata: '),
  'a leading byte order mark': (frames) => `\uFEFF${frames.join('')}`,
};

/** The same for lines of JSON. */
export const NDJSON_FORMS: typeof SSE_FORMS = {
  'line ends of CR and LF': (frames) => frames.join('').replaceAll('\n', '\r\n'),
  'empty lines': (frames) => frames.map((frame) => `\n${frame}`).join(''),
};

/** Adds members to each JSON object that a frame carries. */
export function withUnknownFields(frame: string): string {
  return frame.replaceAll(/^(data: ?)?\{(?=")/gm, '$1{"obfuscation":"x0x0","kit_unknown":{"deep":[1,null]},');
}

/** The bytes in pieces whose borders lie at `first`, `first + size`, and so on. */
export function piecesOf(bytes: Buffer, size: number, first = size): Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0, to = first; from < bytes.length; from = to, to += size) {
    if (to > from) pieces.push(bytes.subarray(from, to));
  }
  return pieces;
}

function hasName(frame: string): boolean {
  return /^event:/m.test(frame);
}
