export { buildPolicy, type BuildOptions, type BuiltPolicy } from './build-policy.js';
export { PolicyBuildError } from './build-error.js';
export { buildPackage, withManifest } from './languages/build-package.js';
export { type PolicyPackage, readPolicyPackage } from './languages/policy-package.js';
export { type CTools, cTools } from './languages/c.js';
