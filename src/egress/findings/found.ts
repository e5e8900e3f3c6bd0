import { type Finding } from '@llama-orch/policy-sdk/abi';
import { below, pointerOf, type Span } from './json-spans.js';

/** What has to be read by whoever gets findings is bounded: many, and a few of each class and part whatever came before. */
const MOST = 256;
const MOST_ALIKE_BEYOND = 4;
const LONGEST_POINTER = 128;

/** Where something was found: a part of the call, and a value of the JSON in it. */
export interface Place {
  /** `/url`, `/headers` or `/body`. */
  readonly part: string;
  /** Name of a header or of a parameter. */
  readonly name?: string;
  readonly span?: Span;
}

/** What the host has found, in the order of the search. */
export class Found {
  readonly findings: Finding[] = [];
  private readonly alike = new Map<string, number>();

  /** @param hashOf asked only for what is kept */
  add(name: string, place: Place, hashOf: () => string): void {
    const kind = `${name} ${place.part}`;
    const alike = this.alike.get(kind) ?? 0;
    if (this.findings.length >= MOST && alike >= MOST_ALIKE_BEYOND) return;
    this.alike.set(kind, alike + 1);
    this.findings.push({ class: name, at: pointerTo(place), hash: hashOf() });
  }
}

/** Where a pointer would be too long, it names what holds the place. */
function pointerTo({ part, name, span }: Place): string {
  if (span !== undefined) return part + pointerOf(span, LONGEST_POINTER);
  return name === undefined || name.length > LONGEST_POINTER ? part : below(part, name);
}
