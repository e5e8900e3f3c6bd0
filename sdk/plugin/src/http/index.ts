export { EventChannel, type ChannelSource } from './event-channel.js';
export { SseError, SseSplitter, type SseField, type SseSink } from './sse-splitter.js';
export { HttpFailure, type HttpFailureKind } from './http-failure.js';
export { HttpStream, type HttpHandlers, type HttpReply, type HttpRequest } from './http-stream.js';
export { Upstream, type CallOptions, type StreamLimits, type UpstreamOptions } from './upstream.js';
export { errorBodyOf, readErrorBody, type EngineErrorBody } from './error-body.js';
export { badStream, failureError, notSupported, reasonOf, refusalError } from './engine-failure.js';
