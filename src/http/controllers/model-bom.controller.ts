import { Controller, Get, Param, Res } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { Catalog } from '../../catalog/catalog.js';
import { bomOf } from '../../catalog/trust/sbom/write-bom.js';

/** Bills of materials of the models in the catalog. */
@Controller('v1/catalog/models')
export class ModelBomController {
  constructor(private readonly catalog: Catalog) {}

  @Get(':id/bom')
  read(@Param('id') id: string, @Res() reply: FastifyReply): void {
    const { version, digest, sourceUrl, manifests, sbom } = this.catalog.require(id);
    const bom = bomOf({ id, version, digest, sourceUrl, files: manifests, sbom: sbom?.text });
    void reply
      .code(200)
      .header('content-type', 'application/vnd.cyclonedx+json; charset=utf-8')
      .send(JSON.stringify(bom));
  }
}
