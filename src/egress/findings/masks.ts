import { type Finding } from '@llama-orch/policy-sdk/abi';
import { pseudonymOf } from '../../policy-host/sandbox/host/findings.js';
import { isSecretName } from '../../observability/redaction/secret-names.js';
import { type Redactor } from '../../observability/redactor.js';
import { type Header } from '../dial/exchange.js';
import { memberName, pointerOf, spansOf } from './json-spans.js';
import { hitsInLeaves, type Leaf, leavesOf, objected } from './leaves.js';
import { type Hit, hitsIn, replaced } from './scan.js';

const MOST_FINDINGS = 256;
const SHOWN_DIGITS = 16;

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
  readonly findings: Finding[] = [];
  private readonly raw = new Map<string, string>();

  constructor(private readonly options: MaskOptions) {}

  header([name, value]: Header): Header {
    const at = `/headers/${name}`;
    if (isSecretName(name)) return [name, this.mask(schemeOf(value), value, at)];
    const masked = this.text(value, at);
    const isKnown = this.options.redactor.header(name, masked) !== masked;
    return [name, isKnown ? this.mask('known', value, at) : masked];
  }

  query([name, value]: Header): Header {
    const at = `/url/query/${name}`;
    return [name, isSecretName(name) && value !== '' ? this.mask('query', value, at) : this.text(value, at)];
  }

  /** A text without structure: each secret in it is masked. */
  text(text: string, at: string): string {
    const hits = hitsIn(text);
    for (const hit of hits) this.note(hit.class, text.slice(hit.start, hit.end), at);
    const secrets = hits.filter(({ class: name }) => name.startsWith('secret.'));
    const masked = replaced(text, secrets, (hit, found) => this.placeholder(kindOf(hit), found));
    return this.options.redactor.text(masked) === masked ? masked : this.known(masked, at);
  }

  /** A JSON text stays one; undefined when it is none. */
  json(text: string, at: string): string | undefined {
    const spans = spansOf(text);
    if (spans === undefined) return undefined;
    const leaves = leavesOf(text, spans);
    const hits = hitsInLeaves(leaves);
    const known = objected(leaves, (one) => this.options.redactor.text(one) === one);
    const edits = leaves.flatMap((leaf) => {
      const isSuspect = hits.has(leaf) || known.has(leaf) || hasSecretName(leaf);
      const masked = isSuspect ? this.leaf(leaf, at + pointerOf(leaf.span)) : leaf.value;
      const { start, end } = leaf.span;
      return masked === leaf.value ? [] : [{ class: '', start, end, by: JSON.stringify(masked) }];
    });
    return replaced(text, edits, (edit) => (edit as (typeof edits)[number]).by);
  }

  /** Puts secrets back in. @param inJson they stand in texts of JSON */
  reveal(text: string, inJson = false): string {
    let revealed = text;
    for (const [placeholder, raw] of this.raw)
      revealed = revealed.replaceAll(placeholder, () => (inJson ? JSON.stringify(raw).slice(1, -1) : raw));
    return revealed;
  }

  private leaf(leaf: Leaf, at: string): string {
    const { value, span } = leaf;
    if (hasSecretName(leaf)) return this.mask('named', value, at);
    return span.kind === 'string' ? this.text(value, at) : this.number(value, at);
  }

  /** Nothing but cards hides in numbers; policies get the number, and the finding. */
  private number(value: string, at: string): string {
    for (const hit of hitsIn(value)) this.note(hit.class, value, at);
    return value;
  }

  /** Holds something that only the redactor knows: what lies between spaces is masked, or else all of it. */
  private known(text: string, at: string): string {
    const words = text.split(/(\s+)/).map((word) => (this.isKnown(word) ? this.mask('known', word, at) : word));
    const masked = words.join('');
    return this.isKnown(masked) ? this.mask('known', text, at) : masked;
  }

  private isKnown(text: string): boolean {
    return this.options.redactor.text(text) !== text;
  }

  private mask(kind: string, raw: string, at: string): string {
    this.note(`secret.${kind}`, raw, at);
    return this.placeholder(kind, raw);
  }

  private placeholder(kind: string, raw: string): string {
    if (this.options.isRaw) return raw;
    const placeholder = `<secret:${kind} sha256:${this.hash(raw).slice(0, SHOWN_DIGITS)}>`;
    this.raw.set(placeholder, this.reveal(raw));
    return placeholder;
  }

  private note(name: string, raw: string, at: string): void {
    if (this.findings.length < MOST_FINDINGS) this.findings.push({ class: name, at, hash: this.hash(raw) });
  }

  private hash(raw: string): string {
    return pseudonymOf(this.options.key, this.options.tenant, raw);
  }
}

/** A member whose name says that it holds a secret, and that holds something. */
function hasSecretName({ span, value }: Leaf): boolean {
  const name = memberName(span);
  return name !== undefined && value !== '' && value !== 'null' && isSecretName(name);
}

function kindOf({ class: name }: Hit): string {
  return name.slice('secret.'.length);
}

/** `Bearer …` and `Basic …` are named so; anything else is a secret of its header. */
function schemeOf(value: string): string {
  const scheme = /^(bearer|basic|digest) /i.exec(value)?.[1]?.toLowerCase();
  return scheme ?? 'header';
}
