import { HubSource } from '../../plugins/source-huggingface/src/hub-source.js';
import { hubOptions } from '../../plugins/source-huggingface/src/options.js';
import { FILES, Hub } from '../../plugins/source-huggingface/test/hub.js';
import { SourceDoor } from '../../src/catalog/fetch/source-door.js';
import { RowsInMemory } from '../../src/egress/attack/rows-in-memory.js';
import { classOf } from '../../src/egress/guard/address-class.js';
import { type Egress } from '../../src/egress/egress.js';
import { downloadEgress } from '../support/download-egress.js';

const TOKEN = 'hf_planted_0123456789';
const { signal } = new AbortController();

let hub: Hub;
let egress: Egress;
let audit: RowsInMemory;
beforeEach(async () => {
  hub = await Hub.start();
  hub.token = TOKEN;
  audit = new RowsInMemory();
  egress = downloadEgress({ allow_private: false, ports: [hub.server.port] }, audit);
});
afterEach(async () => {
  await egress.close();
  await hub.server.close();
});

const source = () => new HubSource(hubOptions.parse({ endpoint: hub.server.url }), TOKEN);

async function fetched(): Promise<Buffer> {
  const door = new SourceDoor(egress, source(), { ref: 'hf:team/pond' });
  const { files } = await source().resolve('hf:team/pond', door.fetchFor(signal));
  const { place } = files.find(({ path }) => path === 'model.gguf')!;
  if (place.type !== 'remote') throw new Error('it is local');
  const { body } = await door.stream(await place.ask(door.fetchFor(signal)), [], 1_000, signal);
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('the token of a hub', () => {
  it('reaches the hub that the operator named, private as it is, and stands in no row of the audit (ORCH-3206)', async () => {
    expect(classOf('127.0.0.1')).toBe('loopback');
    expect(await fetched()).toEqual(FILES['model.gguf']);
    expect(hub.server.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(audit.entries.length).toBeGreaterThan(3);
    expect(JSON.stringify([audit.entries, audit.records])).not.toContain(TOKEN);
  });

  it('does not follow the bytes to another host (ORCH-3206)', async () => {
    await egress.close();
    egress = downloadEgress({ allow_hosts: ['localhost'], ports: [hub.server.port] }, audit);
    // By its name the same machine is another origin; redirects keep the port.
    hub.server.route('/team/pond/resolve/', ({ url = '' }, response) => {
      const path = url.split('/').slice(5).join('/');
      response.writeHead(302, { location: `http://localhost:${hub.server.port}/cdn/${path}` }).end();
    });
    expect(await fetched()).toEqual(FILES['model.gguf']);
    const [cdn] = hub.server.requestsFor('/cdn/model.gguf');
    expect(cdn?.headers.host).toBe(`localhost:${hub.server.port}`);
    expect(cdn?.headers.authorization).toBeUndefined();
  });

  it('is sent nowhere when the hub leads into the private network (ORCH-3206)', async () => {
    hub.server.route('/team/pond/resolve/', (_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.2:${hub.server.port}/cdn/model.gguf` }).end();
    });
    await expect(fetched()).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    expect(hub.server.requestsFor('/cdn/model.gguf')).toEqual([]);
  });
});
