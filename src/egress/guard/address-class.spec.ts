import { type AddressClass } from '@llama-orch/policy-sdk/abi';
import { canonical, classOf } from './address-class.js';

const CLASSES: Readonly<Record<AddressClass, readonly string[]>> = {
  public: [
    ...['8.8.8.8', '172.15.255.255', '172.32.0.0', '100.63.255.255', '100.128.0.0', '11.0.0.0', '169.253.255.255'],
    ...['168.63.129.15', '2606:4700::1111', '2a00::1', '::ffff:8.8.8.8'],
  ],
  private: ['10.0.0.0', '172.16.0.0', '172.31.255.255', '192.168.255.255', 'fc00::', 'fdff::1', '::ffff:10.0.0.1'],
  loopback: ['127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1'],
  'link-local': ['169.254.0.1', 'fe80::1', 'febf::1', 'fe80::1%eth0', '::ffff:169.254.1.1'],
  cgnat: ['100.64.0.0', '100.127.255.255'],
  metadata: [
    ...['169.254.169.254', '169.254.170.2', '169.254.42.42', '168.63.129.16', '100.100.100.200', 'fd00:ec2::254'],
    ...['::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1', '::169.254.169.254'],
  ],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1', '::ffff:224.0.0.1'],
  reserved: [
    ...['0.0.0.0', '0.1.2.3', '192.0.0.1', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.19.255.255', '198.51.100.1'],
    ...['203.0.113.1', '240.0.0.1', '255.255.255.255', '::', 'fec0::1', '2001:db8::1', '100::1', '3fff::1', '5f00::1'],
    ...['64:ff9b::808:808', '64:ff9b:1::1', '2002:808:808::1', '2001::1', '::8.8.8.8', '4000::1', '2001:10::1'],
    ...['::127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', '2001:0:7f00:1::', '2001:0:4136:e378:8000:63bf:80ff:fffe'],
  ],
  unknown: ['', 'example.com', '1.2.3', '::g'],
};

describe.each(Object.entries(CLASSES))('%s', (name, addresses) => {
  it.each(addresses)('is %s (ORCH-4703)', (address) => {
    expect(classOf(address)).toBe(name);
  });
});

it('takes a public address that embeds a private one for what it embeds (ORCH-4703)', () => {
  expect(classOf('2a00::5efe:7f00:1')).toBe('loopback');
  expect(classOf('2a00:0:0:0:200:5efe:a00:1')).toBe('private');
});

it('gives each address one text (ORCH-4703)', () => {
  expect(['::FFFF:7f00:1', '0:0:0:0:0:0:0:1', '2606:4700:0:0::1111'].map(canonical)).toEqual([
    '127.0.0.1',
    '::1',
    '2606:4700::1111',
  ]);
});
