import { type QueueItem } from '@llama-orch/plugin-sdk';

/** One waiting item in a tree that is ordered by deadline. */
export interface Node {
  readonly item: QueueItem;
  /** Absolute; `Infinity` without a deadline. */
  readonly deadlineAt: number;
  /** Decides between equal deadlines; unique. */
  readonly sequence: number;
  /** Keeps the tree flat: no node has a greater weight than the one above it. */
  readonly weight: number;
  left: Node | undefined;
  right: Node | undefined;
  above: Node | undefined;
  /** Items in this node and below. */
  size: number;
  /** The earliest arrival in this node and below. */
  since: number;
}

/**
 * A binary search tree whose shape is drawn by mixing sequence numbers (a treap): about `2 log n` deep whatever comes
 * in whatever order, and the same on every run.
 */
export class DeadlineTree {
  #root: Node | undefined;

  get size(): number {
    return sizeOf(this.#root);
  }

  get since(): number {
    return sinceOf(this.#root);
  }

  get first(): Node | undefined {
    let node = this.#root;
    while (node?.left !== undefined) node = node.left;
    return node;
  }

  add(item: QueueItem, sequence: number): Node {
    const node: Node = {
      item,
      deadlineAt: item.deadlineAt ?? Infinity,
      sequence,
      weight: mix(sequence),
      left: undefined,
      right: undefined,
      above: undefined,
      size: 1,
      since: item.enqueuedAt,
    };
    this.#root = insert(this.#root, node);
    this.#root.above = undefined;
    return node;
  }

  remove(node: Node): void {
    const { above } = node;
    const rest = join(node.left, node.right);
    if (rest !== undefined) rest.above = above;
    if (above === undefined) this.#root = rest;
    else if (above.left === node) above.left = rest;
    else above.right = rest;
    for (let one = above; one !== undefined; one = one.above) update(one);
  }

  /** How many items stand before this one. */
  rankOf(node: Node): number {
    let rank = sizeOf(node.left);
    for (let one = node; one.above !== undefined; one = one.above) {
      if (one.above.right === one) rank += sizeOf(one.above.left) + 1;
    }
    return rank;
  }

  /** How many items end with the last one that arrived at `time` or before. */
  countThrough(time: number): number {
    let count = 0;
    let node = this.#root;
    while (node !== undefined && node.since <= time) {
      const isBeyond = sinceOf(node.right) <= time;
      const isHere = !isBeyond && node.item.enqueuedAt <= time;
      if (isBeyond || isHere) count += sizeOf(node.left) + 1;
      if (isHere) return count;
      node = isBeyond ? node.right : node.left;
    }
    return count;
  }

  *[Symbol.iterator](): Iterator<QueueItem> {
    for (let node = this.first; node !== undefined; node = nextOf(node)) yield node.item;
  }
}

function nextOf(node: Node): Node | undefined {
  if (node.right !== undefined) {
    let next = node.right;
    while (next.left !== undefined) next = next.left;
    return next;
  }
  let below = node;
  while (below.above !== undefined && below.above.right === below) below = below.above;
  return below.above;
}

function insert(root: Node | undefined, node: Node): Node {
  if (root === undefined) return node;
  if (node.weight > root.weight) {
    [node.left, node.right] = split(root, node);
    return update(node);
  }
  if (isBefore(node, root)) root.left = insert(root.left, node);
  else root.right = insert(root.right, node);
  return update(root);
}

/** Parts a tree into what comes before a node and what comes after it. */
function split(root: Node | undefined, at: Node): [Node | undefined, Node | undefined] {
  if (root === undefined) return [undefined, undefined];
  if (isBefore(root, at)) {
    const [before, after] = split(root.right, at);
    root.right = before;
    return [update(root), after];
  }
  const [before, after] = split(root.left, at);
  root.left = after;
  return [before, update(root)];
}

/** Joins two trees of which all of `left` comes first. */
function join(left: Node | undefined, right: Node | undefined): Node | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  if (left.weight > right.weight) {
    left.right = join(left.right, right);
    return update(left);
  }
  right.left = join(left, right.left);
  return update(right);
}

/** Counts a node anew from the two below it. */
function update(node: Node): Node {
  const { left, right } = node;
  if (left !== undefined) left.above = node;
  if (right !== undefined) right.above = node;
  node.size = sizeOf(left) + sizeOf(right) + 1;
  node.since = Math.min(node.item.enqueuedAt, sinceOf(left), sinceOf(right));
  return node;
}

function sizeOf(node: Node | undefined): number {
  return node === undefined ? 0 : node.size;
}

function sinceOf(node: Node | undefined): number {
  return node === undefined ? Infinity : node.since;
}

function isBefore(one: Node, other: Node): boolean {
  return one.deadlineAt === other.deadlineAt ? one.sequence < other.sequence : one.deadlineAt < other.deadlineAt;
}

/** Spreads whole numbers over 32 bits. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
