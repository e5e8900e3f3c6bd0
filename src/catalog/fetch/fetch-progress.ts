import { type ModelFetch } from '@llama-orch/client';

/** Where a fetch is, as the contract has it. Counts never run backwards. */
export type FetchProgress = ModelFetch;

/** `waiting`: for its turn. `checking`: the bytes are there and are compared. */
export type FetchState = FetchProgress['state'];
