import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type Arrivals } from './arriving-work.js';
import { type RawForecast } from './calibration.js';
import { type Moments } from './output-lengths.js';
import { type Overtaking, type Service, type Slots, overtakingShare, playOut } from './play-out.js';
import { type WaitingTasks } from './waiting-work.js';

/** What stands between a task and its start. */
export interface WayToStart {
  /** Tasks before it. */
  readonly ahead: number;
  /** Those tasks by class; with none before it, one that is like what it waits for. */
  readonly work: readonly WaitingTasks[];
  readonly slots: Slots;
  /** Tasks that are still to come and go first. */
  readonly arriving: Arrivals | undefined;
}

/** Where the quantile of all answers of a class lies, in standard deviations from their mean. */
export type LengthDeviation = (priority: PriorityClass, q: number) => number;

/** However well a pool is known, its pace varies by some percent. */
const LEAST_SPREAD = 0.03;
/** Share of the mean below which no service is assumed. */
const SHORTEST_SERVICE = 0.02;

/** The play-out of what is expected, and how far the truth may lie from it. */
export function rawStart(way: WayToStart, deviation: LengthDeviation): RawForecast {
  const { ahead, work, slots, arriving } = way;
  const overtaking = arriving && {
    everyMs: arriving.everyMs,
    service: spreadOut(arriving.service, 'interactive', deviation),
  };
  const groups = work.map(({ count, priority, service }) => ({
    count,
    service: spreadOut(service, priority, deviation),
  }));
  const medianMs = playOut(ahead === 0 ? [] : groups, slots, overtaking);
  return { medianMs, spreadMs: spreadOf(way, medianMs, overtaking) + LEAST_SPREAD * medianMs };
}

/** Work that varies, before it and still to come, is done by the slots that overtaking work leaves. */
function spreadOf({ ahead, work, slots, arriving }: WayToStart, medianMs: number, overtaking?: Overtaking): number {
  const waiting = work.reduce((sum, { count, service }) => sum + count * service.variance, 0);
  const withOwn = (waiting * (ahead + 1)) / Math.max(1, ahead);
  const toCome = arriving === undefined ? 0 : (medianMs / arriving.everyMs) * squareOf(arriving.service);
  return Math.sqrt(withOwn + toCome) / (Math.max(1, slots.count) * (1 - overtakingShare(slots, overtaking)));
}

/** Mean of the square: how many come varies, too. */
function squareOf({ mean, variance }: Moments): number {
  return variance + mean * mean;
}

/** Lengths of services, with the shape that lengths of answers have here. */
function spreadOut({ mean, variance }: Moments, priority: PriorityClass, deviation: LengthDeviation): Service {
  const unit = Math.sqrt(variance);
  const least = mean * SHORTEST_SERVICE;
  const quantile = (q: number): number =>
    variance === 0 ? mean : Math.max(least, mean + unit * deviation(priority, q));
  return { mean, quantile };
}
