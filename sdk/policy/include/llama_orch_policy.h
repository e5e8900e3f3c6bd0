/*
 * llama_orch_policy.h: policies for llama-orch in C. One file, no libc, nothing to link.
 *
 *   #include "llama_orch_policy.h"
 *
 *   LO_HOOK(on_request) {
 *     lo_json event = lo_input();
 *     if (lo_is(lo_find(event, "/request/method"), "GET")) return lo_allow();
 *     return lo_deny("METHOD_NOT_ALLOWED", "only GET may be used", "");
 *   }
 *
 *   clang --target=wasm32-unknown-unknown -O2 -ffreestanding -fno-builtin -mbulk-memory -nostdlib -Wl,--no-entry
 *
 * Memory is taken from an arena that never frees: the host puts the whole memory back after each call.
 * What is not there, has another type or is broken reads as a missing value; no text ends the call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef LLAMA_ORCH_POLICY_H
#define LLAMA_ORCH_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LO_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define LO_EXTISM(name) LO_IMPORT("extism:host/env", name)
#define LO_HOST(name) LO_IMPORT("llama-orch:policy/v1", name)
/** Not every policy uses everything. */
#define LO_INLINE static inline __attribute__((unused))

/** Exports a hook: `LO_HOOK(on_request) { … return lo_allow(); }`. Its value is ignored. */
#define LO_HOOK(name) __attribute__((export_name(#name))) int name(void)

/* ---- The host. Addresses name blocks outside of this memory; a block of 0 means nothing. ---- */

LO_EXTISM("input_length") int64_t lo_env_input_length(void);
LO_EXTISM("input_load_u8") int32_t lo_env_input_load_u8(int64_t offset);
LO_EXTISM("input_load_u64") int64_t lo_env_input_load_u64(int64_t offset);
LO_EXTISM("alloc") int64_t lo_env_alloc(int64_t bytes);
LO_EXTISM("length") int64_t lo_env_length(int64_t block);
LO_EXTISM("load_u8") int32_t lo_env_load_u8(int64_t address);
LO_EXTISM("load_u64") int64_t lo_env_load_u64(int64_t address);
LO_EXTISM("store_u8") void lo_env_store_u8(int64_t address, int32_t value);
LO_EXTISM("store_u64") void lo_env_store_u64(int64_t address, int64_t value);
LO_EXTISM("output_set") void lo_env_output_set(int64_t block, int64_t bytes);
LO_EXTISM("error_set") void lo_env_error_set(int64_t block);

LO_HOST("ip_in") int64_t lo_host_ip_in(int64_t ip, int64_t cidr);
LO_HOST("host_match") int64_t lo_host_host_match(int64_t host, int64_t pattern);
LO_HOST("glob") int64_t lo_host_glob(int64_t path, int64_t pattern);
LO_HOST("url_parse") int64_t lo_host_url_parse(int64_t text);
LO_HOST("json_get") int64_t lo_host_json_get(int64_t handle, int64_t pointer);
LO_HOST("body_read") int64_t lo_host_body_read(int64_t handle, int64_t offset, int64_t bytes);
LO_HOST("sha256") int64_t lo_host_sha256(int64_t text);
LO_HOST("pseudonym") int64_t lo_host_pseudonym(int64_t text);
LO_HOST("scan") int64_t lo_host_scan(int64_t handle);
LO_HOST("log") void lo_host_log(int64_t level, int64_t text);
LO_HOST("counter") int64_t lo_host_counter(int64_t name);

/* ---- Memory and text ---- */

/** UTF-8, without a zero at its end. */
typedef struct {
  const char *at;
  size_t bytes;
} lo_text;

extern unsigned char __heap_base;
static char *lo_arena = (char *)&__heap_base;

/** Memory that lasts as long as the call; aligned to 8. Traps when the bound on memory is reached. */
LO_INLINE void *lo_alloc(size_t bytes) {
  char *start = (char *)(((uintptr_t)lo_arena + 7) & ~(uintptr_t)7);
  size_t room = __builtin_wasm_memory_size(0) * 65536 - (size_t)start;
  if (bytes > room && __builtin_wasm_memory_grow(0, (bytes - room + 65535) / 65536) == (size_t)-1) __builtin_trap();
  lo_arena = start + bytes;
  return start;
}

