// Installs what package-lock.json asks for, unless it is there already. Built-ins only.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Installs the dependencies if they are not there. Answers one sentence when that failed, else undefined. */
export function ensureDependencies(root) {
  if (areInstalled(root)) return undefined;
  console.error('Installing the dependencies, once; this takes about half a minute …');
  const [command, ...args] = npmCommand();
  const flags = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const stdio = ['ignore', 'ignore', 'inherit'];
  const { status } = spawnSync(command, [...args, ...flags], { cwd: root, stdio, shell: process.platform === 'win32' });
  return status === 0 ? undefined : 'The dependencies could not be installed: npm ci failed, see above.';
}

/** Whether node_modules holds what the lock file asks for; npm itself keeps the record of what it installed. */
export function areInstalled(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const present = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || present === undefined) return false;
  return Object.keys(wanted).every((path) => !path.includes('node_modules/') || matches(wanted[path], present[path]));
}

/** An optional package may be absent, as those of other platforms are. */
function matches(wanted, present) {
  if (present === undefined) return wanted.optional === true || wanted.devOptional === true;
  return wanted.version === present.version && wanted.link === present.link;
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** The npm that runs this script, else the one on the PATH. */
function npmCommand() {
  const running = process.env.npm_execpath || '';
  return running.endsWith('npm-cli.js') ? [process.execPath, running] : ['npm'];
}
