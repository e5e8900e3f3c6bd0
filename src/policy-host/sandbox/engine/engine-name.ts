/** What policies can run in. */
export const ENGINES = ['extism', 'plain'] as const;
export type EngineName = (typeof ENGINES)[number];
export const DEFAULT_ENGINE: EngineName = 'extism';
