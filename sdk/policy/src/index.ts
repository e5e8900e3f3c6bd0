export * from './abi.js';