LO_INLINE lo_text lo_str(const char *text) {
  size_t bytes = 0;
  while (text[bytes] != 0) bytes++;
  return (lo_text){text, bytes};
}

LO_INLINE bool lo_equal(lo_text a, lo_text b) {
  if (a.bytes != b.bytes) return false;
  for (size_t at = 0; at < a.bytes; at++)
    if (a.at[at] != b.at[at]) return false;
  return true;
}

/* ---- Blocks. Each access crosses into the host, so eight bytes are taken at a time. ---- */

/** A block of exactly this text. */
LO_INLINE int64_t lo_block(lo_text text) {
  int64_t block = lo_env_alloc((int64_t)text.bytes);
  size_t at = 0;
  for (; at + 8 <= text.bytes; at += 8) {
    int64_t eight;
    __builtin_memcpy(&eight, text.at + at, 8);
    lo_env_store_u64(block + (int64_t)at, eight);
  }
  for (; at < text.bytes; at++) lo_env_store_u8(block + (int64_t)at, (unsigned char)text.at[at]);
  return block;
}

/** What a block holds; empty for the block 0. */
LO_INLINE lo_text lo_read_block(int64_t block) {
  if (block == 0) return (lo_text){"", 0};
  size_t bytes = (size_t)lo_env_length(block), at = 0;
  char *text = lo_alloc(bytes);
  for (; at + 8 <= bytes; at += 8) {
    int64_t eight = lo_env_load_u64(block + (int64_t)at);
    __builtin_memcpy(text + at, &eight, 8);
  }
  for (; at < bytes; at++) text[at] = (char)lo_env_load_u8(block + (int64_t)at);
  return (lo_text){text, bytes};
}

/** The input of this call, as it came. */
LO_INLINE lo_text lo_read_input(void) {
  size_t bytes = (size_t)lo_env_input_length(), at = 0;
  char *text = lo_alloc(bytes);
  for (; at + 8 <= bytes; at += 8) {
    int64_t eight = lo_env_input_load_u64((int64_t)at);
    __builtin_memcpy(text + at, &eight, 8);
  }
  for (; at < bytes; at++) text[at] = (char)lo_env_input_load_u8((int64_t)at);
  return (lo_text){text, bytes};
}

/* ---- JSON: values are found when they are asked for; nothing is parsed ahead ---- */

/** One value inside JSON text. `start` is 0 when it is missing. */
typedef struct {
  const char *start, *end;
  /** Name of a member, with its quotes; 0 elsewhere. */
  const char *name, *name_end;
} lo_json;

#define LO_MISSING ((lo_json){0, 0, 0, 0})

LO_INLINE const char *lo_skip_space(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
  return at;
}

/** True when one of the eight bytes is this one: it alone becomes 0, and borrows. */
LO_INLINE bool lo_has_byte(uint64_t eight, uint64_t byte) {
  const uint64_t ones = 0x0101010101010101u;
  uint64_t rest = eight ^ (ones * byte);
  return ((rest - ones) & ~rest & (ones << 7)) != 0;
}

/** Behind the string whose opening quote is at `at`; 0 where it is broken. Eight bytes at a time: bodies are long texts. */
LO_INLINE const char *lo_skip_string(const char *at, const char *end) {
  at++;
  for (;;) {
    for (; end - at >= 8; at += 8) {
      uint64_t eight;
      __builtin_memcpy(&eight, at, 8);
      if (lo_has_byte(eight, '"') || lo_has_byte(eight, '\\')) break;
    }
    if (at >= end) return 0;
    if (*at == '"') return at + 1;
    at += *at == '\\' ? 2 : 1;
  }
}

