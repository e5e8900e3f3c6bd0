import { ByteReader } from './byte-reader.js';
import { EMPTY_BLOCK, OP, readOpcode, skipImmediates } from './instructions.js';
import { stackEffect } from './stack-effect.js';
import { type Body, type WasmModule } from './wasm-module.js';

/** Prices in fuel. All other instructions cost 1, but for delimiters, which make no code. */
const COST = { call: 4, importCall: 100 } as const;
/** Instructions that take far longer than others, even over a length of 0. */
const DEAR: ReadonlyMap<number, number> = new Map([
  [OP.memoryFill, 40],
  [OP.memoryCopy, 8],
  [OP.memoryInit, 8],
  [OP.tableSet, 16],
  [OP.tableInit, 8],
  [OP.tableCopy, 8],
  [OP.tableGrow, 8],
  [OP.tableFill, 8],
]);
/** Locals that one unit of fuel sets to zero at the entry of a function. */
const LOCALS_PER_UNIT = 4;

/** What a site may charge for code that is skipped: with more, code is smaller and prices are less fair. */
const SLACK = 32;

/** What a bulk instruction takes by length; its length lies on top of the stack. */
export type Bulk = 'bytes' | 'pages' | 'elements';

const BULK: ReadonlyMap<number, Bulk> = new Map([
  [OP.memoryCopy, 'bytes'],
  [OP.memoryFill, 'bytes'],
  [OP.memoryInit, 'bytes'],
  [OP.memoryGrow, 'pages'],
  [OP.tableInit, 'elements'],
  [OP.tableCopy, 'elements'],
  [OP.tableGrow, 'elements'],
  [OP.tableFill, 'elements'],
]);

/** Changes that no snapshot of memory and globals undoes. */
const LASTING: ReadonlySet<number> = new Set([
  OP.tableSet,
  OP.tableInit,
  OP.tableCopy,
  OP.tableGrow,
  OP.tableFill,
  OP.dataDrop,
  OP.elemDrop,
]);

/** Something to be written in front of the instruction at `at`. */
export type Insertion =
  | { readonly at: number; readonly type: 'bulk'; readonly bulk: Bulk }
  | { readonly at: number; readonly type: 'charge'; readonly cost: number };

/** Where a function pays. */
export interface MeteredBody {
  /** By place. */
  readonly insertions: readonly Insertion[];
  readonly isLasting: boolean;
  /** Values on the stack and in locals, summed over the blocks: what compiling it takes. */
  readonly slots: number;
}

/** A place that is passed before the code that is charged to it. */
class Site {
  readonly type = 'charge';
  cost = 0;
  private absorbed = 0;

  constructor(
    readonly at: number,
    /** Locals and values on the stack here. */
    readonly values: number,
    /** Passed before each pass of this one, at least as often. Undefined at entries and heads of loops. */
    private readonly before?: Site,
  ) {}

  /** Lets the site before it charge for this one too, when that is little. True when it need not stand. */
  merge(slack: number): boolean {
    if (this.cost === 0) return true;
    if (this.before === undefined || this.before.absorbed + this.cost > slack) return false;
    this.before.absorbed += this.cost;
    this.before.cost += this.cost;
    return true;
  }
}

/** A block that is open. */
interface Frame {
  readonly opcode: number;
  /** The site in front of it; undefined in code that nothing leads to. */
  readonly outer: Site | undefined;
  /** A branch leads to its end, or the arm of an `if` before `else` does. */
  isJoined: boolean;
  /** Values that lie on the stack below its parameters, and that its end adds to them. */
  readonly base: number;
  readonly parameters: number;
  readonly results: number;
}

/**
 * Finds the sites of the functions of a valid module: places that are passed at least once per execution of the code charged
 * to them. Those are entries of functions, heads of loops, arms of an `if`, what follows a conditional branch, and ends of
 * blocks that code can jump to. Code only runs forward but for branches to heads of loops, so every instruction is paid
 * before it runs. A site that would charge little is merged into the one before it, which then charges up to `slack` for
 * code that may be skipped: with 0 every function that runs to its end pays exactly for what it ran.
 */
export function meterModule(module: WasmModule, slack = SLACK): MeteredBody[] {
  return module.bodies.map((body) => new BodyMeter(module, body).run(slack));
}

/** One pass over a body. The stack of open blocks is its own: they may be nested as deep as they like. */
class BodyMeter {
  private readonly reader: ByteReader;
  private readonly insertions: (Site | Extract<Insertion, { type: 'bulk' }>)[] = [];
  private readonly frames: Frame[] = [];
  private readonly variables: number;
  /** What code is charged to; undefined behind a branch that is always taken, where none runs. */
  private site: Site | undefined;
  private isLasting = false;
  private slots = 0;
  /** Values on the stack, at most. */
  private height = 0;

  constructor(
    private readonly module: WasmModule,
    body: Body,
  ) {
    this.reader = new ByteReader(module.bytes, body.code, body.to);
    this.variables = body.locals + (module.types[body.type]?.parameters.length ?? 0);
    this.open();
    this.charge(Math.floor(body.locals / LOCALS_PER_UNIT));
  }

