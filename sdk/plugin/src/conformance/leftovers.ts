/** Resources that keep a process alive, or a machine busy. */
const LASTING = ['Timeout', 'TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'ProcessWrap', 'MessagePort', 'Worker'];

/** How many of each kind are open in this process. */
export function countLasting(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const resource of process.getActiveResourcesInfo()) {
    if (LASTING.includes(resource)) counts.set(resource, (counts.get(resource) ?? 0) + 1);
  }
  return counts;
}

/** What is open beyond an earlier count, such as `1 Timeout`. */
export function leftovers(before: ReadonlyMap<string, number>): string[] {
  return [...countLasting()].flatMap(([resource, count]) => {
    const more = count - (before.get(resource) ?? 0);
    return more > 0 ? [`${more} ${resource}`] : [];
  });
}