/** Behind the list or object at `at`; 0 where it is broken. Counts brackets, so that depth costs no stack. */
LO_INLINE const char *lo_skip_container(const char *at, const char *end) {
  int depth = 0;
  while (at != 0 && at < end) {
    if (*at == '"') {
      at = lo_skip_string(at, end);
      continue;
    }
    /* [ and {, ] and } differ in one bit alone. */
    char bracket = *at++ | 0x20;
    if (bracket == '{') depth++;
    if (bracket == '}' && --depth == 0) return at;
  }
  return 0;
}

/** Behind the value at `at`, whatever it is; 0 where it is broken or missing. */
LO_INLINE const char *lo_skip_value(const char *at, const char *end) {
  if (at == 0 || at >= end) return 0;
  if (*at == '"') return lo_skip_string(at, end);
  if ((*at | 0x20) == '{') return lo_skip_container(at, end);
  const char *start = at;
  while (at < end && *at != ',' && *at != ':' && (*at | 0x20) != '}' && lo_skip_space(at, end) == at) at++;
  return at == start ? 0 : at;
}

LO_INLINE lo_json lo_parse(lo_text text) {
  const char *end = text.at + text.bytes, *start = lo_skip_space(text.at, end);
  return start < end ? (lo_json){start, end, 0, 0} : LO_MISSING;
}

/** The value as it is written; empty where it is broken or missing. */
LO_INLINE lo_text lo_written(lo_json value) {
  const char *behind = lo_skip_value(value.start, value.end);
  return behind == 0 ? (lo_text){"", 0} : (lo_text){value.start, (size_t)(behind - value.start)};
}

/** The event of this call, or the settings that `validate_config` is asked about. */
LO_INLINE lo_json lo_input(void) { return lo_parse(lo_read_input()); }

/** An element or a member from `at` on. */
LO_INLINE lo_json lo_item_at(const char *at, const char *end, bool is_member) {
  lo_json item = {lo_skip_space(at, end), end, 0, 0};
  if (is_member) {
    item.name = item.start;
    if (item.name >= end || *item.name != '"') return LO_MISSING;
    item.name_end = lo_skip_string(item.name, end);
    if (item.name_end == 0) return LO_MISSING;
    const char *colon = lo_skip_space(item.name_end, end);
    if (colon >= end || *colon != ':') return LO_MISSING;
    item.start = lo_skip_space(colon + 1, end);
  }
  return item.start >= end || (*item.start | 0x20) == '}' ? LO_MISSING : item;
}

LO_INLINE bool lo_is_list(lo_json value) { return value.start != 0 && *value.start == '['; }
LO_INLINE bool lo_is_object(lo_json value) { return value.start != 0 && *value.start == '{'; }
LO_INLINE bool lo_is_text(lo_json value) { return value.start != 0 && *value.start == '"'; }

/** The first element of a list or member of an object: `for (lo_json i = lo_first(list); i.start; i = lo_next(i))`. */
LO_INLINE lo_json lo_first(lo_json value) {
  if (!lo_is_list(value) && !lo_is_object(value)) return LO_MISSING;
  return lo_item_at(value.start + 1, value.end, lo_is_object(value));
}

LO_INLINE lo_json lo_next(lo_json item) {
  const char *behind = lo_skip_value(item.start, item.end);
  const char *comma = behind == 0 ? item.end : lo_skip_space(behind, item.end);
  if (comma >= item.end || *comma != ',') return LO_MISSING;
  return lo_item_at(comma + 1, item.end, item.name != 0);
}

/** The bytes between the quotes, escapes as they stand; enough for names of hosts, methods and headers. */
LO_INLINE lo_text lo_raw_text(lo_json value) {
  lo_text written = lo_written(value);
  return lo_is_text(value) && written.bytes > 1 ? (lo_text){written.at + 1, written.bytes - 2} : (lo_text){"", 0};
}

/** The member of this name; of two the first, as the host writes none twice. Names are compared as they are written. */
LO_INLINE lo_json lo_get_n(lo_json value, lo_text name) {
  if (!lo_is_object(value)) return LO_MISSING;
  lo_json item = lo_first(value);
  while (item.start != 0 && !lo_equal((lo_text){item.name + 1, (size_t)(item.name_end - item.name) - 2}, name))
    item = lo_next(item);
  return item;
}

