import { ByteWriter } from './byte-writer.js';
import { EMPTY_BLOCK, OP } from './instructions.js';
import { VALUE } from './wasm-module.js';

/** Fuel that one page of memory costs, at 8 bytes a unit. */
const PAGE_FUEL = 0x1_0000 / 8;
/** Growing a memory leaves the compiled code, even when nothing comes of it. */
const GROW_FUEL = 200;
/** A reference in a table may have to be made first. */
const ELEMENT_FUEL = 16;
const BYTES_SHIFT = 3;

/**
 * Writes `fuel -= cost; if (fuel < 0) unreachable`. The global keeps what is below 0, so that the cause of the trap can be
 * read.
 */
export function chargeWriter(fuel: number): (out: ByteWriter, cost: number) => void {
  const before = new ByteWriter().byte(OP.globalGet).u32(fuel).byte(OP.i64Const).done();
  const after = spend(fuel).done();
  return (out, cost) => void out.bytes(before).signed(cost).bytes(after);
}

/** Body of `(length: i32) -> i32`: charges for bytes and hands the length back. */
export function bytesHelper(fuel: number): ByteWriter {
  const out = startOfHelper(fuel);
  out.byte(OP.localGet, 0, OP.i64ExtendI32Unsigned, OP.i64Const).signed(BYTES_SHIFT).byte(OP.i64ShiftRightUnsigned);
  return endOfHelper(out, fuel);
}

/** Body of `(entries: i32) -> i32`: charges for entries of a table. */
export function elementsHelper(fuel: number): ByteWriter {
  const out = startOfHelper(fuel);
  out.byte(OP.localGet, 0, OP.i64ExtendI32Unsigned, OP.i64Const).signed(ELEMENT_FUEL).byte(OP.i64Mul);
  return endOfHelper(out, fuel);
}

/** Body of `(pages: i32) -> i32`. More than the cap is never granted, so no more than that is charged. */
export function pagesHelper(fuel: number, capPages: number): ByteWriter {
  const out = startOfHelper(fuel);
  out.byte(OP.localGet, 0, OP.i32Const).signed(capPages);
  out.byte(OP.localGet, 0, OP.i32Const).signed(capPages).byte(OP.i32LessUnsigned, OP.select);
  out.byte(OP.i64ExtendI32Unsigned, OP.i64Const).signed(PAGE_FUEL).byte(OP.i64Mul);
  out.byte(OP.i64Const).signed(GROW_FUEL).byte(OP.i64Add);
  return endOfHelper(out, fuel);
}

function startOfHelper(fuel: number): ByteWriter {
  return new ByteWriter().u32(0).byte(OP.globalGet).u32(fuel);
}

function endOfHelper(out: ByteWriter, fuel: number): ByteWriter {
  return out.bytes(spend(fuel).done()).byte(OP.localGet, 0, OP.end);
}

/** Takes the price from the top of the stack and the fuel from below it. */
function spend(fuel: number): ByteWriter {
  const out = new ByteWriter().byte(OP.i64Sub, OP.globalSet).u32(fuel).byte(OP.globalGet).u32(fuel);
  return out.byte(OP.i64Const, 0, OP.i64LessSigned, OP.if, EMPTY_BLOCK, OP.unreachable, OP.end);
}

/** An entry of the global section: a mutable i64. */
export function fuelGlobal(start: number): Uint8Array {
  return new ByteWriter().byte(VALUE.i64, 1, OP.i64Const).signed(start).byte(OP.end).done();
}
