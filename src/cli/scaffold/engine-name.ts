import { knownEngines } from '../../config/index.js';
import { UsageError } from '../cli-errors.js';

const ID = /^[a-z][a-z0-9-]{0,62}$/;

/** Checks the id of a new adapter. @throws UsageError that offers a name which will do */
export function engineName(name: string): string {
  if (knownEngines().includes(name))
    throw new UsageError(`the engine ${name} comes with llama-orch; choose another name, such as my-${name}`);
  if (ID.test(name)) return name;
  const near = nearestId(name);
  const hint = near === undefined ? 'choose another, such as acme' : `did you mean ${near}?`;
  throw new UsageError(
    `"${name}" cannot be the id of an engine: a letter, then lower case letters, digits and hyphens; ${hint}`,
  );
}

/** What is left of a name when everything that an id cannot hold is taken out. */
function nearestId(name: string): string | undefined {
  const id = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 63)
    .replace(/-$/, '');
  return ID.test(id) ? id : undefined;
}
