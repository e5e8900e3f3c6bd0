/** So many items take about a millisecond. */
const AT_ONCE = 1_000;

/** Lets whatever else is due come first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Maps a list without holding the event loop up, however long it is: whatever else is due comes in between. */
export async function mapInTurns<Item, Result>(
  items: readonly Item[],
  map: (item: Item) => Result,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    if (from > 0) await nextTurn();
    for (const item of items.slice(from, from + AT_ONCE)) results.push(map(item));
  }
  return results;
}
