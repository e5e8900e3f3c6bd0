import { type Fault } from './fault.js';

const HALF_CHARACTER = Buffer.from('🦙').subarray(0, 2);
const SLOW_MS = 60_000;
const ERROR_BODY = '{"error":{"message":"the engine failed","type":"InternalServerError","param":null,"code":500}}';

type Make = (afterTokens: number) => Fault;

/** Faults by the names of the command line; each happens after so many tokens. */
const FAULTS: Readonly<Record<string, Make>> = {
  'slow-head': () => ({ type: 'slow-head', ms: SLOW_MS }),
  stall: (afterTokens) => ({ type: 'stall', afterTokens }),
  rst: (afterTokens) => ({ type: 'reset', afterTokens }),
  fin: (afterTokens) => ({ type: 'fin', afterTokens }),
  'early-end': (afterTokens) => ({ type: 'early-end', afterTokens }),
  'half-utf8': (afterTokens) => raw(afterTokens, [Buffer.from('data: "'), HALF_CHARACTER, Buffer.from('"\n\n')]),
  'split-every-byte': () => ({ type: 'byte-writes' }),
  'comment-flood': (afterTokens) => ({ type: 'comments', afterTokens, perTick: 200 }),
  'duplicate-done': () => ({ type: 'done', times: 2 }),
  'missing-done': () => ({ type: 'done', times: 0 }),
  'error-event': (afterTokens) => ({ type: 'error-event', afterTokens, message: 'the engine failed' }),
  'old-error-event': (afterTokens) => ({ type: 'error-event', afterTokens, field: 'error' }),
  '200-with-error': () => ({ type: 'reply', status: 200, body: ERROR_BODY }),
  overloaded: () => ({ type: 'reply', status: 503, body: ERROR_BODY, headers: { 'retry-after': '1' } }),
  garbage: (afterTokens) => raw(afterTokens, [Buffer.from('data: {"choices": oh\n\n')]),
  'long-line': (afterTokens) => raw(afterTokens, [Buffer.alloc(1024 * 1024 + 1, 'x')]),
  'clinging-slot': () => ({ type: 'clinging-slot', ms: SLOW_MS }),
};

export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);

/** @throws RangeError for a name that is not one of `FAULT_NAMES` */
export function faultNamed(name: string, afterTokens: number): Fault {
  const make = FAULTS[name];
  if (make === undefined) throw new RangeError(`There is no fault ${name}; there are ${FAULT_NAMES.join(', ')}.`);
  return make(afterTokens);
}

function raw(afterTokens: number, parts: readonly Buffer[]): Fault {
  return { type: 'raw', afterTokens, bytes: Buffer.concat(parts) };
}
