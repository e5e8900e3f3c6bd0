export {
  Client,
  type ArtifactBytes,
  type ArtifactOptions,
  type CallOptions,
  type Completion,
  type SubmitOptions,
  type ToolOptions,
} from './client.js';
export { AnswerChangedError, ApiError, TaskFailedError, UnreachableError } from './api-error.js';
export { type ClientOptions } from './http.js';
export { type StreamOptions } from './follow.js';
export { placeAfter, type StreamPlace } from './gone.js';
export { type RetryOptions } from './retry.js';
export { isTerminal } from './sse.js';
export type * from './types.js';
export { type operations as DataOperations, type paths as DataPaths } from './generated/orchqueue.js';
export { type operations as ControlOperations, type paths as ControlPaths } from './generated/control.js';
