import { type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { suggestionFor } from './suggestion.js';

function called(method: string, host: string, path = '/', bytes = 0): RequestEvent {
  const url = { scheme: 'https', host, port: 443, path, query: [], ipLiteral: false, hadUserinfo: false };
  return {
    kind: 'http.request',
    request: { method, url, body: bytes === 0 ? null : { bytes } },
  } as unknown as RequestEvent;
}

describe('The suggestion from a day of calls', () => {
  it('names each host that was called, and no other (OC-POLICY-4002)', () => {
    const calls = [called('GET', 'b.example'), called('GET', 'a.b.example'), called('GET', 'b.example')];
    expect(suggestionFor(calls)).toMatchObject({
      calls: 3,
      allow_hosts: { hosts: ['a.b.example', 'b.example'] },
      method_guard: { methods: ['GET'] },
      size_limit: { max_request_bytes: 0 },
    });
  });

  it('gives bodies room up to the next power of two (OC-POLICY-4002)', () => {
    const calls = [called('POST', 'a.example', '/', 1_025), called('PUT', 'a.example', '/', 3)];
    expect(suggestionFor(calls)).toMatchObject({
      method_guard: { methods: ['POST', 'PUT'] },
      size_limit: { max_request_bytes: 2_048 },
    });
  });

  it('shows what was asked of each host (OC-POLICY-4002)', () => {
    const calls = [
      called('GET', 'a.example', '/v1/x'),
      called('POST', 'a.example', '/v1/y'),
      called('GET', 'a.example'),
    ];
    expect(suggestionFor(calls).seen).toEqual([
      { host: 'a.example', calls: 3, methods: ['GET', 'POST'], ports: [443], paths: ['/', '/v1'] },
    ]);
  });

  it('allows nothing where nothing was called (OC-POLICY-4002)', () => {
    expect(suggestionFor([])).toMatchObject({ calls: 0, allow_hosts: { hosts: [] }, seen: [] });
  });

  it('names schemes and ports, and methods by host where they are not the same (OC-POLICY-4002)', () => {
    const calls = [called('GET', 'a.example'), called('POST', 'b.example'), called('GET', 'c.example')];
    const { allow_hosts, method_guard } = suggestionFor(calls);
    expect(allow_hosts).toMatchObject({ schemes: ['https'], ports: [443] });
    expect(method_guard).toEqual({
      methods: ['GET', 'POST'],
      rules: [
        { hosts: ['a.example', 'c.example'], methods: ['GET'] },
        { hosts: ['b.example'], methods: ['POST'] },
      ],
    });
  });

  it('lets a GET have its body where one had (OC-POLICY-4002)', () => {
    expect(suggestionFor([called('GET', 'a.example', '/', 1)]).method_guard).toMatchObject({
      allow_body_with_get: true,
    });
  });
});
