export { openAiAddress, type OpenAiAddress } from './address.js';
export { messagesOf, openAiCall, type OpenAiDialect } from './body.js';
export { contextOverflow, openAiFailure, openAiRefusal, wrongUrl } from './failure.js';
export { servedModel, type OpenAiModel } from './models.js';
export { OpenAiReader, type OpenAiReaderOptions } from './reader.js';
export { failedHealth, Readiness, unhealthy, type Found } from './readiness.js';
export { guessTokens, OpenAiServer } from './server.js';
