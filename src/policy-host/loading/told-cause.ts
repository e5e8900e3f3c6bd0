import { plainText } from '../../kernel/plain-text.js';

const LONGEST = 200;
const DEEPEST = 5;
/** Where the machine keeps its files is nobody's business; the last part of a path says enough. */
const FOLDERS = /(?:file:\/\/|[A-Za-z]:)?(?:[\\/][^\\/\s'"`:]+)+[\\/](?=[^\\/\s'"`:])/g;

/** The error at the bottom: its name and what it says, without stack and folders. Empty when all of it was said. */
export function toldCause(error: Error): string {
  const root = rootOf(error);
  if (root === error || error.message.includes(root.message)) return '';
  const text = plainText(`${root.name}: ${root.message}`).replace(FOLDERS, '');
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1).toWellFormed()}…`;
}

function rootOf(error: Error): Error {
  let root = error;
  for (let depth = 0; depth < DEEPEST && root.cause instanceof Error; depth++) root = root.cause;
  return root;
}
