import { defineModelSource, z } from '@llama-orch/plugin-sdk';
import { FileSource } from './file-source.js';

/** Models in files and folders of this machine. */
export default defineModelSource({
  id: 'file',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: z.strictObject({
    /** Folder below which relative paths lead; nothing outside of it is reached by them. */
    root: z.string().min(1).max(4_096).optional(),
  }),
  create: ({ root }) => new FileSource(root),
});
