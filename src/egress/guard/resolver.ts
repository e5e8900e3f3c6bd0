/** Turns names into addresses. A port: tests have names of their own. */
export abstract class Resolver {
  /**
   * All A and AAAA answers, IPv4 first. A family without records is no failure.
   * @throws Error when there is no address, or a server gave no clear answer
   */
  abstract resolve(host: string, signal: AbortSignal): Promise<readonly string[]>;
}
