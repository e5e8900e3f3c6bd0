export { answer, ConfigErrors } from './answer';
export { allow, Decision, deny, limit, modify, Redact } from './decision';
export { PolicyEvent, readConfig, readEvent } from './event';
export { bodyRead, counter, glob, hostMatch, ipIn, jsonGet, log, pseudonym, scan, sha256, urlParse } from './host';
export { Json, JsonType } from './json/json';
export { JsonWriter } from './json/json-writer';
