let turn = 0;

/** Another call begins: members are read anew. */
export function beginTurn(): void {
  turn += 1;
}

/** Gives an object a member that is read when it is first asked for in a call, and is the same until the call ends. */
export function onDemand(object: object, name: string, read: () => unknown): void {
  let readIn = -1;
  let value: unknown;
  const get = (): unknown => {
    if (readIn === turn) return value;
    readIn = turn;
    return (value = read());
  };
  Object.defineProperty(object, name, { enumerable: true, get });
}
