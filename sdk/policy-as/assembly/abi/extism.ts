// The part of the Extism plug-in convention that policies use. Addresses name blocks of the host, outside of this memory.

@external('extism:host/env', 'input_length')
export declare function input_length(): i64;

@external('extism:host/env', 'input_load_u8')
export declare function input_load_u8(offset: i64): i32;

@external('extism:host/env', 'input_load_u64')
export declare function input_load_u64(offset: i64): i64;

@external('extism:host/env', 'alloc')
export declare function alloc(bytes: i64): i64;

@external('extism:host/env', 'length')
export declare function length(block: i64): i64;

@external('extism:host/env', 'load_u8')
export declare function load_u8(address: i64): i32;

@external('extism:host/env', 'load_u64')
export declare function load_u64(address: i64): i64;

@external('extism:host/env', 'store_u8')
export declare function store_u8(address: i64, value: i32): void;

@external('extism:host/env', 'store_u64')
export declare function store_u64(address: i64, value: i64): void;

@external('extism:host/env', 'output_set')
export declare function output_set(block: i64, bytes: i64): void;

@external('extism:host/env', 'error_set')
export declare function error_set(block: i64): void;
