import { readFileSync } from 'node:fs';
import { type OpenedPolicy, openPolicy } from '../../src/policy-host/in-process.js';
import { requestEvent } from './events.js';
import { describeIn, moduleOf } from './package-of-text.js';

const SOURCE = String.raw`
#include "llama_orch_policy.h"

static void label(lo_writer *out, const char *name, lo_text value) {
  lo_put(out, out->at[out->bytes - 1] == '{' ? "\"" : ",\"");
  lo_put(out, name);
  lo_put(out, "\":\"");
  lo_put_escaped(out, value);
  lo_put(out, "\"");
}

static void number(lo_writer *out, const char *name, int64_t value) {
  lo_writer digits = {0};
  lo_put_integer(&digits, value);
  label(out, name, (lo_text){digits.at, digits.bytes});
}

LO_HOOK(on_request) {
  lo_json event = lo_input();
  lo_json request = lo_get(event, "request");
  int64_t handle = lo_integer(lo_find(request, "/body/handle"), -1);
  lo_log("info", lo_raw_text(lo_find(request, "/url/host")));
  lo_writer out = {0};
  lo_put(&out, "{\"decision\":\"allow\",\"labels\":{");
  number(&out, "ip", lo_ip_in(lo_str("10.1.2.3"), lo_str("10.0.0.0/8")));
  number(&out, "host", lo_host_match(lo_raw_text(lo_find(request, "/url/host")), lo_str("*.example.com")));
  number(&out, "glob", lo_glob(lo_str("/v1/x"), lo_str("/v1/*")));
  label(&out, "url", lo_raw_text(lo_get(lo_url_parse(lo_str("https://EXAMPLE.com/a")), "host")));
  number(&out, "no_url", lo_url_parse(lo_str("no url")).start != 0);
  label(&out, "json", lo_written(lo_json_get(handle, lo_str("/a/1"))));
  label(&out, "read", lo_body_read(handle, 1, 3));
  label(&out, "sha256", (lo_text){lo_sha256(lo_str("a")).at, 8});
  number(&out, "pseudonym", lo_equal(lo_pseudonym(lo_str("a")), lo_pseudonym(lo_str("a"))));
  number(&out, "scan", lo_is_list(lo_scan(handle)));
  number(&out, "counter", lo_counter("calls"));
  label(&out, "header", lo_raw_text(lo_header(request, "x-note")));
  label(&out, "no_header", lo_raw_text(lo_header(request, "x-other")));
  number(&out, "hop", lo_integer(lo_get(request, "hop"), -1));
  number(&out, "bool", lo_bool(lo_find(event, "/config/yes")) * 10 + lo_bool(lo_find(event, "/config/no")));
  number(&out, "least", lo_integer(lo_find(event, "/config/least"), 0));
  number(&out, "fraction", lo_integer(lo_find(event, "/config/fraction"), -1));
  number(&out, "no_index", lo_find(event, "/config/list/01").start != 0);
  label(&out, "index", lo_raw_text(lo_find(event, "/config/list/1/x")));
  label(&out, "escaped", lo_str("\"\\\n\x1f"));
  lo_put(&out, "}}");
  return lo_answer_written(&out);
}
`;
const CAPABILITIES = [
  'ip_in',
  'host_match',
  'glob',
  'url_parse',
  'json_get',
  'body_read',
  'sha256',
  'pseudonym',
  'scan',
];

it('is what the file says that it is: one header without includes of a library', () => {
  const header = readFileSync(new URL('../../sdk/policy/include/llama_orch_policy.h', import.meta.url), 'utf8');
  const includes = [...header.matchAll(/^#include (.+)$/gm)].map(([, file]) => file);
  expect(includes).toEqual(['<stdbool.h>', '<stddef.h>', '<stdint.h>']);
});

describeIn('c', 'what C policies can ask and answer', () => {
  let policy: OpenedPolicy;
  beforeAll(async () => {
    policy = await openPolicy(await moduleOf('c', SOURCE, { capabilities: [...CAPABILITIES, 'log', 'counter'] }));
  });
  afterAll(() => policy.close());

  it('every function of the host, every reader and every writer', async () => {
    const bytes = Buffer.from('{"a":[1,"x"]}');
    const facts = { handle: 1, bytes: bytes.length, sha256: '', contentType: null, truncated: false };
    const body = { ...facts, form: 'omitted', value: null } as const;
    const config = { yes: true, no: 1, least: -9_007_199_254_740_991, fraction: 1.5, list: [0, { x: 'deep "text"' }] };
    const event = { ...requestEvent({ headers: [['x-note', 'grüße 🦙']], body }), config };
    const { decision, error, logs } = await policy.decide('on_request', event, new Map([[1, bytes]]), {
      counters: { calls: 7 },
    });
    expect(error).toBeUndefined();
    expect(decision?.labels).toEqual({
      ip: '1',
      host: '1',
      glob: '1',
      url: 'example.com',
      no_url: '0',
      json: '"x"',
      read: '"a"',
      sha256: 'ca978112',
      pseudonym: '1',
      scan: '1',
      counter: '7',
      header: 'grüße 🦙',
      no_header: '',
      hop: '0',
      bool: '10',
      least: '-9007199254740991',
      fraction: '-1',
      no_index: '0',
      index: String.raw`deep \"text\"`,
      escaped: '"\\\n\x1f',
    });
    expect(logs).toEqual([{ level: 'info', text: 'api.example.com' }]);
  });

  it('says what the compiler says', async () => {
    await expect(moduleOf('c', 'LO_HOOK(on_request) { return nothing; }')).rejects.toThrow(/policy\.c:1/);
  });
});
