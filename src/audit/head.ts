import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { hashOf, type Place } from './chain.js';
import { isHash, isSeq, membersOf } from './members.js';

/** Each of the two copies of the head. */
const COPY_BYTES = 256;

const PURPOSE = 'llama-orch audit head 1';

/**
 * The head stands apart from the rows and says how far they go, so that last rows cannot be dropped. It is written twice,
 * in one write: one that a loss of power cuts off leaves a copy, and in ordinary times none of an earlier head is left.
 */
export function headText(place: Place, key: KeyObject): string {
  const { seq, hash } = place;
  const copy = `${JSON.stringify({ seq, hash, mac: macOf(place, key) }).padEnd(COPY_BYTES - 1)}\n`;
  return copy + copy;
}

/** The later of the copies that are in order; undefined when none is. */
export function headOf(text: string, key: KeyObject): Place | undefined {
  const places = [text.slice(0, COPY_BYTES), text.slice(COPY_BYTES)].flatMap((copy) => placeIn(copy, key) ?? []);
  return places.sort((a, b) => b.seq - a.seq)[0];
}

function placeIn(copy: string, key: KeyObject): Place | undefined {
  const { seq, hash, mac } = membersOf(copy);
  if (!isSeq(seq) || !isHash(hash) || !isHash(mac)) return undefined;
  const expected = macOf({ seq, hash }, key);
  return timingSafeEqual(Buffer.from(mac), Buffer.from(expected)) ? { seq, hash } : undefined;
}

function macOf({ seq, hash }: Place, key: KeyObject): string {
  return hashOf(`${PURPOSE}\n${seq}\n${hash}`, key);
}
