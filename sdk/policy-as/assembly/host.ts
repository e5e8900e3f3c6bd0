import { blockOfText, readBlock, readText } from './abi/blocks';
import * as policyHost from './abi/policy-host';
import { Json } from './json/json';

/** True when the address lies in the range: `10.0.0.0/8`, `2001:db8::/32`. */
export function ipIn(ip: string, cidr: string): bool {
  return policyHost.ip_in(blockOfText(ip), blockOfText(cidr)) != 0;
}

/** True for the very name, or below it when the pattern begins with `*.`; both in punycode. */
export function hostMatch(host: string, pattern: string): bool {
  return policyHost.host_match(blockOfText(host), blockOfText(pattern)) != 0;
}

/** True when the path has the form of the pattern: `*` within a segment, `**` across segments. */
export function glob(path: string, pattern: string): bool {
  return policyHost.glob(blockOfText(path), blockOfText(pattern)) != 0;
}

/** Parts of a URL that stands in a body, as the host parses them; missing when it is none. */
export function urlParse(text: string): Json {
  return jsonOf(policyHost.url_parse(blockOfText(text)));
}

/** What a JSON Pointer names in a body that is too large for the event. */
export function jsonGet(handle: i64, pointer: string): Json {
  return jsonOf(policyHost.json_get(handle, blockOfText(pointer)));
}

/** Bytes of a body; fewer at its end. */
export function bodyRead(handle: i64, offset: i64, bytes: i64): Uint8Array {
  const block = policyHost.body_read(handle, offset, bytes);
  return block == 0 ? new Uint8Array(0) : readBlock(block);
}

/** Hex. */
export function sha256(text: string): string {
  return readText(policyHost.sha256(blockOfText(text)));
}

/** Stands for the text within a tenant: the same for the same text. */
export function pseudonym(text: string): string {
  return readText(policyHost.pseudonym(blockOfText(text)));
}

/** Findings in a body: a list of `{class, at, hash}`. */
export function scan(handle: i64): Json {
  return jsonOf(policyHost.scan(handle));
}

/** A line for the record of the decision. Levels: `debug`, `info`, `warn`, `error`. */
export function log(level: string, text: string): void {
  policyHost.log(blockOfText(level), blockOfText(text));
}

/** A counter of the host, as it stood when the decision began. */
export function counter(name: string): i64 {
  return policyHost.counter(blockOfText(name));
}

function jsonOf(block: i64): Json {
  return block == 0 ? Json.missing() : Json.ofBytes(readBlock(block));
}
