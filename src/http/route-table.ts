import { type Scope } from '../config/index.js';
import { type OpenApiDocument } from './contract.js';

/** What the contract says of one route. */
export interface RouteRule {
  readonly method: string;
  /** In the form of the router: `/v1/tasks/:id`. */
  readonly path: string;
  readonly scope: Scope | undefined;
  /** Anybody may call, with or without a key. */
  readonly open: boolean;
  /** Each call counts against the rate of its key. */
  readonly rateLimited: boolean;
}

/** Access rules by route, taken from the contract: a route that it does not list is served to nobody. */
export class RouteTable {
  private readonly rules = new Map<string, RouteRule>();
  private readonly patterns: readonly { readonly pattern: RegExp; readonly rule: RouteRule }[];

  constructor(documents: readonly OpenApiDocument[]) {
    for (const rule of documents.flatMap(rulesOf)) this.rules.set(`${rule.method} ${rule.path}`, rule);
    this.patterns = [...this.rules.values()].map((rule) => ({ pattern: patternOf(rule.path), rule }));
  }

  rule(method: string, path: string): RouteRule | undefined {
    return this.rules.get(`${method} ${path}`);
  }

  /** Methods that a concrete path allows; empty for an unknown path. */
  methodsOf(path: string): string[] {
    return this.patterns.filter(({ pattern }) => pattern.test(path)).map(({ rule }) => rule.method);
  }
}

function rulesOf(document: OpenApiDocument): RouteRule[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{(\w+)\}/g, ':$1'),
      scope: operation['x-scope'] as Scope | undefined,
      open: operation['x-scope'] === undefined,
      rateLimited: operation['x-rate-limited'] === true,
    })),
  );
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`);
}
