import { z } from 'zod';

/** Bytes in base64 of the standard alphabet, padded; another spelling of the same bytes is none. */
export const base64Bytes = (maxBytes: number) =>
  z
    .string()
    .min(1)
    .max(Math.ceil(maxBytes / 3) * 4)
    .transform((text, context) => {
      const bytes = Buffer.from(text, 'base64');
      if (bytes.toString('base64') !== text) context.addIssue('is not base64');
      return bytes;
    });
