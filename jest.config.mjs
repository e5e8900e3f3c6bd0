import { readFileSync } from 'node:fs';

const swcrc = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));
delete swcrc.$schema;
// Below Node 24.9 Jest has no require(esm): ESM-only packages that CommonJS packages require are compiled to CommonJS.
const esmRequiredByCommonJs = ['cookie', 'content-disposition'].join('|');

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/sdk', '<rootDir>/plugins', '<rootDir>/policies'],
  testMatch: ['**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': ['@swc/jest', swcrc],
    [`/node_modules/(${esmRequiredByCommonJs})/.+\\.js$`]: [
      '@swc/jest',
      { jsc: { target: 'es2023' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmRequiredByCommonJs})/)`],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/sdk/policy/templates'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  globalSetup: '<rootDir>/test/support/migrated-store.mjs',
  globalTeardown: '<rootDir>/test/support/remove-migrated-store.mjs',
  reporters: ['default', '<rootDir>/scripts/closing-line-reporter.mjs'],
  maxWorkers: 2,
  workerIdleMemoryLimit: '1GB',
  testTimeout: 60_000,
};
