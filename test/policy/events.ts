import {
  type AdmissionEvent,
  type EventRequest,
  type RequestEvent,
  type ResponseEvent,
} from '@llama-orch/policy-sdk/abi';

const FRAME = {
  abi: '1.0',
  decisionId: '01JD0000000000000000000000',
  correlationId: 'c-1',
  traceparent: null,
  now: 1_763_660_000_000,
  mode: 'enforce',
  agent: { id: null },
  session: { id: 's-1', tenant: 'acme', labels: {} },
  task: { id: 't-1', attempt: 1, labels: {} },
  usage: { callsInTask: 3, bytesOut: 1_200 },
  config: {},
} as const;

const URL_PARTS = {
  scheme: 'https',
  host: 'api.example.com',
  port: 443,
  path: '/v1/x',
  query: [['q', '1']],
  ipLiteral: false,
  hadUserinfo: false,
} as const;
const ADDRESS = { ip: '203.0.113.7', family: 4, class: 'public' } as const;

export function requestEvent(request: Partial<EventRequest> = {}, frame: Partial<RequestEvent> = {}): RequestEvent {
  return {
    ...FRAME,
    ...frame,
    kind: 'http.request',
    tool: { name: 'http.fetch', version: '1.2.0' },
    request: {
      method: 'POST',
      url: URL_PARTS,
      addresses: [ADDRESS],
      hop: 0,
      redirectedFrom: null,
      headers: [['content-type', 'application/json']],
      body: null,
      findings: [],
      ...request,
    },
  };
}

export function responseEvent(response: Partial<ResponseEvent['response']> = {}): ResponseEvent {
  return {
    ...FRAME,
    kind: 'http.response',
    tool: { name: 'http.fetch', version: '1.2.0' },
    request: { method: 'GET', url: URL_PARTS, hop: 0 },
    response: {
      status: 200,
      headers: [['content-type', 'text/html']],
      address: ADDRESS,
      body: null,
      durationMs: 143,
      findings: [],
      ...response,
    },
  };
}

export function admissionEvent(admission: Partial<AdmissionEvent['admission']> = {}): AdmissionEvent {
  return {
    ...FRAME,
    kind: 'task.admission',
    admission: {
      workload: 'chat',
      modelRef: 'demo',
      priority: 'interactive',
      maxTokens: 100,
      promptBytes: 20,
      deadlineMs: null,
      labels: {},
      ...admission,
    },
  };
}
