import { isLoopback, parseBind } from './index.js';

it.each([
  ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  ['gpu-box.lan:65535', { host: 'gpu-box.lan', port: 65_535 }],
  ['127.0.0.1', undefined],
  [':8080', undefined],
  ['127.0.0.1:65536', undefined],
  ['::1:8080', undefined],
])('reads the address %s', (bind, address) => {
  expect(parseBind(bind)).toEqual(address);
});

it.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.evil.example', false],
  ['localhost.example', false],
])('tells whether only this machine reaches %s (HME-002)', (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback);
});
