import { type CatalogModel, type CatalogModelList } from '@llama-orch/client';
import { type Answer, type Call, type TestApp } from './start-app.js';

/** Where the catalog is. */
export const MODELS = '/v1/catalog/models';

export const modelPath = (id: string, action = ''): string => `${MODELS}/${encodeURIComponent(id)}${action}`;

export function addModel(app: TestApp, body: object, more: Call = {}): Promise<Answer<CatalogModel>> {
  return app.call<CatalogModel>(MODELS, { method: 'POST', body, ...more });
}

export async function modelOf(app: TestApp, id: string): Promise<CatalogModel> {
  return (await app.call<CatalogModel>(modelPath(id))).body;
}

export function setModelState(app: TestApp, id: string, body: unknown): Promise<Answer> {
  return app.call(modelPath(id, '/state'), { method: 'POST', body });
}

export async function modelIds(app: TestApp): Promise<string[]> {
  return (await app.call<CatalogModelList>(MODELS)).body.items.map(({ id }) => id);
}
