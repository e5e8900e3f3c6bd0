import {
  type Footprint,
  type GpuDevice,
  type GpuRoom,
  type PlacementStrategy,
  fitMostFree,
} from '@llama-orch/plugin-sdk';
import { MARGIN } from './kv-cap.js';

/** A device that a start may take, and what the ledger has of it. */
export interface DeviceOffer {
  readonly device: GpuDevice;
  readonly freeBytes: number;
  /** What there will be when loads have ended and freed memory has come back. */
  readonly hopedBytes: number;
  /** Replicas of the same pool that are on it. */
  readonly siblings: number;
}

/** What a start needs. Nobody can tell the footprint of some engines; they take whatever has the most room. */
export interface DeviceNeed {
  readonly footprint: Footprint | undefined;
  /** Each replica of the pool has a device of its own. */
  readonly isPerDevice: boolean;
}

export type Verdict =
  | {
      readonly type: 'take';
      readonly devices: readonly GpuDevice[];
      /** What is claimed of each, by its id. */
      readonly bytes: ReadonlyMap<string, number>;
    }
  /** There will be room when what is under way has ended. */
  | { readonly type: 'wait' }
  | { readonly type: 'refuse' };

type Fit = NonNullable<PlacementStrategy['fit']>;

/** Which devices a start takes, now or soon. A function of its arguments alone; a useless answer of `fit` is not followed. */
export function choose(need: DeviceNeed, offers: readonly DeviceOffer[], fit: Fit): Verdict {
  const footprint = need.footprint ?? { weightsBytes: 0, kvBytes: 0 };
  const open = need.isPerDevice ? fewestSiblings(offers) : offers;
  const now = fitting(footprint, open, fit, ({ freeBytes }) => freeBytes);
  if (now !== undefined)
    return { type: 'take', devices: now.map(({ device }) => device), bytes: bytesOf(footprint, now) };
  return fitting(footprint, open, fit, ({ hopedBytes }) => hopedBytes) === undefined
    ? { type: 'refuse' }
    : { type: 'wait' };
}

function fewestSiblings(offers: readonly DeviceOffer[]): readonly DeviceOffer[] {
  const fewest = Math.min(...offers.map(({ siblings }) => siblings));
  return offers.filter(({ siblings }) => siblings === fewest);
}

type RoomOf = (offer: DeviceOffer) => number;

function fitting(
  footprint: Footprint,
  offers: readonly DeviceOffer[],
  fit: Fit,
  roomOf: RoomOf,
): readonly DeviceOffer[] | undefined {
  const wanted = { ...footprint, weightsBytes: footprint.weightsBytes * MARGIN, kvBytes: footprint.kvBytes * MARGIN };
  const gpus = offers.map((offer): GpuRoom => {
    const { index, vramTotalBytes } = offer.device;
    return { index, vramTotalBytes, freeBytes: roomOf(offer) };
  });
  const answer = followed(() => fit(wanted, gpus), wanted, offers, roomOf);
  return answer === 'useless' ? followedOrNone(fitMostFree(wanted, gpus), wanted, offers, roomOf) : answer;
}

/** Strategies are foreign code: they may throw, name others, or name devices without room. */
function followed(
  ask: () => unknown,
  wanted: Footprint,
  offers: readonly DeviceOffer[],
  roomOf: RoomOf,
): readonly DeviceOffer[] | 'useless' | undefined {
  try {
    const answer = ask();
    return answer === undefined ? undefined : (followedOrNone(answer, wanted, offers, roomOf) ?? 'useless');
  } catch {
    return 'useless';
  }
}

function followedOrNone(
  answer: unknown,
  wanted: Footprint,
  offers: readonly DeviceOffer[],
  roomOf: RoomOf,
): readonly DeviceOffer[] | undefined {
  if (!Array.isArray(answer)) return undefined;
  const named = answer.map((index: unknown) => offers.find(({ device }) => device.index === index));
  const chosen = named.filter((offer) => offer !== undefined);
  const expected = wanted.tensorSplit?.length ?? 1;
  if (named.length !== expected || new Set(chosen).size !== expected) return undefined;
  if (wanted.tensorSplit !== undefined && chosen.some((offer, place) => offer !== offers[place])) return undefined;
  const shares = sharesIn(wanted);
  return chosen.every((offer, place) => roomOf(offer) >= shares[place]!) ? chosen : undefined;
}

function sharesIn({ weightsBytes, kvBytes, tensorSplit = [1] }: Footprint): readonly number[] {
  return tensorSplit.map((share) => (weightsBytes + kvBytes) * share);
}

function bytesOf(footprint: Footprint, chosen: readonly DeviceOffer[]): ReadonlyMap<string, number> {
  const shares = sharesIn(footprint);
  return new Map(chosen.map(({ device }, place) => [device.id, Math.ceil(shares[place]!)]));
}
