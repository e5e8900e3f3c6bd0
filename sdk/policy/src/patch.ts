import { type JsonPatchOp, type PatchOp } from './abi.js';

/** Changes to a call, for `modify`. Later ones see what earlier ones did. */
export const patch = {
  /** Puts the header in place of all of that name. */
  setHeader: (name: string, value: string): PatchOp => ({ op: 'setHeader', name: name.toLowerCase(), value }),
  /** Takes away all headers of that name. */
  removeHeader: (name: string): PatchOp => ({ op: 'removeHeader', name: name.toLowerCase() }),
  /** Puts the parameter in place of all of that name; the value is not yet encoded. */
  setQuery: (name: string, value: string): PatchOp => ({ op: 'setQuery', name, value }),
  /** Takes away all parameters of that name. */
  removeQuery: (name: string): PatchOp => ({ op: 'removeQuery', name }),
  /** Calls by another method, in upper case. */
  setMethod: (value: string): PatchOp => ({ op: 'setMethod', value }),
  /** The new address is judged from the start, once. */
  setUrl: (parts: UrlChange): PatchOp => ({ op: 'setUrl', ...parts }),
  /** JSON Patch (RFC 6902) of a JSON body. */
  json: (...ops: readonly JsonPatchOp[]): PatchOp => ({ op: 'json', patch: ops }),
  /** Of a task, at admission. */
  setPriority: (value: 'interactive' | 'batch'): PatchOp => ({ op: 'setPriority', value }),
  /** Of a task, at admission. */
  setLabel: (name: string, value: string): PatchOp => ({ op: 'setLabel', name, value }),
} as const;

/** Parts of the URL that change; the others stay. */
export interface UrlChange {
  readonly scheme?: 'http' | 'https';
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
}
