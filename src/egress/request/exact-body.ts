import { type Span, spansOf } from '../findings/json-spans.js';
import { Refusal } from '../guard/refusal.js';
import { type Asked } from './asked.js';
import { BODY_HANDLE } from './asked-body.js';
import { pairsOf } from './pairs.js';

/**
 * A JSON text as a patch left it, with all that the patch left alone as it was written: a text that is parsed and written
 * again loses digits, signs of zero and repeated names.
 * @param patched as `JSON.stringify` writes it
 * @throws Refusal when an object is changed in which a name stands twice, as nobody knows which of them was meant
 */
export function exactBody(written: string, patched: string): string {
  const [before, after] = [spansOf(written), spansOf(patched)];
  if (before === undefined || after === undefined) throw new Refusal('BODY', 'a patched body is nested too deeply');
  return new Joining(treeOf(written, before), treeOf(patched, after)).joined(after[0]!, before[0]).text;
}

/** The body that policies left, secrets put back in. @throws Refusal */
export function sentBody(patched: Uint8Array, { call, masks }: Pick<Asked, 'call' | 'masks'>): Uint8Array {
  const shown = call.bodies.get(BODY_HANDLE);
  const text = utf8(patched);
  return Buffer.from(masks.reveal(shown === undefined ? text : exactBody(utf8(shown), text), true));
}

interface Tree {
  readonly text: string;
  readonly inside: ReadonlyMap<Span | undefined, readonly Span[]>;
}

interface Joined {
  readonly text: string;
  /** Nothing in it was changed. */
  readonly isSame: boolean;
}

/** Walks both texts at once. */
class Joining {
  constructor(
    private readonly before: Tree,
    private readonly after: Tree,
  ) {}

  joined(now: Span, was: Span | undefined): Joined {
    const text = this.after.text.slice(now.start, now.end);
    if (was?.kind !== now.kind) return { text, isSame: false };
    if (now.kind === 'object') return this.object(now, was);
    if (now.kind === 'array') return this.list(now, was);
    const isSame = this.canonical(was) === text;
    return { text: isSame ? this.written(was) : text, isSame };
  }

  private object(now: Span, was: Span): Joined {
    const [members, earlier] = [insideOf(this.after, now), insideOf(this.before, was)];
    const byName = new Map(earlier.map((member) => [member.token, member]));
    const joined = members.map((member) => this.joined(member, byName.get(member.token)));
    if (members.length === byName.size && joined.every(({ isSame }) => isSame)) return this.kept(was);
    if (byName.size < earlier.length)
      throw new Refusal('BODY', 'a policy patches an object in which a name stands twice');
    const texts = joined.map(({ text }, at) => `${JSON.stringify(members[at]!.token)}:${text}`);
    return { text: `{${texts.join()}}`, isSame: false };
  }

  private list(now: Span, was: Span): Joined {
    const [items, earlier] = [insideOf(this.after, now), insideOf(this.before, was)];
    const partners = items.length === earlier.length ? earlier : this.partners(items, earlier);
    const joined = items.map((item, at) => this.joined(item, partners[at]));
    if (items.length === earlier.length && joined.every(({ isSame }) => isSame)) return this.kept(was);
    return { text: `[${joined.map(({ text }) => text).join()}]`, isSame: false };
  }

  /** What each item was: where it reads the same; between those, one for one where as many are left. */
  private partners(items: readonly Span[], earlier: readonly Span[]): readonly (Span | undefined)[] {
    const now = items.map(({ start, end }) => this.after.text.slice(start, end));
    const was = earlier.map((one) => this.canonical(one));
    const found = pairsOf(now, was);
    if (found === undefined)
      throw new Refusal('BODY', 'a policy patches a list that is too long to keep the rest of it');
    return found.map((at) => (at === undefined ? undefined : earlier[at]));
  }

  private kept(was: Span): Joined {
    return { text: this.written(was), isSame: true };
  }

  private written({ start, end }: Span): string {
    return this.before.text.slice(start, end);
  }

  private canonical(was: Span): string {
    return JSON.stringify(JSON.parse(this.written(was)));
  }
}

function insideOf({ inside }: Tree, span: Span): readonly Span[] {
  return inside.get(span) ?? [];
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function treeOf(text: string, spans: readonly Span[]): Tree {
  return { text, inside: Map.groupBy(spans, ({ parent }) => parent) };
}
