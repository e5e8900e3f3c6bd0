#include "llama_orch_policy.h"

/* Calls go to listed hosts alone. */
LO_HOOK(on_request) {
  lo_json event = lo_input();
  lo_text host = lo_raw_text(lo_find(event, "/request/url/host"));
  lo_json hosts = lo_find(event, "/config/hosts");
  for (lo_json one = lo_first(hosts); one.start != 0; one = lo_next(one))
    if (lo_host_match(host, lo_raw_text(one))) return lo_allow();

  lo_writer out = {0};
  lo_put(&out, "{\"decision\":\"deny\",\"code\":\"HOST_NOT_ALLOWED\",\"reason\":\"");
  lo_put_raw(&out, host);
  lo_put(&out, " is not on the list\",\"hint\":\"ask the operator to add it to hosts\"}");
  return lo_answer_written(&out);
}

/* Asked when the policy is loaded: what it says here, operators read. */
LO_HOOK(validate_config) {
  lo_json hosts = lo_get(lo_input(), "hosts");
  bool good = lo_is_list(hosts);
  for (lo_json one = lo_first(hosts); one.start != 0; one = lo_next(one))
    if (!lo_is_text(one) || lo_is(one, "")) good = false;
  if (good) return lo_answer(lo_str("{\"ok\":true,\"errors\":[]}"));
  return lo_answer(lo_str("{\"ok\":false,\"errors\":[{\"path\":\"/hosts\",\"message\":\"has to be a list of hosts\"}]}"));
}
