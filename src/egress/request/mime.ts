import { type OutboundCall } from '../egress.js';

/** Whether a call may not have an answer of this type. Where there is a list, an answer without a type is not on it. */
export function mimeTypeIsRefused(
  contentType: string | null,
  { allowedMimeTypes = [], deniedMimeTypes = [] }: Pick<OutboundCall, 'allowedMimeTypes' | 'deniedMimeTypes'>,
): boolean {
  const types = typesIn(contentType ?? '');
  if (types.some((type) => deniedMimeTypes.some((rule) => isOf(type, rule)))) return true;
  return allowedMimeTypes.length > 0 && !types.every((type) => allowedMimeTypes.some((rule) => isOf(type, rule)));
}

/** One; several where a proxy made one header of two, and readers would each take another. */
function typesIn(contentType: string): readonly string[] {
  return contentType.split(',').map((one) => one.split(';')[0]!.trim().toLowerCase());
}

/** Whether a media type, or a narrower rule, is what a rule means: `type/subtype` or `type/*`. @param type in lower case */
export function isOf(type: string, rule: string): boolean {
  const wanted = rule.toLowerCase();
  return type === wanted || (wanted.endsWith('/*') && type.startsWith(wanted.slice(0, -1)));
}
