import { type Finding } from '@llama-orch/policy-sdk/abi';
import { pseudonymOf } from '../../policy-host/sandbox/host/findings.js';
import { isSecretName } from '../../observability/redaction/secret-names.js';
import { type Redactor } from '../../observability/redactor.js';
import { type Header } from '../dial/exchange.js';
import { Found, type Place } from './found.js';
import { spansOf } from './json-spans.js';
import { hasSecretName, type Leaf, leafHitWork, leafWork, objected } from './leaves.js';
import { type Hit, hitsIn, replaced } from './scan.js';
import { atOnce } from './work.js';

const SHOWN_DIGITS = 16;
/** A text with more secrets than that is one secret as a whole: to take out each would keep everybody else waiting. */
const MOST_MASKED = 1_000;
const MOST_TESTS = 256;
/** Texts that are masked as a whole for what stands somewhere in them. */
const WHOLE: readonly string[] = ['known', 'many'];
const PLACEHOLDER = /<secret:[a-z_]+ sha256:[0-9a-f]{16}>/g;
/** A number or a word of JSON that is masked as a text. */
const SCALAR = 'scalar';
const LONE_SCALAR = /"(<secret:scalar sha256:[0-9a-f]{16}>)"/g;
const PLACEHOLDER_BEGIN = '<secret:';

export interface MaskOptions {
  readonly redactor: Redactor;
  readonly key: Uint8Array;
  readonly tenant: string;
  /** Secrets stay in clear, for policies that may see them. */
  readonly isRaw: boolean;
}

/**
 * Takes secrets out of what policies see and puts them back into what is sent. Each stands as
 * `<secret:bearer sha256:…>`, the same for the same text, so that policies can compare without knowing.
 */
export class Masks {
  private readonly found = new Found();
  private readonly raw = new Map<string, string>();
  private readonly named = new Set<string>();

  constructor(private readonly options: MaskOptions) {}

  get findings(): readonly Finding[] {
    return this.found.findings;
  }

  /** What was masked, or would have been if policies did not see all; not what only holds something that was known. */
  get secrets(): Iterable<string> {
    return this.named;
  }

  get isRaw(): boolean {
    return this.options.isRaw;
  }

  header([name, value]: Header): Header {
    const place = { part: '/headers', name };
    if (isSecretName(name)) return [name, this.mask(schemeOf(value), value, place)];
    const masked = this.text(value, place);
    const isKnown = this.options.redactor.header(name, masked) !== masked;
    return [name, isKnown ? this.mask('known', value, place) : masked];
  }

  query([name, value]: Header): Header {
    const place = { part: '/url/query', name };
    return [name, isSecretName(name) && value !== '' ? this.mask('query', value, place) : this.text(value, place)];
  }

  /** A text without structure: each secret in it is masked. */
  text(text: string, place: Place): string {
    const masked = this.withoutHits(text, hitsIn(text), place);
    return this.isKnown(masked) ? this.withoutKnown(masked, place) : masked;
  }

  /** A JSON text stays one; undefined when it is none. */
  json(text: string, part: string): string | undefined {
    const spans = spansOf(text);
    if (spans === undefined) return undefined;
    const leaves = atOnce(leafWork(text, spans));
    const hits = atOnce(leafHitWork(leaves));
    if (secretsIn(leaves, hits) > MOST_MASKED) return JSON.stringify(this.whole(text, hits.values(), { part }));
    const masked = leaves.map((leaf) => this.leaf(leaf, hits.get(leaf) ?? [], { part, span: leaf.span }));
    const known = objected(masked, (one) => !this.isKnown(one), MOST_TESTS);
    if (known === undefined) return JSON.stringify(this.mask('known', text, { part }));
    const edits = leaves.flatMap(({ span, value }, at) => {
      const shown = known.has(at) ? this.withoutKnown(masked[at]!, { part, span }) : masked[at]!;
      return shown === value ? [] : [{ class: '', start: span.start, end: span.end, by: JSON.stringify(shown) }];
    });
    return replaced(text, edits, (edit) => (edit as (typeof edits)[number]).by);
  }

