import { EXTISM_MODULE, HOST_MODULE } from '@llama-orch/policy-sdk/abi';

/** WASI preview 1 as modules import it; linked to stubs that grant nothing. */
export const WASI_MODULE = 'wasi_snapshot_preview1';

/** A function that modules may import: its type, and the minor of ABI 1 that brought it. */
export interface OfferedImport {
  /** One letter a value, `i` i32 and `I` i64: parameters, colon, results. */
  readonly signature: string;
  readonly since: number;
}

/**
 * Everything that a module may import, by module and name. Left out on purpose: `http_*`, which would be a second way out,
 * and `var_*`, which would carry state from one session to the next.
 */
export const OFFERED_IMPORTS: Readonly<Record<string, Readonly<Record<string, OfferedImport>>>> = {
  [EXTISM_MODULE]: since(0, {
    alloc: 'I:I',
    free: 'I:',
    length: 'I:I',
    load_u8: 'I:i',
    load_u64: 'I:I',
    store_u8: 'Ii:',
    store_u64: 'II:',
    input_length: ':I',
    input_load_u8: 'I:i',
    input_load_u64: 'I:I',
    output_set: 'II:',
    error_set: 'I:',
    config_get: 'I:I',
    log_trace: 'I:',
    log_debug: 'I:',
    log_info: 'I:',
    log_warn: 'I:',
    log_error: 'I:',
  }),
  [HOST_MODULE]: since(0, {
    ip_in: 'II:I',
    host_match: 'II:I',
    glob: 'II:I',
    url_parse: 'I:I',
    json_get: 'II:I',
    body_read: 'III:I',
    sha256: 'I:I',
    pseudonym: 'I:I',
    scan: 'I:I',
    log: 'II:',
    counter: 'I:I',
  }),
  [WASI_MODULE]: since(0, {
    args_get: 'ii:i',
    args_sizes_get: 'ii:i',
    environ_get: 'ii:i',
    environ_sizes_get: 'ii:i',
    clock_res_get: 'ii:i',
    clock_time_get: 'iIi:i',
    fd_advise: 'iIIi:i',
    fd_allocate: 'iII:i',
    fd_close: 'i:i',
    fd_datasync: 'i:i',
    fd_fdstat_get: 'ii:i',
    fd_fdstat_set_flags: 'ii:i',
    fd_fdstat_set_rights: 'iII:i',
    fd_filestat_get: 'ii:i',
    fd_filestat_set_size: 'iI:i',
    fd_filestat_set_times: 'iIIi:i',
    fd_pread: 'iiiIi:i',
    fd_prestat_get: 'ii:i',
    fd_prestat_dir_name: 'iii:i',
    fd_pwrite: 'iiiIi:i',
    fd_read: 'iiii:i',
    fd_readdir: 'iiiIi:i',
    fd_renumber: 'ii:i',
    fd_seek: 'iIii:i',
    fd_sync: 'i:i',
    fd_tell: 'ii:i',
    fd_write: 'iiii:i',
    path_create_directory: 'iii:i',
    path_filestat_get: 'iiiii:i',
    path_filestat_set_times: 'iiiiIIi:i',
    path_link: 'iiiiiii:i',
    path_open: 'iiiiiIIii:i',
    path_readlink: 'iiiiii:i',
    path_remove_directory: 'iii:i',
    path_rename: 'iiiiii:i',
    path_symlink: 'iiiii:i',
    path_unlink_file: 'iii:i',
    poll_oneoff: 'iiii:i',
    proc_exit: 'i:',
    proc_raise: 'i:i',
    random_get: 'ii:i',
    sched_yield: ':i',
    sock_accept: 'iii:i',
    sock_recv: 'iiiiii:i',
    sock_send: 'iiiii:i',
    sock_shutdown: 'ii:i',
  }),
};

function since(minor: number, signatures: Readonly<Record<string, string>>): Readonly<Record<string, OfferedImport>> {
  const offered = Object.entries(signatures).map(([name, signature]) => [name, { signature, since: minor }] as const);
  return Object.assign(Object.create(null), Object.fromEntries(offered)) as Readonly<Record<string, OfferedImport>>;
}