LO_INLINE lo_json lo_get(lo_json value, const char *name) { return lo_get_n(value, lo_str(name)); }

/** The element at this index of a list. */
LO_INLINE lo_json lo_at(lo_json value, size_t index) {
  if (!lo_is_list(value)) return LO_MISSING;
  lo_json item = lo_first(value);
  while (index-- > 0 && item.start != 0) item = lo_next(item);
  return item;
}

/** Index that a step of a pointer names; SIZE_MAX for what is none. */
LO_INLINE size_t lo_index(lo_text step) {
  if (step.bytes == 0 || step.bytes > 9 || (step.bytes > 1 && step.at[0] == '0')) return SIZE_MAX;
  size_t index = 0;
  for (size_t at = 0; at < step.bytes; at++) {
    if (step.at[at] < '0' || step.at[at] > '9') return SIZE_MAX;
    index = index * 10 + (size_t)(step.at[at] - '0');
  }
  return index;
}

/** The value at a path of names and indexes, `/request/headers/0/1`; names with a slash are for `lo_get`. */
LO_INLINE lo_json lo_find(lo_json value, const char *path) {
  while (*path == '/') {
    const char *step = ++path;
    while (*path != 0 && *path != '/') path++;
    lo_text name = {step, (size_t)(path - step)};
    value = lo_is_list(value) ? lo_at(value, lo_index(name)) : lo_get_n(value, name);
  }
  return value;
}

/** True when it is this text, without escapes. */
LO_INLINE bool lo_is(lo_json value, const char *text) {
  return lo_is_text(value) && lo_equal(lo_raw_text(value), lo_str(text));
}

/** True for `true`, false for anything else. */
LO_INLINE bool lo_bool(lo_json value) { return lo_equal(lo_written(value), lo_str("true")); }

/** A whole number of up to 18 digits; the fallback for anything else. */
LO_INLINE int64_t lo_integer(lo_json value, int64_t fallback) {
  lo_text text = lo_written(value);
  size_t sign = text.bytes > 0 && text.at[0] == '-' ? 1 : 0;
  if (text.bytes == sign || text.bytes - sign > 18) return fallback;
  int64_t number = 0;
  for (size_t at = sign; at < text.bytes; at++) {
    if (text.at[at] < '0' || text.at[at] > '9') return fallback;
    number = number * 10 + (text.at[at] - '0');
  }
  return sign == 1 ? -number : number;
}

/** Value of the first header of this name, in lower case. `message` is the request or the response. */
LO_INLINE lo_json lo_header(lo_json message, const char *name) {
  for (lo_json pair = lo_first(lo_get(message, "headers")); pair.start != 0; pair = lo_next(pair))
    if (lo_is(lo_at(pair, 0), name)) return lo_at(pair, 1);
  return LO_MISSING;
}

/* ---- Host functions ---- */

LO_INLINE bool lo_ip_in(lo_text ip, lo_text cidr) { return lo_host_ip_in(lo_block(ip), lo_block(cidr)) != 0; }

/** True for the very name, or below it when the pattern begins with `*.`. */
LO_INLINE bool lo_host_match(lo_text host, lo_text pattern) {
  return lo_host_host_match(lo_block(host), lo_block(pattern)) != 0;
}

LO_INLINE bool lo_glob(lo_text path, lo_text pattern) { return lo_host_glob(lo_block(path), lo_block(pattern)) != 0; }

LO_INLINE lo_json lo_block_json(int64_t block) { return block == 0 ? LO_MISSING : lo_parse(lo_read_block(block)); }

/** Parts of a URL that stands in a body. */
LO_INLINE lo_json lo_url_parse(lo_text text) { return lo_block_json(lo_host_url_parse(lo_block(text))); }

/** What a JSON Pointer names in a body that is too large for the event. */
LO_INLINE lo_json lo_json_get(int64_t handle, lo_text pointer) {
  return lo_block_json(lo_host_json_get(handle, lo_block(pointer)));
}

