/** An address to listen on. */
export interface BindAddress {
  /** Without the brackets of IPv6. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

export const BIND_RULE = 'must be host:port, such as 127.0.0.1:8080 or [::1]:8080';

/** The written form of an address; the port's range is checked apart. */
export const BIND = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/;

/** Splits `server.bind`; undefined when it is not host:port. */
export function parseBind(bind: string): BindAddress | undefined {
  const [whole, v6, name, digits] = BIND.exec(bind) ?? [];
  const port = Number(digits);
  if (whole === undefined || port > 65_535) return undefined;
  return { host: v6 ?? name ?? '', port };
}

/** Whether only programs of this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