  run(slack: number): MeteredBody {
    while (!this.reader.isDone) this.step();
    const merged = new Set<unknown>();
    for (const one of this.insertions.toReversed()) {
      if (one instanceof Site && one.merge(slack)) merged.add(one);
      else if (one instanceof Site) this.slots += one.values;
    }
    const insertions = this.insertions.filter((one) => !merged.has(one));
    return { insertions, isLasting: this.isLasting, slots: this.slots };
  }

  private step(): void {
    const { at } = this.reader;
    const opcode = readOpcode(this.reader);
    switch (opcode) {
      case OP.block:
      case OP.loop:
      case OP.if:
        return this.begin(opcode);
      case OP.else:
        return this.otherArm();
      case OP.end:
        return this.close();
      case OP.branch:
      case OP.branchIf:
        return this.branch(opcode);
      case OP.branchTable:
        return this.branchTable();
      case OP.return:
      case OP.unreachable:
        this.charge(1);
        return this.cut();
      case OP.call:
        return this.call();
      case OP.callIndirect:
        return this.callIndirect();
      default:
        return this.plain(opcode, at);
    }
  }

  private begin(opcode: number): void {
    const type = readBlockType(this.reader, this.module);
    if (opcode === OP.if) this.charge(1);
    if (opcode === OP.if) this.height -= 1;
    const base = Math.max(0, this.height - type.parameters);
    this.frames.push({ opcode, outer: this.site, isJoined: false, base, ...type });
    this.slots += this.variables + this.height;
    if (opcode !== OP.block && this.site !== undefined) this.open(opcode === OP.if ? this.site : undefined);
  }

  private otherArm(): void {
    const frame = this.frames.pop();
    if (frame === undefined) return;
    this.frames.push({ ...frame, opcode: OP.else, isJoined: frame.isJoined || this.site !== undefined });
    this.height = frame.base + frame.parameters;
    if (frame.outer !== undefined) this.open(frame.outer);
  }

  /** Behind a block that nothing jumps to, the code goes on as inside. */
  private close(): void {
    const frame = this.frames.pop();
    if (frame === undefined) return;
    this.height = frame.base + frame.results;
    const canSkip = frame.isJoined || frame.opcode === OP.if;
    if (frame.outer === undefined || !(canSkip || this.site !== undefined)) this.site = undefined;
    else if (canSkip || frame.opcode !== OP.block) this.open(frame.outer);
  }

  private branch(opcode: number): void {
    this.charge(1);
    this.join(this.reader.u32());
    if (opcode === OP.branch) return this.cut();
    this.height -= 1;
    if (this.site !== undefined) this.open(this.site);
  }

  private branchTable(): void {
    this.charge(1);
    for (let left = this.reader.u32(); left >= 0; left -= 1) this.join(this.reader.u32());
    this.cut();
  }

  /** Heads of loops are sites anyway. */
  private join(depth: number): void {
    const frame = this.frames[this.frames.length - 1 - depth];
    if (frame !== undefined && frame.opcode !== OP.loop) frame.isJoined = true;
  }

  private call(): void {
    const callee = this.reader.u32();
    const { imports, functions } = this.module;
    this.charge(callee < imports.length ? COST.importCall : COST.call);
    this.takeAndGive(imports[callee]?.type ?? functions[callee - imports.length]);
  }

  /** An import behind a table is as dear as one that is called by name. */
  private callIndirect(): void {
    this.charge(this.module.importsInTables ? COST.importCall : COST.call);
    this.height -= 1;
    this.takeAndGive(this.reader.u32());
    this.reader.u32();
  }

  private plain(opcode: number, at: number): void {
    const bulk = BULK.get(opcode);
    if (bulk !== undefined) this.insertions.push({ at, type: 'bulk', bulk });
    this.isLasting ||= LASTING.has(opcode);
    this.charge(DEAR.get(opcode) ?? 1);
    this.move(stackEffect(opcode));
    skipImmediates(this.reader, opcode);
  }

  private charge(cost: number): void {
    if (this.site !== undefined) this.site.cost += cost;
  }

  private open(before?: Site): void {
    this.site = new Site(this.reader.at, this.variables + this.height, before);
    this.insertions.push(this.site);
  }

  private takeAndGive(type: number | undefined): void {
    const { parameters, results } = this.module.types[type ?? -1] ?? { parameters: [], results: [] };
    this.move(results.length - parameters.length);
  }

  /** Behind a branch that is always taken the stack may hold anything, but counts as empty down to its block. */
  private cut(): void {
    this.height = this.frames.at(-1)?.base ?? 0;
    this.site = undefined;
  }

  private move(values: number): void {
    this.height = Math.max(this.frames.at(-1)?.base ?? 0, this.height + values);
  }
}

/** A block type is empty, one result, or the index of a function's type. */
function readBlockType(reader: ByteReader, { types }: WasmModule): { parameters: number; results: number } {
  const first = reader.bytes[reader.at] ?? EMPTY_BLOCK;
  if (first === EMPTY_BLOCK || (first < 0x80 && first > 0x40)) {
    reader.skipNumber();
    return { parameters: 0, results: first === EMPTY_BLOCK ? 0 : 1 };
  }
  const { parameters, results } = types[reader.u32()] ?? { parameters: [], results: [] };
  return { parameters: parameters.length, results: results.length };
}