  /** Notes what was not looked into, so that who must know what a call holds can refuse it. */
  unscanned(digest: string): void {
    this.found.add('unscanned', { part: '/body' }, () => this.hash(digest));
  }

  /** Puts secrets back in. @param inJson they stand in texts of JSON */
  reveal(text: string, inJson = false): string {
    if (this.options.isRaw || !text.includes(PLACEHOLDER_BEGIN)) return text;
    const typed = inJson ? text.replace(LONE_SCALAR, (lone, shown: string) => this.raw.get(shown) ?? lone) : text;
    return typed.replace(PLACEHOLDER, (placeholder) => {
      const raw = this.raw.get(placeholder) ?? placeholder;
      return inJson ? JSON.stringify(raw).slice(1, -1) : raw;
    });
  }

  private leaf({ span, value }: Leaf, hits: readonly Hit[], place: Place): string {
    if (isNamed({ span, value })) return this.mask('named', value, place, span.kind === 'string' ? 'named' : SCALAR);
    if (span.kind === 'string') return this.withoutHits(value, hits, place);
    // Nothing but cards hides in numbers; policies get the number, and the finding.
    this.note(hits, value, place);
    return value;
  }

  private withoutHits(text: string, hits: readonly Hit[], place: Place): string {
    if (hits.length === 0) return text;
    const secrets = hits.filter(isSecret);
    if (secrets.length > MOST_MASKED) return this.whole(text, [hits], place);
    this.note(hits, text, place);
    return replaced(text, secrets, (hit, found) => this.placeholder(kindOf(hit), found));
  }

  private whole(text: string, hits: Iterable<readonly Hit[]>, place: Place): string {
    for (const some of hits) this.note(some, text, place);
    return this.mask('many', text, place);
  }

  /** Holds something that only the redactor knows: what lies between spaces is masked, or else all of it. */
  private withoutKnown(text: string, place: Place): string {
    const words = text.split(/(\s+)/);
    const bad = objected(words, (some) => !this.isKnown(some), MOST_TESTS);
    if (bad === undefined) return this.mask('known', text, place);
    const masked = words.map((word, at) => (bad.has(at) ? this.mask('known', word, place) : word)).join('');
    return this.isKnown(masked) ? this.mask('known', text, place) : masked;
  }

  private isKnown(text: string): boolean {
    return this.options.redactor.text(text) !== text;
  }

  private mask(kind: string, raw: string, place: Place, shownAs = kind): string {
    this.found.add(`secret.${kind}`, place, () => this.hash(raw));
    return this.placeholder(shownAs, raw);
  }

  private placeholder(kind: string, raw: string): string {
    const placeholder = `${PLACEHOLDER_BEGIN}${kind} sha256:${this.hash(raw).slice(0, SHOWN_DIGITS)}>`;
    this.raw.set(placeholder, this.reveal(raw));
    if (!WHOLE.includes(kind)) this.named.add(raw);
    return this.options.isRaw ? raw : placeholder;
  }

  private note(hits: readonly Hit[], text: string, place: Place): void {
    for (const { class: name, start, end } of hits)
      this.found.add(name, place, () => this.hash(text.slice(start, end)));
  }

  private hash(raw: string): string {
    return pseudonymOf(this.options.key, this.options.tenant, raw);
  }
}

function secretsIn(leaves: readonly Leaf[], hits: ReadonlyMap<Leaf, readonly Hit[]>): number {
  const named = leaves.filter(isNamed).length;
  return [...hits.values()].reduce((sum, some) => sum + some.filter(isSecret).length, named);
}

/** Its name says that it is a secret, and it holds something. */
function isNamed({ span, value }: Leaf): boolean {
  return value !== '' && value !== 'null' && hasSecretName(span);
}

function isSecret({ class: name }: Hit): boolean {
  return name.startsWith('secret.');
}

function kindOf({ class: name }: Hit): string {
  return name.slice('secret.'.length);
}

/** `Bearer …` and `Basic …` are named so; anything else is a secret of its header. */
function schemeOf(value: string): string {
  const scheme = /^(bearer|basic|digest) /i.exec(value)?.[1]?.toLowerCase();
  return scheme ?? 'header';
}
