import { AttackRig, type RigOptions } from '../attack/attack-rig.js';
import { Fault } from '../fault.js';
import { classOf } from './address-class.js';
import { Guard } from './guard.js';
import { normalise } from './normalise.js';
import { OwnAddresses } from './own-addresses.js';
import { Refusal } from './refusal.js';
import { type NamedHost } from './rules.js';
import { addressesIn, SystemResolver } from './system-resolver.js';

const { signal } = new AbortController();

/** The address that is dialled, or why there is none. */
async function judge(url: string, options: RigOptions = {}, named?: NamedHost): Promise<string> {
  const { parts, close } = withGuard(options);
  try {
    return (await new Guard(parts).check(normalise(url), named, signal)).pinned.ip;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    if (error instanceof Fault) return error.kind;
    throw error;
  } finally {
    await close();
  }
}

function withGuard(options: RigOptions) {
  const rig = new AttackRig({ ...options, parts: { classify: classOf, ...options.parts } });
  return { parts: rig.parts, close: () => rig.close() };
}

describe('the guard', () => {
  it.each([
    ['http://10.0.0.1/', {}, 'ADDRESS_NOT_PUBLIC'],
    ['http://10.0.0.1/', { allowPrivate: true }, '10.0.0.1'],
    ['http://127.0.0.1/', { allowPrivate: true }, '127.0.0.1'],
    ['http://100.64.0.1/', { allowPrivate: true }, '100.64.0.1'],
    ['http://10.0.0.1/', { allowHosts: ['10.0.0.0/8'] }, '10.0.0.1'],
    ['http://[::ffff:10.0.0.1]/', { allowHosts: ['10.0.0.1'] }, '10.0.0.1'],
    ['http://10.0.0.1/', { allowHosts: ['10.0.0.2', '192.168.0.0/16', 'example.com'] }, 'ADDRESS_NOT_PUBLIC'],
    ['http://10.0.0.1/', { allowPrivate: true, denyHosts: ['10.0.0.0/8'] }, 'ADDRESS_DENIED'],
    ['http://8.8.8.8/', { denyHosts: ['8.8.8.8'] }, 'ADDRESS_DENIED'],
    ['http://169.254.169.254/', { allowPrivate: true, allowHosts: ['169.254.0.0/16'] }, 'ADDRESS_NOT_PUBLIC'],
    ['http://0.0.0.0/', { allowPrivate: true, allowHosts: ['0.0.0.0'] }, 'ADDRESS_NOT_PUBLIC'],
    ['http://224.0.0.1/', { allowPrivate: true }, 'ADDRESS_NOT_PUBLIC'],
    ['http://8.8.8.8:8080/', {}, 'PORT'],
    ['http://8.8.8.8:8080/', { ports: new Set([8080]) }, '8.8.8.8'],
    ['http://8.8.8.8/', { enabled: false }, 'EGRESS_OFF'],
  ])('%s with %j: %s (ORCH-4703)', async (url, rules, expected) => {
    expect(await judge(url, { rules })).toBe(expected);
  });

  it.each([
    ['db.internal', {}, 'HOST_INTERNAL'],
    ['db.internal', { allowPrivate: true }, 'HOST_INTERNAL'],
    ['db.internal', { allowHosts: ['*.internal'] }, '10.0.0.1'],
    ['localhost', { allowHosts: ['localhost'] }, '127.0.0.1'],
    ['localhost', { allowPrivate: true }, 'HOST_INTERNAL'],
    ['metadata.google.internal', { allowHosts: ['metadata.google.internal'] }, 'HOST_INTERNAL'],
    ['db.internal', { allowHosts: ['db.internal'], denyHosts: ['*.internal'] }, 'HOST_DENIED'],
    ['inside.example', {}, 'ADDRESS_NOT_PUBLIC'],
    ['inside.example', { allowHosts: ['inside.example'] }, '10.0.0.1'],
    ['inside.example', { allowHosts: ['*.inside.example', 'example'] }, 'ADDRESS_NOT_PUBLIC'],
    ['inside.example', { allowHosts: ['inside.example'], denyHosts: ['10.0.0.1'] }, 'ADDRESS_DENIED'],
    ['both.example', { allowHosts: ['10.0.0.1'] }, '8.8.8.8'],
    ['both.example', {}, 'ADDRESS_NOT_PUBLIC'],
  ])('%s with %j: %s (ORCH-4703)', async (host, rules, expected) => {
    const inside = [['10.0.0.1']];
    const names = {
      ...{ 'db.internal': inside, 'inside.example': inside, 'metadata.google.internal': [['169.254.169.254']] },
      ...{ localhost: [['127.0.0.1']], 'both.example': [['8.8.8.8', '10.0.0.1']] },
    };
    expect(await judge(`http://${host}/`, { rules, names })).toBe(expected);
  });

  it('takes host and port that the configuration names for allowed, and no other port or host (ORCH-3206)', async () => {
    const named = { host: '127.0.0.1', port: 9000 };
    expect(await judge('http://127.0.0.1:9000/', {}, named)).toBe('127.0.0.1');
    expect(await judge('http://127.0.0.1:9001/', {}, named)).toBe('PORT');
    expect(await judge('http://127.0.0.1/', {}, named)).toBe('ADDRESS_NOT_PUBLIC');
    expect(await judge('http://127.0.0.1:9000/', { rules: { denyHosts: ['127.0.0.0/8'] } }, named)).toBe(
      'ADDRESS_DENIED',
    );
  });

  it('refuses more addresses than a name needs, and answers that come late (ORCH-4703)', async () => {
    const many = Array.from({ length: 65 }, (_, at) => `8.8.8.${at}`);
    expect(await judge('http://many.example/', { names: { 'many.example': [many] } })).toBe('dns');
    expect(await judge('http://mute.example/', { names: { 'mute.example': ['silence'] } })).toBe('dns');
  });
});

describe('the addresses of the daemon', () => {
  it('are refused even where the operator allows them (ORCH-4703)', async () => {
    const own = new OwnAddresses();
    own.listensOn('127.0.0.1', 80);
    own.isReachedBy('https://llm.example/');
    const options = { rules: { allowPrivate: true, allowHosts: ['llm.example'] }, parts: { own } };
    expect(await judge('http://127.0.0.1/', options)).toBe('OWN_ADDRESS');
    expect(await judge('http://127.0.0.2/', options)).toBe('OWN_ADDRESS');
    expect(await judge('http://10.0.0.1/', options)).toBe('10.0.0.1');
    expect(await judge('https://llm.example/', options)).toBe('OWN_ADDRESS');
  });

  it('are all addresses of the machine when it listens on any (ORCH-4703)', () => {
    const own = new OwnAddresses();
    own.listensOn('::', 8080);
    expect(own.hasAddress('127.9.9.9', 8080)).toBe(true);
    expect(own.hasAddress('::1', 8080)).toBe(true);
    expect(own.hasAddress('127.0.0.1', 8081)).toBe(false);
    expect(own.hasAddress('8.8.8.8', 8080)).toBe(false);
  });
});

describe('the resolver of the system', () => {
  it('reads the hosts file first, IPv4 before IPv6 (ORCH-4703)', () => {
    const file = '# 1.1.1.1 a\n::2\ta b\n10.0.0.1 A # a\nnonsense a\n';
    expect(addressesIn(file, 'a')).toEqual(['10.0.0.1', '::2']);
    expect(addressesIn(file, 'c')).toEqual([]);
  });

  it('asks nobody once it was called off (ORCH-4703)', async () => {
    const resolver = new SystemResolver('/dev/null');
    await expect(resolver.resolve('a.invalid', AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
  });
});
