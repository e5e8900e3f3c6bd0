export * from './abi.js';
export { definePolicy, Policy } from './define-policy.js';
export { type Capability, type HookAnswer, type PolicyCase, type PolicyDefinition } from './define-policy.js';
export { allow, Answer, deny, limit, modify, type RateLimitInput } from './decisions.js';
export { patch } from './patch.js';
export { redact, type RedactionOptions } from './redact.js';
export { s } from './schema/s.js';
export { type Infer, type Schema } from './schema/schema.js';
export { type ObjectSchema } from './schema/object.js';
export { host, log, type LogLevel } from './host.js';
export {
  type FetchOptions,
  type SearchOptions,
  type ToolCall,
  type ToolCaller,
  type ToolHints,
  tools,
} from './tools.js';
export { type AdmissionContext, type RequestContext, type ResponseContext } from './context/context.js';
export { type Address, ip } from './context/address.js';
export { type BodyView } from './context/body.js';
export { type FindingsView } from './context/findings.js';
export { type HeadersView } from './context/headers.js';
export { type HostName } from './context/host-name.js';
export { type Method } from './context/method.js';
export { type UrlView } from './context/url.js';
