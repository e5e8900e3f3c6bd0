import { readFile } from 'node:fs/promises';
import { defineGpuProbe, z } from '@llama-orch/plugin-sdk';

/** Tells what a test has written into a file: `devices` and `samples`, or `failure`. */
export default defineGpuProbe({
  id: 'cards-in-a-file',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: z.strictObject({ file: z.string() }),
  create: ({ file }) => {
    const read = async () => {
      const said = JSON.parse(await readFile(file, 'utf8'));
      if (said.failure !== undefined) throw new Error(said.failure);
      return said;
    };
    return {
      inventory: async () => (await read()).devices,
      sample: async () => (await read()).samples,
      close: async () => {},
    };
  },
});
