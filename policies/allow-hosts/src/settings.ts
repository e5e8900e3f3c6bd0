import { type Infer, s } from '@llama-orch/policy-sdk';

const mediaType = () => s.string({ pattern: '^[A-Za-z0-9.+-]+/([A-Za-z0-9.+-]+|\\*)$' });

export const settings = s.object({
  hosts: s
    .array(s.host())
    .default([])
    .describe('Hosts that may be called: exact, or *. and a domain for all hosts below it. Empty: none.'),
  deny_hosts: s.array(s.host()).default([]).describe('Hosts that may not be called, whatever else is listed.'),
  schemes: s
    .array(s.enum('http', 'https'), { minItems: 1 })
    .optional()
    .describe('Schemes that may be used. Absent: both.'),
  ports: s
    .array(s.integer({ minimum: 1, maximum: 65_535 }), { minItems: 1 })
    .optional()
    .describe('Ports that may be called. Absent: all that the host lets through.'),
  mime_types: s
    .array(mediaType(), { minItems: 1 })
    .optional()
    .describe('Media types that may come back, type/subtype or type/*. Absent: all.'),
  deny_mime_types: s.array(mediaType()).default([]).describe('Media types that may not come back.'),
  tools: s
    .array(s.string(), { minItems: 1 })
    .optional()
    .describe('Tools whose calls are judged: http.fetch, search, download, verify. Absent: all.'),
});

export type Settings = Infer<typeof settings>;
