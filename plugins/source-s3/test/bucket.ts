import { createHash } from 'node:crypto';
import { ModelServer } from '../../../test/support/model-server.js';

export const BYTES = Buffer.from('weights in a bucket');
export const VERSION = '3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY';

/** A bucket `models` with one object, `team/a.gguf`, in path style. */
export class Bucket {
  /** Access key that is asked for; undefined: none. */
  accessKey: string | undefined;

  private constructor(readonly server: ModelServer) {}

  static async start(): Promise<Bucket> {
    const server = await ModelServer.start();
    const bucket = new Bucket(server);
    server.route('/', ({ method, url = '', headers }, response) => {
      const { pathname } = new URL(url, server.url);
      const credential = /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1];
      if (bucket.accessKey !== undefined && credential !== bucket.accessKey) return void response.writeHead(403).end();
      if (pathname !== '/models/team/a.gguf') return void response.writeHead(404).end();
      const about = {
        'x-amz-version-id': VERSION,
        'x-amz-checksum-sha256': createHash('sha256').update(BYTES).digest('base64'),
      };
      const [, first, last] = /^bytes=(\d+)-(\d+)?$/.exec(headers.range ?? '') ?? [];
      if (first === undefined)
        return void response
          .writeHead(200, { ...about, 'content-length': BYTES.length })
          .end(method === 'HEAD' ? '' : BYTES);
      const part = BYTES.subarray(Number(first), Number(last ?? BYTES.length - 1) + 1);
      response
        .writeHead(206, {
          ...about,
          'content-range': `bytes ${first}-${Number(first) + part.length - 1}/${BYTES.length}`,
        })
        .end(part);
    });
    return bucket;
  }
}
