import { createHash } from 'node:crypto';
import { ModelServer } from '../../../test/support/model-server.js';

export const WEIGHTS = Buffer.from('weights in a registry');
const TEMPLATE = Buffer.from('{{ .Prompt }}');
export const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export function manifestOf(layers: readonly object[]): Buffer {
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', layers }),
  );
}

export const MANIFEST = manifestOf([
  { mediaType: 'application/vnd.ollama.image.model', digest: digestOf(WEIGHTS), size: WEIGHTS.length },
  { mediaType: 'application/vnd.ollama.image.template', digest: digestOf(TEMPLATE), size: TEMPLATE.length },
]);

/** A registry with one model, `team/pond:v1`, whose blobs are elsewhere. */
export class Registry {
  /** `challenge`: tokens for everybody. `password`: for those who have one. */
  lock: 'open' | 'challenge' | 'password' = 'open';
  /** Each call, with what was shown. */
  readonly shown: (readonly [path: string, authorization: string | undefined])[] = [];

  private constructor(readonly server: ModelServer) {}

  get host(): string {
    return `127.0.0.1:${this.server.port}`;
  }

  static async start(manifests: Readonly<Record<string, Buffer>> = { v1: MANIFEST }): Promise<Registry> {
    const server = await ModelServer.start();
    const registry = new Registry(server);
    server.file(`/elsewhere/${digestOf(WEIGHTS)}`, WEIGHTS);
    server.route('/token', ({ url = '', headers }, response) => {
      registry.shown.push([url, headers.authorization]);
      const mayEnter = registry.lock === 'challenge' || headers.authorization === `Basic ${btoa('user:word')}`;
      response.writeHead(mayEnter ? 200 : 401).end(JSON.stringify({ token: 'token-1', expires_in: 300 }));
    });
    server.route('/v2/', ({ url = '', headers }, response) => {
      registry.shown.push([url, headers.authorization]);
      if (registry.lock !== 'open' && headers.authorization !== 'Bearer token-1') {
        const challenge = `Bearer realm="${server.url}/token",service="pond",scope="x"`;
        return void response.writeHead(401, { 'www-authenticate': challenge }).end();
      }
      const [, kind, reference = ''] = /^\/v2\/team\/pond\/(manifests|blobs)\/(.+)$/.exec(url) ?? [];
      if (kind === 'blobs') return void response.writeHead(307, { location: `/elsewhere/${reference}` }).end();
      const all = Object.entries(manifests).flatMap(
        ([tag, body]) =>
          [
            [tag, body],
            [digestOf(body), body],
          ] as const,
      );
      const found = kind === 'manifests' ? all.find(([name]) => name === reference)?.[1] : undefined;
      if (found === undefined) return void response.writeHead(404).end();
      response.end(found);
    });
    return registry;
  }
}
