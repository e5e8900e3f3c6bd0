import { z } from 'zod';

/** Pool ids go into paths, metric labels and file names, so they are short and plain. */
export const POOL_ID = /^[a-z0-9][a-z0-9._-]{0,62}$/;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** The longest duration that a timer of Node can hold: 24.8 days. */
const MAX_MS = 2_147_483_647;

const GIBIBYTE = 1024 ** 3;

/** A duration in milliseconds, at least `least`. */
export const milliseconds = (least = 1) => z.int().min(least).max(MAX_MS);

/** A size in bytes, at least 1 and at most 1 GiB. */
export const bytes = (least = 1) => z.int().min(least).max(GIBIBYTE);

/** A whole number from `least` to `most`. */
export const count = (least: number, most: number) => z.int().min(least).max(most);

/** An amount of a currency, in steps of a billionth, so that sums of it are exact. */
export const money = (most: number) =>
  z
    .number()
    .min(0)
    .max(most)
    .refine((amount) => Math.abs(amount * 1e9 - Math.round(amount * 1e9)) < 1e-3, 'must have at most nine decimals');

export const text = (most = 400) => z.string().min(1).max(most);

export const poolId = () =>
  z.string().regex(POOL_ID, 'must be 1 to 63 characters of a-z, 0-9, ".", "_", "-" and begin with a letter or digit');

export const name = () =>
  z.string().regex(NAME, 'must be 1 to 63 letters, digits, ".", "_" or "-" and begin with a letter or digit');

/** Members that a plugin checks with its own strict schema. */
export const pluginOptions = () => z.record(z.string(), z.unknown()).default({});

/** An http(s) URL; user names and passwords do not belong into it. */
export const httpUrl = () =>
  z
    .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
    .refine((url) => !/^[a-z]+:\/\/[^/?#]*@/i.test(url), 'must not hold a user name or password');
