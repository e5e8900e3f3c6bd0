import { type JsonPatchOp, type PatchOp } from './abi.js';

/** Changes to a call, for `modify`. Later ones see what earlier ones did. */
export const patch = {
  setHeader: (name: string, value: string): PatchOp => ({ op: 'setHeader', name: name.toLowerCase(), value }),
  removeHeader: (name: string): PatchOp => ({ op: 'removeHeader', name: name.toLowerCase() }),
  setQuery: (name: string, value: string): PatchOp => ({ op: 'setQuery', name, value }),
  removeQuery: (name: string): PatchOp => ({ op: 'removeQuery', name }),
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

export interface UrlChange {
  readonly scheme?: 'http' | 'https';
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
}
