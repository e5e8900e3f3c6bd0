// Host functions of `llama-orch:policy/v1`. Text travels as blocks, numbers as i64; a block of 0 means nothing.

@external('llama-orch:policy/v1', 'ip_in')
export declare function ip_in(ip: i64, cidr: i64): i64;

@external('llama-orch:policy/v1', 'host_match')
export declare function host_match(host: i64, pattern: i64): i64;

@external('llama-orch:policy/v1', 'glob')
export declare function glob(path: i64, pattern: i64): i64;

@external('llama-orch:policy/v1', 'url_parse')
export declare function url_parse(text: i64): i64;

@external('llama-orch:policy/v1', 'json_get')
export declare function json_get(handle: i64, pointer: i64): i64;

@external('llama-orch:policy/v1', 'body_read')
export declare function body_read(handle: i64, offset: i64, bytes: i64): i64;

@external('llama-orch:policy/v1', 'sha256')
export declare function sha256(text: i64): i64;

@external('llama-orch:policy/v1', 'pseudonym')
export declare function pseudonym(text: i64): i64;

@external('llama-orch:policy/v1', 'scan')
export declare function scan(handle: i64): i64;

@external('llama-orch:policy/v1', 'log')
export declare function log(level: i64, text: i64): void;

@external('llama-orch:policy/v1', 'counter')
export declare function counter(name: i64): i64;
