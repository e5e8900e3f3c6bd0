import { type Json } from '../abi.js';

export type JsonObject = { readonly [member: string]: Json };

/** One thing that is wrong with settings. `path` is a JSON Pointer. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

export type Report = (problem: Problem) => void;

interface Reading<T> {
  /** Reports what does not fit. Runs when settings are loaded, not with each call. */
  readonly check: (value: Json, path: string, report: Report) => void;
  /** What the policy sees of settings that fit; without it, they as they are. Runs with each call, so it is lean. */
  readonly take?: ((value: Json) => T) | undefined;
  /** Learns of each list of such settings that fits. */
  readonly onList?: (list: readonly unknown[]) => void;
}

/** What settings look like: their TypeScript type, their check, and their JSON Schema for the manifest. */
export class Schema<T> {
  /** @param standIn what an absent member becomes; without it the member is required */
  constructor(
    readonly json: JsonObject,
    private readonly reading: Reading<T>,
    readonly standIn: { readonly value: Json | undefined } | undefined = undefined,
  ) {}

  /** The member may be absent. */
  optional(): Schema<T | undefined> {
    return new Schema<T | undefined>(this.json, this.reading, { value: undefined });
  }

  /** The member may be absent, and is then this. */
  default(value: T & Json): Schema<T> {
    return new Schema({ ...this.json, default: value }, this.reading, { value });
  }

  /** Shown to operators beside the setting. */
  describe(text: string): Schema<T> {
    return new Schema({ ...this.json, description: text }, this.reading, this.standIn);
  }

  /** A list of it, taken. */
  takeList(list: readonly Json[]): readonly T[] {
    const taken = this.changes ? list.map((item) => this.take(item)) : (list as readonly T[]);
    this.reading.onList?.(taken);
    return taken;
  }

  check(value: Json | undefined, path: string, report: Report): void {
    if (value !== undefined) this.reading.check(value, path, report);
    else if (this.standIn === undefined) report({ path, message: 'is missing' });
  }

  /** False when what is there is taken as it is. */
  get changes(): boolean {
    return this.reading.take !== undefined;
  }

  /** Of settings that were checked: only a member that may be absent is. */
  take(value: Json | undefined): T {
    const present = value === undefined ? this.standIn?.value : value;
    return this.reading.take === undefined || present === undefined ? (present as T) : this.reading.take(present);
  }
}

/** The TypeScript type of what a schema takes. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

export function isJsonObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
