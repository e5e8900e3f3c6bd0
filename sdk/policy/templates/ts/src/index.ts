import { allow, definePolicy, deny, s } from '@llama-orch/policy-sdk';

/** Calls go to listed hosts alone, and secrets go nowhere. */
export default definePolicy({
  name: 'acme',
  version: '0.1.0',
  config: s.object({
    hosts: s
      .array(s.host())
      .default([])
      .describe('Hosts that may be called: exact, or *. and a domain for all hosts below it.'),
  }),
  request: ({ url, config, findings }) => {
    if (!url.host.isOneOf(config.hosts)) {
      return deny('HOST_NOT_ALLOWED', `${url.host} is not on the list`, {
        hint: 'ask the operator to add it to hosts',
      });
    }
    return findings.any('secret.*') ? deny('SECRET_FOUND', 'the call holds a secret') : allow();
  },
});
