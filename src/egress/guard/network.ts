import { type EgressParts } from '../egress-parts.js';

/** Where names lead, what kind addresses are, and who opens sockets. Without one it is the real network. */
export class Network {
  constructor(
    readonly resolver: EgressParts['resolver'],
    readonly classify: EgressParts['classify'],
    readonly openSocket: NonNullable<EgressParts['openSocket']>,
  ) {}
}
