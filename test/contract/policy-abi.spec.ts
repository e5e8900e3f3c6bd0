import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ts from 'typescript';
import {
  type AdmissionEvent,
  type Decision,
  type PolicyManifest,
  type RequestEvent,
  type ResponseEvent,
} from '@llama-orch/policy-sdk/abi';
import { checkDecision } from '../../src/policy-host/sandbox/decision/check-decision.js';
import { manifestOf } from '../support/wat.js';
import { ROOT } from './support/requirements.js';

const FOLDER = join(ROOT, 'contracts/policy');
const read = (path: string): unknown => JSON.parse(readFileSync(join(FOLDER, path), 'utf8'));
const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.schema.json')))
  ajv.addSchema(read(file) as object);

const schemaOf = (ref: string): ValidateFunction => ajv.getSchema(ref)!;
const problems = (ref: string, value: unknown): unknown => {
  const validate = schemaOf(ref);
  return validate(value) ? [] : validate.errors;
};

interface Vectors {
  readonly policy: { readonly name: string; readonly hook: Hook; readonly rules: readonly string[] };
  readonly cases: readonly { readonly name: string; readonly event: object; readonly decision: object }[];
}
interface Outputs {
  readonly cases: readonly {
    readonly name: string;
    readonly hook: Hook;
    readonly output: string;
    readonly error?: string;
  }[];
}
type Hook = 'on_request' | 'on_response' | 'on_admission';

const EVENTS = {
  on_request: 'request-event.schema.json',
  on_response: 'response-event.schema.json',
  on_admission: 'admission-event.schema.json',
} as const;
const decisionOf = (hook: Hook) => `decision.schema.json#/$defs/${hook}`;
const tiny = readdirSync(join(FOLDER, 'vectors')).filter((name) => name.startsWith('tiny-'));

