import { serveStore } from './serve-store.js';

/** Entry of the thread of the store. */
await serveStore();
