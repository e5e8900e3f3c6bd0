import { allow, definePolicy, deny, type Infer, type RequestContext, s } from '@llama-orch/policy-sdk';

const method = () => s.enum('GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE');
const methods = () => s.array(method(), { minItems: 1 });

const settings = s.object({
  methods: methods().default(['GET', 'HEAD']).describe('Methods that may be used.'),
  rules: s
    .array(s.object({ hosts: s.array(s.host(), { minItems: 1 }), methods: methods() }))
    .default([])
    .describe('Methods for hosts; the first rule that names the host counts, instead of the methods above.'),
  allow_body_with_get: s.boolean().default(false).describe('true: GET and HEAD may carry a body.'),
});

type Settings = Infer<typeof settings>;

/** Which methods may be used, and where. */
export default definePolicy<Settings>({
  name: 'method-guard',
  version: '1.0.0',
  license: 'Apache-2.0',
  config: settings,
  request: (c) => {
    const offered = methodsFor(c);
    // Methods are compared as they are written: `get` is not GET (RFC 9110, section 9.1).
    if (!(offered as readonly string[]).includes(c.method.text)) {
      const reason = `${c.method.text} may not be used with ${c.url.host.text}`;
      return deny('METHOD_NOT_ALLOWED', reason, { hint: `use ${offered.join(' or ')}` });
    }
    if (c.config.allow_body_with_get || !hidesBody(c)) return allow();
    return deny('BODY_NOT_ALLOWED', `${c.method.text} may not carry a body`, { hint: 'send the call without a body' });
  },
});

function methodsFor({ url, config }: RequestContext<Settings>): Settings['methods'] {
  return config.rules.find(({ hosts }) => url.host.isOneOf(hosts))?.methods ?? config.methods;
}

/** A body where none belongs carries data out unseen. */
function hidesBody({ method, body }: RequestContext<Settings>): boolean {
  return ['GET', 'HEAD'].includes(method.text) && body.bytes > 0;
}
