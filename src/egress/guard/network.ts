import { type EgressParts } from '../egress-parts.js';

/** Where names lead, what kind addresses are, who opens sockets, and who judges. Without one it is the real network. */
export class Network {
  constructor(
    readonly resolver: EgressParts['resolver'],
    readonly classify: EgressParts['classify'],
    readonly openSocket: NonNullable<EgressParts['openSocket']>,
    /** Instead of the configured ones. */
    readonly policies?: EgressParts['policies'],
  ) {}
}
