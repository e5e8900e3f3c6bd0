/** Headers that lose their value. */
const HEADERS = ['authorization', 'proxy-authorization', 'x-api-key', 'cookie', 'set-cookie'];
/** Query parameters and members of JSON that lose their value. */
const MEMBERS = [
  'token',
  'accesstoken',
  'refreshtoken',
  'apikey',
  'secret',
  'clientsecret',
  'password',
  'privatekey',
] as const;

const LONGEST = 64;
const MOST_KNOWN = 10_000;

const headers = new Set(HEADERS.map(plain));
const members = new Set<string>([...MEMBERS, ...headers]);
/** Names are few and come again and again. */
const known = new Map<string, boolean>();

export function isSecretHeader(name: string): boolean {
  return headers.has(plain(name));
}

/** Whether a member or parameter of that name holds a secret; case, `-` and `_` do not count. */
export function isSecretName(name: string): boolean {
  if (name.length > LONGEST) return false;
  const before = known.get(name);
  if (before !== undefined) return before;
  if (known.size >= MOST_KNOWN) known.clear();
  const isSecret = members.has(plain(name));
  known.set(name, isSecret);
  return isSecret;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}
