import { type Finding } from './issues.js';
import { pathText, type Path } from './path.js';

/** A model can be unloaded only where its engine is started here. */
export function onDemandFindings(pool: Record<string, unknown>, path: Path): Finding[] {
  const { preload, endpoint } = pool;
  if (preload !== false || endpoint === undefined) return [];
  const message = `${pathText([...path, 'preload'])} is false, but the engine runs at an endpoint, where nothing is loaded or unloaded from here`;
  return [{ path: [...path, 'preload'], message, hint: 'leave preload out, or let the engine be started here' }];
}
