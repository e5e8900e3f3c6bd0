/** Control characters, line separators and what turns the direction of writing: they steer terminals and deceive readers. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** A text of a stranger as one line that shows what it is: each run of control characters becomes a space. */
export function plainText(text: string): string {
  return text.toWellFormed().replace(CONTROL, ' ');
}