describe.each(tiny)('The vectors %s', (file) => {
  const { policy, cases } = read(`vectors/${file}`) as Vectors;

  it.each(cases)('ask and answer as the schemas say: $name (OC-POLICY-4001, OC-POLICY-4002)', ({ event, decision }) => {
    expect(problems(EVENTS[policy.hook], event)).toEqual([]);
    expect(problems(decisionOf(policy.hook), decision)).toEqual([]);
  });

  it('show each rule of their policy at work (OC-POLICY-4001)', () => {
    const answers = new Set(cases.map(({ decision }) => JSON.stringify(decision).replace(/"reason":"[^"]*"/, '')));
    const rules = policy.rules.filter((rule) => !rule.startsWith('settings'));
    expect(answers.size).toBe(rules.length);
  });
});

it.each((read('vectors/taken-decisions.json') as Outputs).cases)(
  'a host takes $name (OC-POLICY-4002)',
  ({ hook, output }) => {
    expect(problems(decisionOf(hook), JSON.parse(output))).toEqual([]);
    expect(checkDecision(output, hook)).toMatchObject({ decision: (JSON.parse(output) as Decision).decision });
  },
);

it.each((read('vectors/refused-decisions.json') as Outputs).cases)(
  'a host refuses $name (ORCH-4702, OC-POLICY-4002)',
  ({ hook, output }) => {
    expect(isDecision(hook, output)).toBe(false);
    expect(() => checkDecision(output, hook)).toThrow();
  },
);

function isDecision(hook: Hook, output: string): boolean {
  try {
    return schemaOf(decisionOf(hook))(JSON.parse(output));
  } catch {
    return false;
  }
}

/** Where each type of the SDK stands in the schemas. */
const TYPES: Readonly<Record<string, string>> = {
  PolicyManifest: 'manifest.schema.json',
  GoldenTest: 'manifest.schema.json#/$defs/GoldenTest',
  ConfigCheck: 'config-check.schema.json',
  Decision: 'decision.schema.json',
  RequestEvent: 'request-event.schema.json',
  ResponseEvent: 'response-event.schema.json',
  AdmissionEvent: 'admission-event.schema.json',
  ...Object.fromEntries(
    [
      'EventAddress',
      'EventUrl',
      'EventBody',
      'Finding',
      'EventFrame',
      'ToolFrame',
      'EventRequest',
      'Redaction',
      'RateLimit',
    ].map((name) => [name, `abi.schema.json#/$defs/${name}`]),
  ),
};

interface Shape {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

describe('The types of the SDK', () => {
  const source = readFileSync(join(ROOT, 'sdk/policy/src/abi.ts'), 'utf8');
  const file = ts.createSourceFile('abi.ts', source, ts.ScriptTarget.Latest, true);
  const interfaces = file.statements.filter(ts.isInterfaceDeclaration);

  it('all have a schema (OC-POLICY-4002)', () => {
    expect(interfaces.map(({ name }) => name.text).sort()).toEqual(Object.keys(TYPES).sort());
  });

  it.each(Object.entries(TYPES))('%s has the members of %s (OC-POLICY-4002)', (name, ref) => {
    const declared = interfaces.find((one) => one.name.text === name)!;
    expect(shapeOfType(declared)).toEqual(shapeOfSchema(schemaOf(ref).schema as JsonObject));
  });

  it('offer the patch ops of the schemas, with their members (OC-POLICY-4002)', () => {
    const alias = file.statements.filter(ts.isTypeAliasDeclaration).find(({ name }) => name.text === 'PatchOp')!;
    const written = (alias.type as ts.UnionTypeNode).types.map((node) => shapeOfType(node as ts.TypeLiteralNode));
    const offered = schemaOf('abi.schema.json#/$defs/PatchOp').schema as { oneOf: readonly { $ref: string }[] };
    const schemas = offered.oneOf.map(({ $ref }) =>
      shapeOfSchema(schemaOf(`abi.schema.json${$ref}`).schema as JsonObject),
    );
    expect(written).toEqual(schemas);
  });
});

type JsonObject = { readonly required?: readonly string[]; readonly properties?: Readonly<Record<string, unknown>> };

function shapeOfType({ members }: ts.InterfaceDeclaration | ts.TypeLiteralNode): Shape {
  const named = members.filter(ts.isPropertySignature).map((member) => ({
    name: member.name.getText(),
    isOptional: member.questionToken !== undefined,
  }));
  const names = (isOptional: boolean) =>
    named
      .filter((one) => one.isOptional === isOptional)
      .map(({ name }) => name)
      .sort();
  return { required: names(false), optional: names(true) };
}

function shapeOfSchema({ required = [], properties = {} }: JsonObject): Shape {
  const optional = Object.keys(properties).filter((name) => !required.includes(name));
  return { required: [...required].sort(), optional: optional.sort() };
}

/** Values that the compiler takes for the types; a member of another type than the schema has would be told apart here. */
describe('A value of the type', () => {
  const frame = {
    abi: '1.0',
    decisionId: 'd',
    correlationId: 'c',
    traceparent: null,
    now: 0,
    mode: 'monitor' as const,
    agent: { id: 'a' },
    session: { id: 's', tenant: 'default', labels: { team: 'a' } },
    task: { id: null, attempt: 1, labels: {} },
    usage: { callsInTask: 1, bytesOut: 2 },
    config: { any: [1, null, { a: 'b' }] },
  };
  const tool = { name: 'download', version: '1.0.0' };
  const url = {
    scheme: 'http' as const,
    host: '127.0.0.1',
    port: 80,
    path: '/',
    query: [['q', '1']] as const,
    ipLiteral: true,
    hadUserinfo: true,
  };
  const address = { ip: '127.0.0.1', family: 4 as const, class: 'loopback' as const };
  const body = {
    handle: 1,
    bytes: 0,
    sha256: '0'.repeat(64),
    contentType: null,
    form: 'text' as const,
    value: 'x',
    truncated: true,
  };
  const findings = [{ class: 'card', at: '/body', hash: 'h' }];
  const requestEvent: RequestEvent = {
    ...frame,
    kind: 'http.request',
    tool,
    request: {
      method: 'PUT',
      url,
      addresses: [address],
      hop: 2,
      redirectedFrom: url,
      headers: [['a', 'b']],
      body,
      findings,
    },
  };
  const responseEvent: ResponseEvent = {
    ...frame,
    kind: 'http.response',
    tool,
    request: { method: 'PUT', url, hop: 2 },
    response: { status: 599, headers: [], address, body: null, durationMs: 0.5, findings },
  };
  const admissionEvent: AdmissionEvent = {
    ...frame,
    kind: 'task.admission',
    admission: {
      workload: 'embedding',
      modelRef: 'm',
      priority: 'batch',
      maxTokens: 0,
      promptBytes: 0,
      deadlineMs: 5,
      labels: { zone: 'a' },
    },
  };
  const decision: Decision = {
    decision: 'limit',
    limit: { key: 'k', rate: 0.5, perMs: 1, burst: 0, cost: 0 },
    redact: [],
  };
  const manifest: PolicyManifest = manifestOf({
    capabilities: ['raw-secrets', 'ip_in'],
    tests: [{ name: 't', hook: 'on_request', event: requestEvent, config: {}, expect: { decision: 'allow' } }],
    source: { repo: 'r', commit: 'c' },
    license: 'Apache-2.0',
  });

  it.each<readonly [string, unknown]>([
    ['request-event.schema.json', requestEvent],
    ['response-event.schema.json', responseEvent],
    ['admission-event.schema.json', admissionEvent],
    ['decision.schema.json', decision],
    ['manifest.schema.json', manifest],
    ['config-check.schema.json', { ok: false, errors: [{ path: '/a', message: 'm' }] }],
  ])('is taken by %s, and without one of its members it is not (OC-POLICY-4002)', (ref, value) => {
    expect(problems(ref, value)).toEqual([]);
    for (const name of requiredOf(ref)) {
      const { [name]: _left, ...rest } = value as Record<string, unknown>;
      expect([name, schemaOf(ref)(rest)]).toEqual([name, false]);
    }
  });
});

function requiredOf(ref: string): readonly string[] {
  return (schemaOf(ref).schema as JsonObject).required ?? [];
}