LO_INLINE lo_text lo_body_read(int64_t handle, int64_t offset, int64_t bytes) {
  return lo_read_block(lo_host_body_read(handle, offset, bytes));
}

/** Hex. */
LO_INLINE lo_text lo_sha256(lo_text text) { return lo_read_block(lo_host_sha256(lo_block(text))); }
LO_INLINE lo_text lo_pseudonym(lo_text text) { return lo_read_block(lo_host_pseudonym(lo_block(text))); }
/** A list of `{class, at, hash}`. */
LO_INLINE lo_json lo_scan(int64_t handle) { return lo_block_json(lo_host_scan(handle)); }
/** Levels: `debug`, `info`, `warn`, `error`. */
LO_INLINE void lo_log(const char *level, lo_text text) { lo_host_log(lo_block(lo_str(level)), lo_block(text)); }
LO_INLINE int64_t lo_counter(const char *name) { return lo_host_counter(lo_block(lo_str(name))); }

/* ---- Answers ---- */

/** Writes JSON from left to right. Begin with `lo_writer out = {0};`. */
typedef struct {
  char *at;
  size_t bytes, room;
} lo_writer;

LO_INLINE void lo_put_byte(lo_writer *out, char byte) {
  if (out->bytes == out->room) {
    size_t room = out->room == 0 ? 256 : out->room * 2;
    char *at = lo_alloc(room);
    for (size_t index = 0; index < out->bytes; index++) at[index] = out->at[index];
    out->at = at;
    out->room = room;
  }
  out->at[out->bytes++] = byte;
}

/** JSON as it stands. */
LO_INLINE void lo_put(lo_writer *out, const char *json) {
  while (*json != 0) lo_put_byte(out, *json++);
}

/** The inside of a JSON string that is `lo_raw_text` already. */
LO_INLINE void lo_put_raw(lo_writer *out, lo_text text) {
  for (size_t at = 0; at < text.bytes; at++) lo_put_byte(out, text.at[at]);
}

/** The inside of a JSON string; escapes what has to be. */
LO_INLINE void lo_put_escaped(lo_writer *out, lo_text text) {
  for (size_t at = 0; at < text.bytes; at++) {
    unsigned char byte = (unsigned char)text.at[at];
    if (byte == '"' || byte == '\\') lo_put_byte(out, '\\');
    if (byte >= 0x20) {
      lo_put_byte(out, (char)byte);
      continue;
    }
    lo_put(out, "\\u00");
    lo_put_byte(out, byte < 0x10 ? '0' : '1');
    lo_put_byte(out, "0123456789abcdef"[byte & 15]);
  }
}

/** A whole number. */
LO_INLINE void lo_put_integer(lo_writer *out, int64_t number) {
  char digits[20];
  size_t count = 0;
  uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  do digits[count++] = (char)('0' + rest % 10);
  while ((rest /= 10) > 0);
  if (number < 0) lo_put_byte(out, '-');
  while (count > 0) lo_put_byte(out, digits[--count]);
}

/** Makes this text the answer of the call. */
LO_INLINE int lo_answer(lo_text json) {
  lo_env_output_set(lo_block(json), (int64_t)json.bytes);
  return 0;
}

LO_INLINE int lo_answer_written(const lo_writer *out) { return lo_answer((lo_text){out->at, out->bytes}); }

LO_INLINE int lo_allow(void) { return lo_answer(lo_str("{\"decision\":\"allow\"}")); }

/** The code is for programs (`A-Z 0-9 _`), the reason for people; the hint, unless empty, says what would pass. */
LO_INLINE int lo_deny(const char *code, const char *reason, const char *hint) {
  lo_writer out = {0};
  lo_put(&out, "{\"decision\":\"deny\",\"code\":\"");
  lo_put(&out, code);
  lo_put(&out, "\",\"reason\":\"");
  lo_put_escaped(&out, lo_str(reason));
  if (*hint != 0) {
    lo_put(&out, "\",\"hint\":\"");
    lo_put_escaped(&out, lo_str(hint));
  }
  lo_put(&out, "\"}");
  return lo_answer_written(&out);
}

#endif
