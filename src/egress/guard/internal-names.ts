/** Names of services that tell secrets to machines of their cloud. Nobody can allow them. */
const METADATA_NAMES: readonly string[] = ['metadata', 'instance-data', 'metadata.google.internal', 'metadata.goog'];

/** Names that only mean something inside of a machine, a network or a cluster, whatever a resolver says. */
const INTERNAL = ['localhost', 'localdomain', 'local', 'internal', 'intranet', 'home.arpa', 'in-addr.arpa', 'ip6.arpa'];

export function isMetadataName(host: string): boolean {
  return METADATA_NAMES.some((name) => host === name || host.endsWith(`.${name}`));
}

export function isInternalName(host: string): boolean {
  return INTERNAL.some((name) => host === name || host.endsWith(`.${name}`));
}
