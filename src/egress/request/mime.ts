import { type OutboundCall } from '../egress.js';

/** Whether a call may not have an answer of this type. Where there is a list, an answer without a type is not on it. */
export function mimeTypeIsRefused(
  contentType: string | null,
  { allowedMimeTypes = [], deniedMimeTypes = [] }: Pick<OutboundCall, 'allowedMimeTypes' | 'deniedMimeTypes'>,
): boolean {
  const type = (contentType ?? '').split(';')[0]!.trim().toLowerCase();
  if (deniedMimeTypes.some((rule) => isOf(type, rule))) return true;
  return allowedMimeTypes.length > 0 && !allowedMimeTypes.some((rule) => isOf(type, rule));
}

/** Whether a media type, or a narrower rule, is what a rule means: `type/subtype` or `type/*`. @param type in lower case */
export function isOf(type: string, rule: string): boolean {
  const wanted = rule.toLowerCase();
  return type === wanted || (wanted.endsWith('/*') && type.startsWith(wanted.slice(0, -1)));
}
