import { type ModelFetch, type ModelInspection } from '@llama-orch/client';
import { duration } from './text.js';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const BAR_CELLS = 24;

/** Bytes as people read them: three digits and a unit. */
export function bytesText(bytes: number): string {
  const power = bytes === 0 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${power === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[power]}`;
}

/** Where a fetch is, on one line. */
export function fetchLine(fetch: ModelFetch): string {
  const { state, bytes, total, percent, bytes_per_s: speed, eta_ms: eta, stalled } = fetch;
  if (state !== 'fetching') return state;
  const amount = total === null ? bytesText(bytes) : `${bytesText(bytes)} of ${bytesText(total)}`;
  const pace = stalled ? 'stalled' : `${bytesText(speed)}/s`;
  const left = eta === null || stalled ? [] : [`${duration(eta)} left`];
  return [...(percent === null ? [] : [`${bar(percent)} ${percent.toFixed(1)} %`]), amount, pace, ...left].join('  ');
}

/** What of a model does not go together with this daemon's GPUs; undefined when nothing is to be said. */
export function fitWarning(found: ModelInspection): string | undefined {
  const { fit, weights_bytes: weights, kv_bytes: cache, devices_bytes: devices } = found;
  if (fit !== 'too_large' && fit !== 'spread') return undefined;
  const need = `weights of ${bytesText(weights ?? 0)}${cache === null ? '' : ` and a cache of ${bytesText(cache)}`}`;
  const room = devices.map(bytesText).join(' + ');
  return fit === 'spread'
    ? `${need} fit on no GPU alone (${room}); a pool has to spread them`
    : `${need} do not fit on the GPUs of the daemon (${room})`;
}

function bar(percent: number): string {
  const full = Math.floor((percent / 100) * BAR_CELLS);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}]`;
}
