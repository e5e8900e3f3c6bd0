import { createHash } from 'node:crypto';
import { ModelServer } from '../../../test/support/model-server.js';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';
export const FILES: Readonly<Record<string, Buffer>> = {
  'model.gguf': Buffer.from('weights of a model'),
  'sub/big-00001-of-00002.gguf': Buffer.from('first part'),
  'sub/big-00002-of-00002.gguf': Buffer.from('second part'),
};

/** A hub with one repository, `team/pond`, that redirects to another path for the bytes, as the real one does. */
export class Hub {
  /** The token that is asked for; undefined: none. */
  token: string | undefined;

  private constructor(readonly server: ModelServer) {}

  static async start(): Promise<Hub> {
    const server = await ModelServer.start();
    const hub = new Hub(server);
    for (const [path, bytes] of Object.entries(FILES)) server.file(`/cdn/${path}`, bytes);
    server.route('/api/models/', ({ url = '', headers }, response) => {
      const { pathname } = new URL(url, server.url);
      if (hub.token !== undefined && headers.authorization !== `Bearer ${hub.token}`)
        return void response.writeHead(401).end();
      if (!/^\/api\/models\/team\/pond\/revision\/(?:main|v1|[0-9a-f]{40})$/.test(pathname))
        return void response.writeHead(404).end();
      response.end(JSON.stringify({ sha: COMMIT, siblings: Object.entries(FILES).map(sibling) }));
    });
    server.route(`/team/pond/resolve/${COMMIT}/`, ({ url = '' }, response) => {
      response.writeHead(302, { location: `/cdn/${url.split('/').slice(5).join('/')}` }).end();
    });
    return hub;
  }
}

function sibling([rfilename, bytes]: readonly [string, Buffer]) {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { rfilename, size: bytes.length, blobId: 'x', lfs: { sha256, size: bytes.length, pointerSize: 130 } };
}
