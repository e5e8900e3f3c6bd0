/** Something that goes wrong with completions. `afterTokens` is how many tokens are sent before it happens. */
export type Fault =
  /** The head comes late. */
  | { readonly type: 'slow-head'; readonly ms: number }
  /** The connection stays open and silent. */
  | { readonly type: 'stall'; readonly afterTokens: number }
  /** Comment lines without end, `perTick` every 5 ms. */
  | { readonly type: 'comments'; readonly afterTokens: number; readonly perTick: number }
  /** TCP reset. */
  | { readonly type: 'reset'; readonly afterTokens: number }
  /** FIN without the last HTTP chunk, as a killed server does. */
  | { readonly type: 'fin'; readonly afterTokens: number }
  /** A complete HTTP reply without the event that ends a generation. */
  | { readonly type: 'early-end'; readonly afterTokens: number }
  /** An error event, under the field `data` or, as old servers do, `error`. */
  | {
      readonly type: 'error-event';
      readonly afterTokens: number;
      /** Default `data`. */
      readonly field?: 'data' | 'error';
      readonly message?: string;
    }
  /** These bytes instead of an event. */
  | { readonly type: 'raw'; readonly afterTokens: number; readonly bytes: Buffer }
  /** The terminal marker behind a good answer (`[DONE]`) is sent this often; engines without one are not touched. */
  | { readonly type: 'done'; readonly times: 0 | 2 }
  /** Each byte of the stream in a write and an HTTP chunk of its own. */
  | { readonly type: 'byte-writes' }
  /** A plain reply instead of a stream. */
  | {
      readonly type: 'reply';
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The slot stays busy after its client left. */
  | { readonly type: 'clinging-slot'; readonly ms: number };
