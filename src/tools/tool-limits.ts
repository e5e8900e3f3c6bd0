import { type Config } from '../config/index.js';

/** What the operator lets one call have. */
export type ToolLimits = Pick<
  Config['tools'],
  'enabled' | 'max_bytes' | 'timeout_ms' | 'allowed_mime_types' | 'denied_mime_types'
>;
