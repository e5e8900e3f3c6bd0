import { allow, type Answer, definePolicy, deny, type UrlView } from '@llama-orch/policy-sdk';
import { settings, type Settings } from './settings.js';
import { isMediaTypeOf } from './media-types.js';

/** Which hosts may be called, and which media types may come back. */
export default definePolicy<Settings>({
  name: 'allow-hosts',
  version: '1.0.0',
  license: 'Apache-2.0',
  config: settings,
  request: ({ url, config, tool }) => (config.tools?.includes(tool.name) === false ? allow() : judged(url, config)),
  response: ({ body, config, tool }) => {
    if (config.tools?.includes(tool.name) === false || !body.isPresent) return allow();
    return judgedType(body.contentType ?? '', config);
  },
});

function judged({ host, port, scheme }: UrlView, config: Settings): Answer {
  if (host.isOneOf(config.deny_hosts))
    return deny('HOST_DENIED', `${host.text} is on the list of hosts that may not be called`);
  if (!host.isOneOf(config.hosts)) {
    return deny('HOST_NOT_ALLOWED', `${host.text} is not on the list of hosts that may be called`, {
      hint: offered(config.hosts),
    });
  }
  if (config.schemes?.includes(scheme) === false) {
    return deny('SCHEME_NOT_ALLOWED', `${host.text} may not be called by ${scheme}`, {
      hint: `use ${config.schemes.join(' or ')}`,
    });
  }
  if (config.ports?.includes(port) === false) {
    return deny('PORT_NOT_ALLOWED', `port ${port} of ${host.text} may not be called`, {
      hint: `use port ${config.ports.join(' or ')}`,
    });
  }
  return allow();
}

function judgedType(type: string, { mime_types: allowed, deny_mime_types: denied }: Settings): Answer {
  if (isMediaTypeOf(type, denied)) return deny('MIME_DENIED', `answers of type ${type} may not come in`);
  if (allowed === undefined || isMediaTypeOf(type, allowed)) return allow();
  const what = type === '' ? 'an answer that names no type' : `an answer of type ${type}`;
  return deny('MIME_NOT_ALLOWED', `${what} may not come in`, { hint: `ask for ${allowed.join(' or ')}` });
}

const SHOWN = 8;

/** For the agent: what it may call instead. */
function offered(hosts: readonly string[]): string {
  if (hosts.length === 0) return 'no host may be called until the operator lists some';
  const more = hosts.length > SHOWN ? `, and ${hosts.length - SHOWN} more` : '';
  return `hosts that may be called: ${hosts.slice(0, SHOWN).join(', ')}${more}`;
}
