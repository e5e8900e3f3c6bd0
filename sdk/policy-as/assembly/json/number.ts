import { isDigit } from './scan';

/** Powers of ten that a double holds exactly. */
const POWERS: StaticArray<f64> = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21, 1e22,
];
const MOST_EXPONENT = 9_999;
/** More digits would not fit the 64 bits that they are gathered in. */
const FULL: u64 = 1_000_000_000_000_000_000;

/**
 * Value of the JSON number that is written from `at` to `end`. Exact up to 15 digits and 22 places; beyond, the last digits
 * may be off. The parser of the standard library is not used: it reads some numbers wrong by powers of ten.
 */
export function parseNumber(at: usize, end: usize): f64 {
  const isNegative = load<u8>(at) == 0x2d;
  let digits: u64 = 0;
  let exponent = 0;
  let places = 0;
  for (at = isNegative ? at + 1 : at; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x2e) places = -1;
    else if (!isDigit(byte)) {
      exponent += parseExponent(at + 1, end);
      break;
    } else if (digits < FULL) {
      digits = digits * 10 + (byte - 0x30);
      exponent += places;
    } else exponent += places + 1;
  }
  const value = scaled(<f64>digits, exponent);
  return isNegative ? -value : value;
}

function parseExponent(at: usize, end: usize): i32 {
  const isNegative = load<u8>(at) == 0x2d;
  let exponent = 0;
  for (at = isDigit(load<u8>(at)) ? at : at + 1; at < end; at++)
    exponent = min(exponent * 10 + (load<u8>(at) - 0x30), MOST_EXPONENT);
  return isNegative ? -exponent : exponent;
}

function scaled(value: f64, exponent: i32): f64 {
  while (exponent > 0 && value != 0 && isFinite(value)) {
    const step = min(exponent, 22);
    value *= POWERS[step];
    exponent -= step;
  }
  while (exponent < 0 && value != 0) {
    const step = min(-exponent, 22);
    value /= POWERS[step];
    exponent += step;
  }
  return value;
}
