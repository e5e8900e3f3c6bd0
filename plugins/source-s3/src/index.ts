import { defineModelSource } from '@llama-orch/plugin-sdk';
import { keysOf, s3Options } from './options.js';
import { S3Source } from './s3-source.js';

/** Models in buckets of S3 and of what speaks like it. */
export default defineModelSource({
  id: 's3',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: s3Options,
  create: (options) =>
    new S3Source(
      options,
      () => keysOf(options, process.env),
      () => new Date(),
    ),
});
