const NAMES = /\.(?:bin|pt|pth|ckpt|pkl|pickle|joblib|dill|npy|npz|mar)$/i;
/** How the old format of PyTorch begins: a number of ten bytes, pickled. */
const OLD_TORCH = Buffer.from([0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
const ZIP = Buffer.from('PK\x03\x04', 'latin1');
const NUMPY = Buffer.from('\x93NUMPY', 'latin1');
const PROTOCOL = 0x80;
const LATEST_PROTOCOL = 5;

/** True for names of files that run code when they are loaded. */
export function isPickleName(path: string): boolean {
  return NAMES.test(path);
}

/** True for bytes that do, whatever their file is called: pickles, and archives, in which PyTorch keeps them. */
export function isPickle(head: Buffer): boolean {
  const begins = (bytes: Buffer) => head.subarray(0, bytes.length).equals(bytes);
  if (begins(ZIP) || begins(NUMPY) || head.indexOf(OLD_TORCH) === 2 || begins(OLD_TORCH)) return true;
  return head[0] === PROTOCOL && head[1] !== undefined && head[1] >= 2 && head[1] <= LATEST_PROTOCOL;
}
