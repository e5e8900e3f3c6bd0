/**
 * Logarithm, exponential and the normal quantile from +, −, ×, ÷ and √ alone. IEEE 754 rounds those the same everywhere, while
 * the functions of `Math` may differ in the last bit between versions of the engine; one bit is another history.
 */

const LN2 = 0.6931471805599453;
const SQRT2 = 1.4142135623730951;
const BIAS = 1023;
const LEAST_POWER = -708;
const MOST_POWER = 709;
const bits = new DataView(new ArrayBuffer(8));

/** Natural logarithm of a normal positive number. */
export function ln(x: number): number {
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  let exponent = (high >>> 20) - BIAS;
  bits.setUint32(0, (high & 0xfffff) | (BIAS << 20));
  let mantissa = bits.getFloat64(0);
  if (mantissa > SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let sum = 0;
  for (let odd = 23; odd >= 1; odd -= 2) sum = sum * square + 1 / odd;
  return exponent * LN2 + 2 * s * sum;
}

/** e to the power of `x`; 0 and infinity where the result is no normal number. */
export function exp(x: number): number {
  if (x < LEAST_POWER) return 0;
  if (x > MOST_POWER) return Infinity;
  const halvings = Math.round(x / LN2);
  const rest = x - halvings * LN2;
  let sum = 1;
  for (let term = 18; term >= 1; term--) sum = 1 + (rest / term) * sum;
  bits.setFloat64(0, 0);
  bits.setUint32(0, (halvings + BIAS) << 20);
  return sum * bits.getFloat64(0);
}

const CENTRE_TOP = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
];
const CENTRE_BOTTOM = [
  -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1,
];
const TAIL_TOP = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_BOTTOM = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];
const TAIL = 0.02425;

/** Quantile of the standard normal distribution by Acklam's rational functions; `p` in (0, 1), relative error below 1.2e-9. */
export function normalQuantile(p: number): number {
  if (p > 1 - TAIL) return -normalQuantile(1 - p);
  if (p < TAIL) {
    const q = Math.sqrt(-2 * ln(p));
    return polynomial(TAIL_TOP, q) / polynomial(TAIL_BOTTOM, q);
  }
  const q = p - 0.5;
  return (polynomial(CENTRE_TOP, q * q) * q) / polynomial(CENTRE_BOTTOM, q * q);
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}
