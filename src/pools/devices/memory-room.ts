/** Memory of one device as the ledger has it. Bytes. */
export interface MemoryAccount {
  /** What may be used in all, as far as experience has shown. */
  readonly capacityBytes: number;
  /** Claims of which a part may not be in use yet. */
  readonly loadingBytes: number;
  /** Claims that lie within what was observed. */
  readonly settledBytes: number;
  /** Claims given back so lately that the driver may still count them. */
  readonly leavingBytes: number;
  /** What the use of the device rose by since the oldest of the loading claims was made; no more of them is in use. */
  readonly risenBytes: number;
  /** Absent: nobody has looked, or too long ago. */
  readonly seen?: MemorySeen;
}

export interface MemorySeen {
  /** In use by anybody. */
  readonly usedBytes: number;
  /** In use by engines of this daemon, where the driver tells processes apart. */
  readonly ownBytes?: number;
}

/** What an account comes to. Bytes, none of them negative. */
export interface MemoryRoom {
  readonly capacityBytes: number;
  /** All claims together. */
  readonly predictedBytes: number;
  readonly observedBytes: number | undefined;
  /** In use by others, as far as it can be told. */
  readonly foreignBytes: number;
  /** What may be claimed now, whatever of the loading claims is in use already. */
  readonly freeBytes: number;
  /** What there will be when loads have ended and freed memory has come back, unless others take it. */
  readonly hopedBytes: number;
}

/** Balances an account: no claim is missed, and one that is in use already is counted once wherever that can be told. */
export function roomIn(account: MemoryAccount): MemoryRoom {
  const { capacityBytes, loadingBytes, settledBytes, seen } = account;
  const predictedBytes = loadingBytes + settledBytes;
  const { foreignBytes, takenBytes, hopedBytes } = balanced(account, predictedBytes);
  const free = (taken: number) => Math.max(0, capacityBytes - taken);
  return {
    ...{ capacityBytes, predictedBytes, observedBytes: seen?.usedBytes, foreignBytes },
    freeBytes: free(takenBytes),
    hopedBytes: free(hopedBytes),
  };
}

interface Balance {
  readonly foreignBytes: number;
  readonly takenBytes: number;
  /** What will be taken once loads and releases have shown. */
  readonly hopedBytes: number;
}

function balanced(account: MemoryAccount, predicted: number): Balance {
  const { seen } = account;
  if (seen === undefined) return { foreignBytes: 0, takenBytes: predicted, hopedBytes: predicted };
  const own = seen.ownBytes;
  return own !== undefined && tellsApart(account, own)
    ? byProcesses(account, seen.usedBytes, own, predicted)
    : bySum(account, seen.usedBytes, predicted);
}

/** Engines in a container have process ids that the driver names differently: none of ours is found then. */
function tellsApart({ settledBytes }: MemoryAccount, own: number): boolean {
  return own > 0 && own >= settledBytes / 2;
}

function byProcesses({ leavingBytes }: MemoryAccount, used: number, own: number, predicted: number): Balance {
  const foreignBytes = Math.max(0, used - own);
  return {
    foreignBytes,
    takenBytes: foreignBytes + Math.max(own, predicted),
    hopedBytes: foreignBytes + Math.max(own - leavingBytes, predicted),
  };
}

/**
 * Only a sum is known: what it rose by during a load may be the load or somebody else. Free is what is left when it was
 * somebody else; hoped for is what is left when it was the load.
 */
function bySum(account: MemoryAccount, used: number, predicted: number): Balance {
  const { loadingBytes, risenBytes, settledBytes, leavingBytes } = account;
  const takenBytes = loadingBytes + Math.max(used, settledBytes);
  const visible = Math.min(loadingBytes, risenBytes, Math.max(0, used - settledBytes));
  return {
    foreignBytes: Math.max(0, used - settledBytes - visible),
    takenBytes,
    hopedBytes: Math.max(predicted, takenBytes - visible - leavingBytes),
  };
}
