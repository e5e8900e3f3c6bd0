import { definePolicy, type Infer, limit, type RequestContext, s } from '@llama-orch/policy-sdk';

const PARTS = ['tenant', 'session', 'agent', 'tool', 'host'] as const;

const rate = {
  rate: s.number({ minimum: 0.001, maximum: 1_000_000 }).default(60).describe('Calls per span.'),
  per_ms: s.integer({ minimum: 1, maximum: 86_400_000 }).default(60_000).describe('The span.'),
  burst: s.integer({ minimum: 1, maximum: 1_000_000 }).default(10).describe('Calls that may come at once.'),
};

const settings = s.object({
  by: s
    .array(s.enum(...PARTS), { minItems: 1 })
    .default(['tenant', 'host'])
    .describe('What is counted apart: each tenant, session, agent, tool, host, or each combination.'),
  ...rate,
  rules: s
    .array(s.object({ hosts: s.array(s.host(), { minItems: 1 }), ...rate }))
    .default([])
    .describe('Other rates for hosts; the first rule that names the host counts.'),
});

type Settings = Infer<typeof settings>;
type Part = (typeof PARTS)[number];

/** How often calls may be made. The host counts; the policy says what and how much. */
export default definePolicy<Settings>({
  name: 'rate-limit',
  version: '1.0.0',
  license: 'Apache-2.0',
  config: settings,
  request: (c) => {
    const rule = c.config.rules.findIndex(({ hosts }) => c.url.host.isOneOf(hosts));
    const { rate, per_ms: perMs, burst } = c.config.rules[rule] ?? c.config;
    return limit({ key: keyOf(c, rule), rate, perMs, burst });
  },
});

/** Calls under another rule have another key: two rates cannot be counted as one. */
function keyOf(c: RequestContext<Settings>, rule: number): string {
  const parts = c.config.by.map((part) => `${part}:${encodeURIComponent(valueOf(part, c) ?? 'none')}`);
  return [...parts, ...(rule === -1 ? [] : [`rule:${rule + 1}`])].join('/');
}

/** Names of callers may hold anything; encoded, none can look like the key of another. */
function valueOf(part: Part, { url, session, agent, tool }: RequestContext<Settings>): string | null {
  const values = { tenant: session.tenant, session: session.id, agent: agent.id, tool: tool.name, host: url.host.text };
  return values[part];
}
