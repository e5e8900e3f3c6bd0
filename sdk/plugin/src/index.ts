export * from './contracts/plugin.js';
export * from './contracts/engine.js';
export * from './contracts/engine-error.js';
export * from './contracts/engine-optional.js';
export * from './contracts/engine-program.js';
export * from './contracts/placement.js';
export * from './contracts/placement-fit.js';
export * from './contracts/placement-rank.js';
export * from './contracts/queue.js';
export * from './contracts/gpu.js';
export * from './contracts/search.js';
export * from './contracts/source.js';
export * from './contracts/source-parts.js';
/** The schema library that plugin options are written in; a plugin needs no copy of its own. */
export { z } from 'zod';
