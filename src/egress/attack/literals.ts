/** An attack that is a URL. */
export interface UrlVector {
  /** Row of the list of attacks. */
  readonly row: number;
  readonly name: string;
  readonly url: string;
  /** `dialled`: it leads to a public address and may be called. */
  readonly expected: 'refused' | 'dialled';
  /** After a redirect it is an address relative to where it came from. */
  readonly isRelative?: true;
}

/** Hosts that must be refused however they are written, by row. */
const BAD_HOSTS: Readonly<Record<number, readonly string[]>> = {
  1: ['127.0.0.1'],
  2: ['127.1'],
  3: ['0x7f.1'],
  4: ['0177.0.0.1'],
  5: ['2130706433'],
  6: ['017700000001'],
  8: ['①②⑦.⓪.⓪.①', '127。0。0。1'],
  9: ['0', '0.0.0.0'],
  10: ['127.9.9.9', '127.255.255.254'],
  11: ['[::1]', '[::]'],
  12: ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]'],
  13: ['[::127.0.0.1]'],
  14: ['[64:ff9b::7f00:1]', '[64:ff9b:1::a00:1]'],
  15: ['[2002:7f00:1::]'],
  16: ['[2001:0:7f00:1::]', '[2001:0:4136:e378:8000:63bf:80ff:fffe]'],
  17: ['[fe80::1]', '[fe80::1%25eth0]', '[fe80::1%eth0]'],
  18: ['[fc00::1]', '[fd00:ec2::254]'],
  19: ['[fec0::1]', '[2001:db8::1]', '[100::1]', '[3fff::1]', '[5f00::1]', '[ff02::1]'],
  20: ['10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.254', '192.168.1.1'],
  21: ['100.64.0.1', '100.127.255.254', '100.100.100.200'],
  22: ['169.254.169.254', '169.254.170.2', '169.254.42.42'],
  23: ['168.63.129.16'],
  24: [
    'metadata.google.internal',
    'metadata',
    'instance-data',
    'db.internal',
    'printer.local',
    'api.default.svc.cluster.local',
  ],
  25: [
    ...['192.0.0.1', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '192.88.99.1', '224.0.0.1', '240.0.0.1'],
    '255.255.255.255',
  ],
  26: ['localhost', 'LOCALHOST', 'foo.localhost'],
  66: ['[example.com]', '[127.0.0.1]'],
  67: ['[0:0:0:0:0:ffff:a9fe:a9fe]', '[0:0:0:0:0:FFFF:A9FE:A9FE]'],
};

/** Ways to hide a host; each leaves it where it is, or makes a URL that is none. */
const DISGUISES: readonly (readonly [name: string, url: (host: string) => string])[] = [
  ['plain', (host) => `http://${host}/`],
  ['behind user@', (host) => `http://example.com@${host}/`],
  ['before \\@', (host) => `http://${host}\\@example.com/`],
  ['with port 0', (host) => `http://${host}:0/`],
  ['with a dot at the end', (host) => `http://${host}./`],
];

const DIGITS = '０１２３４５６７８９';

/** Dotted addresses in wide digits, which become plain ones by IDNA. */
function wide(host: string): string {
  return host.replace(/\d/g, (digit) => DIGITS[Number(digit)]!).replaceAll('.', '．');
}

/** Each bad host in each disguise. */
export function badHosts(): readonly UrlVector[] {
  return Object.entries(BAD_HOSTS).flatMap(([row, hosts]) =>
    hosts.flatMap((host) => [
      ...DISGUISES.map(([name, url]) => refused(Number(row), `${host} ${name}`, url(host))),
      ...(/^\d+(?:\.\d+){3}$/.test(host)
        ? [refused(Number(row), `${host} in wide digits`, `http://${wide(host)}/`)]
        : []),
    ]),
  );
}

/** The rest of the list that is a URL. */
export function tricks(): readonly UrlVector[] {
  const relative = ['http:/127.0.0.1/', 'http:127.0.0.1/', 'http:\\127.0.0.1/'];
  const schemes = [
    'file:///etc/passwd',
    'ftp://example.com/',
    'gopher://example.com/',
    'data:text/plain,x',
    'unix:/run/x',
  ];
  const moreSchemes = [
    'http+unix://%2Frun%2Fx/',
    'jar:http://example.com/',
    'blob:http://example.com/x',
    'javascript:1',
  ];
  return [
    refused(7, '127.0.0.1.', 'http://127.0.0.1./'),
    ...['172.15.255.255', '172.32.0.1'].map((host) => dialled(20, `${host} is next to a private range`, host)),
    ...['100.63.255.255', '100.128.0.1'].map((host) => dialled(21, `${host} is next to a shared range`, host)),
    refused(26, 'localhost.', 'http://localhost./'),
    refused(36, 'a host behind @', 'http://example.com@127.0.0.1/'),
    refused(38, 'a host before \\@', 'http://127.0.0.1\\@example.com/'),
    refused(37, 'a host before #@', 'http://127.0.0.1#@example.com/'),
    dialled(39, 'a host before \\@ that is public', 'evil。org\\@example.com'),
    ...relative.map((url) => ({ ...refused(40, url, url), isRelative: true as const })),
    ...['\t', '\n', '\r', '\0'].map((control) =>
      refused(41, `a host with ${JSON.stringify(control)}`, `http://127.0.${control}0.1/`),
    ),
    ...[0, 22, 25, 6379].map((port) => refused(46, `port ${port}`, `http://example.com:${port}/`)),
    ...[...schemes, ...moreSchemes].map((url) => refused(47, url, url)),
    refused(63, 'the own address', 'http://127.0.77.9/'),
    refused(63, 'the own health endpoint', 'http://127.0.77.9/healthz'),
    refused(0, 'a URL of more than 8 KiB', `http://example.com/${'x'.repeat(8_192)}`),
  ];
}

function refused(row: number, name: string, url: string): UrlVector {
  return { row, name, url, expected: 'refused' };
}

function dialled(row: number, name: string, host: string): UrlVector {
  return { row, name, url: `http://${host}/`, expected: 'dialled' };
}
