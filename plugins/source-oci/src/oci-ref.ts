import { SourceError } from '@llama-orch/plugin-sdk';

export interface OciRef {
  /** Host, with its port if it has one. */
  readonly registry: string;
  readonly repository: string;
  /** A tag, or `sha256:<hex>`. */
  readonly reference: string;
}

const NAME = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const FORM = new RegExp(
  `^oci://([A-Za-z0-9][A-Za-z0-9.-]{0,252}(?::\\d{1,5})?)/(${NAME}(?:/${NAME})*)(?::([\\w][\\w.-]{0,127})|@(sha256:[0-9a-f]{64}))$`,
);
const LONGEST = 512;

/** @throws SourceError */
export function parseOciRef(ref: string): OciRef {
  const [, registry, repository, tag, digest] = (ref.length <= LONGEST ? FORM.exec(ref) : null) ?? [];
  const reference = digest ?? tag;
  if (registry !== undefined && repository !== undefined && reference !== undefined)
    return { registry, repository, reference };
  throw new SourceError(
    'malformed',
    `${ref} must have the form oci://registry/repo:tag or oci://registry/repo@sha256:<hex>`,
  );
}
