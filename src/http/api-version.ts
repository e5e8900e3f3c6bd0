/** Version of the contract that is served: `info.version` of its documents. */
export class ApiVersion {
  constructor(readonly text: string) {}
}
