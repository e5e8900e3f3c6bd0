import { type RequestEvent } from './abi.js';
import { allow, deny } from './decisions.js';
import { definePolicy } from './define-policy.js';
import { fillEvent } from './events/fill-event.js';
import { s } from './schema/s.js';
import { tools } from './tools.js';

const call = (config = {}) => ({ ...fillEvent('on_request', {}).event, config }) as RequestEvent;
const named = { name: 'acme', version: '1.0.0' };

describe('definePolicy', () => {
  it('describes what it defines (OC-POLICY-4002)', () => {
    const policy = definePolicy({
      ...named,
      config: s.object({ hosts: s.array(s.host()).default(['a.example']), max: s.integer().default(1) }),
      defaults: { max: 7 },
      request: () => allow(),
      admission: () => allow(),
      capabilities: ['sha256', 'raw-secrets'],
      license: 'Apache-2.0',
    });
    expect(policy.manifest).toMatchObject({
      ...named,
      abi: '1.0',
      hooks: ['on_request', 'on_admission'],
      capabilities: ['sha256', 'raw-secrets'],
      defaults: { hosts: ['a.example'], max: 7 },
      license: 'Apache-2.0',
      source: null,
    });
  });

  it('knows the types of settings and events', () => {
    const policy = definePolicy({
      ...named,
      config: s.object({ hosts: s.array(s.host()) }),
      request: (c) => {
        const hosts: readonly string[] = c.config.hosts;
        // @ts-expect-error there is no such setting
        void c.config.host;
        // @ts-expect-error a host is not text: comparing it to text would always be false
        void (c.url.host === 'example.com');
        return c.url.host.isOneOf(hosts) ? allow() : deny('NO', 'no');
      },
      // @ts-expect-error a hook answers at once
      response: async () => allow(),
    });
    expect(policy.decide('on_request', call({ hosts: ['example.com'] }))).toEqual({ decision: 'allow' });
  });

  it.each([
    [{ name: 'Acme' }, 'has to be 1 to 63 of a-z'],
    [{ version: '1' }, 'has to be a semantic version'],
    [{ capabilities: ['clock'] }, 'there is no capability clock; there are ip_in'],
    [{ request: undefined }, 'has no hook'],
  ])('refuses %j', (members, saying) => {
    expect(() => definePolicy({ ...named, request: () => allow(), ...(members as object) })).toThrow(saying);
  });

  it('throws for a hook that forgets to answer, or would answer later', () => {
    const forgets = definePolicy({ ...named, request: (() => undefined) as never });
    const waits = definePolicy({ ...named, request: (async () => allow()) as never });
    expect(() => forgets.decide('on_request', call())).toThrow('on_request returned no decision');
    expect(() => waits.decide('on_request', call())).toThrow('returned a promise');
  });

  it('takes plain decisions too', () => {
    const policy = definePolicy({ ...named, request: () => ({ decision: 'deny', code: 'NO' }) });
    expect(policy.decide('on_request', call())).toEqual({ decision: 'deny', code: 'NO' });
  });
});

describe('calls of tools (OC-POLICY-SDK-4110, OC-POLICY-SDK-4111)', () => {
  it('are built with hints, and pass the correlation id', () => {
    const url = 'https://api.example.com/v1';
    const hints = { allowedDomains: ['*.example.com'], maxBytes: 100, correlationId: 'c-1', taskId: 't-1' };
    expect(tools.fetch(url, { method: 'POST', body: '{}', ...hints })).toEqual({
      method: 'POST',
      path: '/v1/tools/http',
      headers: { 'content-type': 'application/json', 'x-correlation-id': 'c-1' },
      body: { method: 'POST', url, body: '{}', max_bytes: 100, task_id: 't-1' },
    });
    expect(tools.search('llamas', { limit: 3, sessionId: 's-1' })).toMatchObject({
      path: '/v1/tools/search',
      body: { query: 'llamas', limit: 3, session_id: 's-1' },
    });
  });

  it.each(['https://evil.example/', 'http://127.0.0.1\\@a.example.com/', 'no url'])(
    'refuse %s outside of the allowed domains',
    (url) => {
      expect(() => tools.fetch(url, { allowedDomains: ['*.example.com'] })).toThrow('tools.fetch: ');
    },
  );

  it('tell an agent what it may do instead', () => {
    expect(tools.hint('fetch', { allowedDomains: ['example.com'], maxBytes: 10 })).toBe(
      'use the tool fetch for example.com, at most 10 bytes',
    );
    expect(tools.hint('search')).toBe('use the tool search');
  });
});
