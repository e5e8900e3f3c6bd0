import { failureError, refusalError } from './engine-failure.js';
import { readErrorBody } from './error-body.js';
import { httpFailure, type HttpFailureKind } from './http-failure.js';

describe('readErrorBody', () => {
  it.each([
    ['{"error":{"code":500,"message":"m","type":"server_error"}}', 'm', 'server_error', '500'],
    ['{"error":{"code":"model_not_found","message":"m","type":"t","param":null}}', 'm', 't', 'model_not_found'],
    ['{"object":"error","message":"m","type":"BadRequestError","code":400}', 'm', 'BadRequestError', '400'],
    ['{"error":"m"}', 'm', undefined, undefined],
    ['{"error":"m","error_type":"overloaded"}', 'm', 'overloaded', undefined],
    ['{"error":{"message":"m","http_status_code":422}}', 'm', undefined, '422'],
    ['<html>502</html>', '', undefined, undefined],
    ['', '', undefined, undefined],
    ['[1]', '', undefined, undefined],
  ])('reads %s (ORCH-4507)', (text, message, type, code) => {
    expect(readErrorBody(text)).toMatchObject({ message });
    expect(readErrorBody(text).type).toBe(type);
    expect(readErrorBody(text).code).toBe(code);
  });

  it('cuts a message at 2 kB (ORCH-4507)', () => {
    expect(readErrorBody(JSON.stringify({ error: 'x'.repeat(5_000) })).message).toHaveLength(2_000);
  });
});

describe('refusalError', () => {
  it.each([
    [401, '{"error":"k"}', 'unavailable', 'engine_auth'],
    [403, '', 'unavailable', 'engine_auth'],
    [404, '{"error":"model m not found"}', 'unavailable', 'model_missing'],
    [400, '{"error":{"message":"model not found"}}', 'unavailable', 'model_missing'],
    [429, '{"error":"busy"}', 'unavailable', 'overloaded'],
    [503, '{"error":{"message":"Loading model"}}', 'unavailable', 'loading'],
    [503, '{"error":{"message":"queue full"}}', 'unavailable', 'overloaded'],
    [503, '<html>', 'unavailable', 'unreachable'],
    [502, '<html>', 'unavailable', 'unreachable'],
    [504, '', 'unavailable', 'unreachable'],
    [501, '{"error":"no"}', 'invalid-input', 'not_supported'],
    [400, '{"error":"bad"}', 'invalid-input', 'refused'],
    [422, '{"error":"bad"}', 'invalid-input', 'refused'],
    [500, '{"error":{"message":"m","type":"t","code":7}}', 'internal', 't_7'],
    [418, '', 'internal', 'http_418'],
  ])('maps %i %s (ORCH-4507)', (status, text, code, reason) => {
    const error = refusalError({ status, headers: {}, text }, readErrorBody(text));
    expect([error.code, error.reason]).toEqual([code, reason]);
  });

  it('passes on when to come back, at most a minute (ORCH-4507)', () => {
    const told = (seconds: string): number | undefined =>
      refusalError({ status: 429, headers: { 'retry-after': seconds }, text: '' }, readErrorBody('')).retryAfterMs;
    expect(told('2')).toBe(2_000);
    expect(told('600')).toBe(60_000);
    expect(told('soon')).toBeUndefined();
  });
});

describe('failureError', () => {
  it.each<[HttpFailureKind, string, string]>([
    ['unreachable', 'unavailable', 'unreachable'],
    ['connect-timeout', 'unavailable', 'unreachable'],
    ['head-timeout', 'timeout', 'first_byte'],
    ['idle-timeout', 'timeout', 'idle'],
    ['call-timeout', 'timeout', 'connect'],
    ['no-reply', 'reset', 'no_reply'],
    ['truncated', 'reset', 'stream_truncated'],
    ['malformed', 'adapter', 'bad_stream'],
  ])('maps %s and names no address (ORCH-4507, OC-ADAPT-5002)', (kind, code, reason) => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:80'), { code: 'ECONNREFUSED' });
    const error = failureError(httpFailure(kind, cause));
    expect([error.code, error.reason]).toEqual([code, reason]);
    expect(error.message).toContain('(ECONNREFUSED).');
    expect(error.message).not.toContain('10.0.0.7');
  });
});
