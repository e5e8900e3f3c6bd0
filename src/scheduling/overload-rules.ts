import { type Config } from '../config/index.js';
import { type OverloadRules } from './forecast/overload.js';

/** What the operator calls overload. */
export function overloadRules({ overload_share: share, overload_ms: forMs }: Config['scheduler']): OverloadRules {
  return { share, forMs };
}
