import { type Metrics } from '../observability/metrics.js';
import { type Catalog } from './catalog.js';
import { MODEL_STATES } from './entry.js';

/** Values of a label that the contract of the metrics allows for; the rest are counted together. */
const MOST_MODELS = 1_023;

/** Shows the state of each model: 1 for the current one, 0 for the other. */
export function showModelStates(catalog: Catalog, metrics: Metrics): void {
  metrics.beforeScrape(() => {
    metrics.modelState.reset();
    for (const [at, entry] of [...catalog.all].reverse().entries()) {
      const model_id = at < MOST_MODELS ? entry.id : 'other';
      for (const state of MODEL_STATES) {
        if (model_id === 'other') metrics.modelState.inc({ model_id, state }, state === entry.state ? 1 : 0);
        else metrics.modelState.set({ model_id, state }, state === entry.state ? 1 : 0);
      }
    }
  });
}
