import { allow, definePolicy, deny, s } from '@llama-orch/policy-sdk';

/** No call sends more than so many bytes. */
export default definePolicy({
  name: 'small-calls',
  version: '1.0.0',
  license: 'Apache-2.0',
  config: s.object({ max_bytes: s.integer({ minimum: 0 }).default(1_000) }),
  request: ({ body, config }) =>
    body.bytes > config.max_bytes ? deny('TOO_LARGE', `the body has ${body.bytes} bytes`) : allow(),
});
