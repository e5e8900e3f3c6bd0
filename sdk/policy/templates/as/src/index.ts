import { allow, answer, ConfigErrors, deny, hostMatch, JsonType, readConfig, readEvent } from '@llama-orch/policy-as';

/** Calls go to listed hosts alone. */
export function on_request(): i32 {
  const event = readEvent();
  const host = event.host;
  const hosts = event.config.get('hosts').texts();
  for (let index = 0; index < hosts.length; index++) if (hostMatch(host, hosts[index])) return answer(allow());
  return answer(deny('HOST_NOT_ALLOWED', host + ' is not on the list', 'ask the operator to add it to hosts'));
}

/** Asked when the policy is loaded: what it says here, operators read. */
export function validate_config(): i32 {
  const hosts = readConfig().get('hosts');
  const errors = new ConfigErrors();
  if (hosts.type != JsonType.List) return errors.add('/hosts', 'has to be a list of hosts').answer();
  const items = hosts.items();
  for (let index = 0; index < items.length; index++)
    if (!isHost(items[index].text())) errors.add('/hosts/' + index.toString(), 'has to be a host, or *. and a domain');
  return errors.answer();
}

function isHost(text: string): bool {
  const name = text.startsWith('*.') ? text.slice(2) : text;
  return name.length > 0 && !name.includes('*') && !name.includes('/') && !name.includes(' ');
}
