import {
  ABI_VERSION,
  type AdmissionEvent,
  type PolicyEvent,
  type PolicyHook,
  type RequestEvent,
  type ResponseEvent,
} from '@llama-orch/policy-sdk/abi';

const FRAME = {
  abi: ABI_VERSION,
  decisionId: '00000000-0000-7000-8000-000000000000',
  correlationId: 'warm-up',
  traceparent: null,
  now: 0,
  mode: 'enforce',
  agent: { id: null },
  session: { id: null, tenant: 'default', labels: {} },
  task: { id: null, attempt: 1, labels: {} },
  usage: { callsInTask: 0, bytesOut: 0 },
  config: {},
} as const;

const TOOL = { name: 'http.fetch', version: '1.0.0' } as const;
const ADDRESS = { ip: '192.0.2.1', family: 4, class: 'public' } as const;
const HEADERS = [['content-type', 'application/json']] as const;

const URL_PARTS = {
  scheme: 'https',
  host: 'example.com',
  port: 443,
  path: '/',
  query: [['q', '1']],
  ipLiteral: false,
  hadUserinfo: false,
} as const;

const BODY = {
  handle: 1,
  bytes: 10,
  sha256: '0'.repeat(64),
  contentType: 'application/json',
  form: 'json',
  value: { text: 'a' },
  truncated: false,
} as const;

const REQUEST: RequestEvent = {
  ...FRAME,
  kind: 'http.request',
  tool: TOOL,
  request: {
    method: 'POST',
    url: URL_PARTS,
    addresses: [ADDRESS],
    hop: 0,
    redirectedFrom: null,
    headers: HEADERS,
    body: BODY,
    findings: [],
  },
};

const RESPONSE: ResponseEvent = {
  ...FRAME,
  kind: 'http.response',
  tool: TOOL,
  request: { method: 'POST', url: URL_PARTS, hop: 0 },
  response: { status: 200, headers: HEADERS, address: ADDRESS, body: BODY, durationMs: 1, findings: [] },
};

const ADMISSION: AdmissionEvent = {
  ...FRAME,
  kind: 'task.admission',
  admission: {
    workload: 'completion',
    modelRef: 'model',
    priority: 'interactive',
    maxTokens: 1,
    promptBytes: 1,
    deadlineMs: null,
    labels: {},
  },
};

const EVENTS: Readonly<Record<PolicyHook, PolicyEvent>> = {
  on_request: REQUEST,
  on_response: RESPONSE,
  on_admission: ADMISSION,
};

/** An event that nobody sent, with something in every part that policies read. */
export function syntheticEvent(hook: PolicyHook): PolicyEvent {
  return EVENTS[hook];
}
