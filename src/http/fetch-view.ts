import { type ModelInspection } from '@llama-orch/client';
import { contextOf, fitOf, type Load, memoryNeed } from '../catalog/fetch/fit.js';
import { type FetchProgress } from '../catalog/fetch/fetch-progress.js';
import { type Fetches, type Inspection } from '../catalog/fetch/fetches.js';

/** What there is behind a ref, and whether the GPUs of this machine could carry it. */
export function inspectionView(found: Inspection, load: Load, devicesBytes: readonly number[]): ModelInspection {
  const { weightsBytes, shape } = found;
  const need = weightsBytes === undefined ? undefined : memoryNeed(weightsBytes, shape, load);
  return {
    ...{ ref: found.ref, pinned_ref: found.pinnedRef, revision: found.revision ?? null, registry: found.registry },
    ...{ digest: found.digest ?? null, size_bytes: found.sizeBytes ?? null, files: found.files.length },
    weights_bytes: weightsBytes ?? null,
    kv_bytes: shape === undefined ? null : (need?.kvBytes ?? null),
    ctx: shape === undefined ? null : contextOf(shape, load),
    fit: need === undefined ? 'unknown' : fitOf(need, devicesBytes),
    devices_bytes: [...devicesBytes],
  };
}

export interface FetchEvent {
  readonly event: 'progress' | 'end';
  readonly data: FetchProgress;
}

/** How a fetch goes on, until it is over or nobody listens. What a slow reader did not take is left out. */
export async function* fetchEvents(fetches: Fetches, id: string, signal: AbortSignal): AsyncGenerator<FetchEvent> {
  let latest: FetchProgress | undefined;
  let wake: () => void = () => {};
  const leave = () => wake();
  signal.addEventListener('abort', leave, { once: true });
  const stop = fetches.follow(id, (progress) => {
    latest = progress;
    wake();
  });
  try {
    while (!signal.aborted) {
      if (latest === undefined) await new Promise<void>((resolve) => (wake = resolve));
      const progress = latest;
      latest = undefined;
      if (progress === undefined) continue;
      const isOver = ['done', 'failed', 'cancelled'].includes(progress.state);
      yield { event: isOver ? 'end' : 'progress', data: progress };
      if (isOver) return;
    }
  } finally {
    stop();
    signal.removeEventListener('abort', leave);
  }
}
